"""The customers export of Stripe: one row a customer."""

from __future__ import annotations

from regulars.importers.declaration import Draft, Field, Format, Kind, Rows
from regulars.importers.formats.orders import identity_drafts

FIELDS = (
    Field("customer_id", Kind.ID, "the customer", ("id",), needs_value=True, preferred=True),
    Field(
        "created",
        Kind.INSTANT,
        "since when there is a record",
        ("created_utc", "created_date_utc"),
        needs_value=True,
        in_utc=True,
        preferred=True,
    ),
    Field("email", Kind.EMAIL, "e-mail address", ("customer_email",)),
    Field("phone", Kind.PHONE, "phone number"),
    Field("name", Kind.TEXT, "full name", ("customer_name",)),
    Field("country", Kind.TEXT, "country", ("address_country", "card_address_country", "shipping_address_country"), preferred=True),
    Field("traits", Kind.TEXT, "all other columns"),
)


def shape(rows: Rows) -> list[Draft]:
    columns = {name: rows[name] for name in ("email", "phone", "name", "country", "traits")}
    at = rows["created"]
    return [
        Draft("customers", rows, "customer", at, columns, rows["customer_id"]),
        *identity_drafts(rows, at, "customer_id", "email"),
    ]


STRIPE_CUSTOMERS = Format(
    name="stripe_customers",
    title="a Stripe customers export",
    fields=FIELDS,
    needs=(("customer_id",), ("created",), ("email",)),
    marks=("created",),
    anchor="customers",
    tables=("customers",),
    shape=shape,
    thing=lambda rows: rows["customer_id"],
    unlisted_to="traits",
    rank=3,
)
