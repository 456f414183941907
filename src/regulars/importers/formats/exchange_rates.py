"""Exchange rates: one row the rate of a currency on a day."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import ZERO, Draft, Field, Format, Kind, Rows
from regulars.importers.instants import INSTANT

FIELDS = (
    Field("on_date", Kind.DATE, "the day", ("date", "day", "rate_date"), needs_value=True, preferred=True),
    Field("from_currency", Kind.CURRENCY, "the currency", ("currency", "base", "base_currency", "from"), needs_value=True, preferred=True),
    Field(
        "to_currency",
        Kind.CURRENCY,
        "the currency it is worth",
        ("quote", "quote_currency", "target", "target_currency", "to"),
        needs_value=True,
        preferred=True,
    ),
    Field(
        "rate", Kind.NUMBER, "one unit of the currency in the other", ("exchange_rate", "value", "kurs"), needs_value=True, preferred=True
    ),
)


def shape(rows: Rows) -> list[Draft]:
    columns = {
        "on_date": rows["on_date"],
        "currency": rows["from_currency"],
        "to_currency": rows["to_currency"],
        "rate": rows.real("rate"),
    }
    return [Draft("exchange_rates", rows, "rate", rows["on_date"].cast(INSTANT), columns)]


def _thing(rows: Rows) -> pa.Array:
    return pc.binary_join_element_wise(rows["from_currency"], rows["to_currency"], pc.strftime(rows["on_date"], format="%Y-%m-%d"), "/")


def _impossible(rows: Rows) -> list[tuple[pa.Array, str, str]]:
    return [(pc.less_equal(rows["rate"], ZERO), "bad_number", "a rate is above zero")]


EXCHANGE_RATES = Format(
    name="exchange_rates",
    title="exchange rates",
    fields=FIELDS,
    needs=(("on_date",), ("from_currency",), ("to_currency",), ("rate",)),
    anchor="exchange_rates",
    tables=("exchange_rates",),
    shape=shape,
    thing=_thing,
    refuse=_impossible,
    rank=6,
)
