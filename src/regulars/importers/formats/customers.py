"""A list of customers or leads: an id or an e-mail address, and whatever is known."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Format, Kind, Rows
from regulars.importers.formats.orders import ACCOUNT_ID, CUSTOMER_ID, EMAIL, PHONE, identity_drafts, joined_name
from regulars.importers.instants import INSTANT

BEGINNING = pa.scalar(datetime(1971, 1, 1), INSTANT)  # noqa: DTZ001
"""From when on something counts that does not say since when."""

FIELDS = (
    CUSTOMER_ID,
    EMAIL,
    PHONE,
    Field("name", Kind.TEXT, "full name", ("customer_name", "full_name")),
    Field("first_name", Kind.TEXT, "first name", ("given_name", "vorname")),
    Field("last_name", Kind.TEXT, "last name", ("family_name", "surname", "nachname")),
    ACCOUNT_ID,
    Field("since", Kind.INSTANT, "when the person was first known",
          ("signup_date", "signed_up_at", "created_at", "created", "registered_at", "registration_date", "joined_at", "join_date", "customer_since", "dt_customer"),
          preferred=True),
    Field("country", Kind.TEXT, "country", ("country_code", "land", "default_address_country_code"), preferred=True),
    Field("acquisition_channel", Kind.TEXT, "channel that brought the person",
          ("channel", "source", "referral_source", "utm_source", "lead_source"), preferred=True),
    Field("acquisition_campaign", Kind.TEXT, "campaign that brought the person", ("campaign", "utm_campaign"), preferred=True),
    Field("stage", Kind.TEXT, "lead or customer", ("lifecycle_stage", "lifecyclestage")),
    Field("traits", Kind.TEXT, "all other columns"),
)  # fmt: skip


def shape(rows: Rows) -> list[Draft]:
    person = rows.person("customer_id", "email", "phone")
    at = pc.fill_null(rows["since"], BEGINNING)
    columns = {
        "email": rows["email"],
        "phone": rows["phone"],
        "name": pc.coalesce(rows["name"], joined_name(rows["first_name"], rows["last_name"])),
        "country": rows["country"],
        "acquisition_channel": rows["acquisition_channel"],
        "acquisition_campaign": rows["acquisition_campaign"],
        "stage": rows["stage"],
        "traits": rows["traits"],
    }
    return [
        Draft("customers", rows, "customer", at, columns, person, rows["account_id"]),
        *identity_drafts(rows, at, "customer_id", "email", "phone"),
    ]


def _nobody(rows: Rows) -> list[tuple[pa.Array, str, str]]:
    return [(pc.is_null(rows.person("customer_id", "email", "phone")), "missing_value", "there is no id, e-mail address or phone number")]


CUSTOMERS = Format(
    name="customers",
    title="a list of customers",
    fields=FIELDS,
    needs=(("customer_id", "email", "phone"), ("since", "name", "first_name", "country", "acquisition_channel", "stage")),
    anchor="customers",
    tables=("customers",),
    shape=shape,
    thing=lambda rows: rows.person("customer_id", "email", "phone"),
    refuse=_nobody,
    unlisted_to="traits",
    rank=-5,
    notes=lambda bound: [] if "since" in bound else ["the list does not say since when: what it says counts from the beginning"],
)
