"""A list of companies that are customers."""

from __future__ import annotations

import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Format, Kind, Rows
from regulars.importers.formats.customers import BEGINNING
from regulars.importers.formats.orders import customer_draft

FIELDS = (
    Field("account_id", Kind.ID, "the company's id", ("company_id", "organization_id", "organisation_id"), needs_value=True),
    Field("account_name", Kind.TEXT, "the company's name", ("name", "company", "company_name", "organization_name")),
    Field("since", Kind.INSTANT, "since when it is known",
          ("signup_date", "signed_up_at", "created_at", "customer_since", "start_date"), preferred=True),
    Field("country", Kind.TEXT, "country", ("country_code",)),
    Field("industry", Kind.TEXT, "industry", ("sector", "vertical")),
    Field("plan", Kind.TEXT, "plan", ("plan_tier", "plan_name", "tier"), preferred=True),
    Field("seats", Kind.INTEGER, "seats it pays for", ("licenses", "users")),
    Field("owner", Kind.TEXT, "its success manager", ("account_owner", "csm", "account_manager")),
    Field("acquisition_channel", Kind.TEXT, "channel that brought it", ("referral_source", "channel", "source", "lead_source"), preferred=True),
    Field("members", Kind.TEXT, "identity ids of its members, as a JSON array"),
    Field("traits", Kind.TEXT, "all other columns"),
)  # fmt: skip


def shape(rows: Rows) -> list[Draft]:
    account = rows["account_id"]
    at = pc.fill_null(rows["since"], BEGINNING)
    columns = {"name": rows["account_name"]}
    columns |= {name: rows[name] for name in ("country", "industry", "plan", "seats", "owner", "acquisition_channel", "members", "traits")}
    # Where nobody's name is known, the company is the narrowest identity, and what is known of it holds for it as a customer.
    return [
        Draft("accounts", rows, "account", at, columns, account, account),
        *customer_draft(
            rows, account, at, name=rows["account_name"], country=rows["country"], acquisition_channel=rows["acquisition_channel"]
        ),
    ]


ACCOUNTS = Format(
    name="accounts",
    title="a list of companies",
    fields=FIELDS,
    needs=(("account_id",), ("account_name", "industry", "since"), ("account_name", "industry", "country", "owner")),
    marks=("account_name", "industry", "owner", "members"),
    anchor="accounts",
    tables=("accounts",),
    shape=shape,
    thing=lambda rows: rows["account_id"],
    unlisted_to="traits",
    notes=lambda bound: [] if "since" in bound else ["the list does not say since when: what it says counts from the beginning"],
)
