"""What the order formats share: fields that mean the same everywhere, and drafts for the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Kind, Rows, product

if TYPE_CHECKING:
    from collections.abc import Mapping

CUSTOMER_ID = Field(
    "customer_id",
    Kind.ID,
    "the customer's id",
    (
        "customer",
        "cust_id",
        "customer_no",
        "customer_number",
        "customer_#",
        "client_id",
        "user_id",
        "buyer_id",
        "member_id",
        "contact_id",
        "shopper_id",
        "kundennummer",
    ),
)
EMAIL = Field("email", Kind.EMAIL, "the customer's e-mail address", ("e_mail", "customer_email", "email_address", "mail", "user_email"))
PHONE = Field("phone", Kind.PHONE, "the customer's phone number", ("customer_phone", "phone_number", "telephone", "mobile"))
NAME = Field("name", Kind.TEXT, "the customer's full name", ("customer_name", "full_name"))
ACCOUNT_ID = Field("account_id", Kind.ID, "the company's id", ("company_id", "organization_id", "organisation_id", "workspace_id"))
CURRENCY = Field("currency", Kind.CURRENCY, "ISO code of the currency", ("currency_code", "order_currency", "waehrung"))


def customer_draft(rows: Rows, identity: pa.Array, occurred_at: pa.Array, **columns: object) -> list[Draft]:
    """What the rows say about people besides their id; nothing where they say nothing."""
    known = [values for values in columns.values() if isinstance(values, pa.Array) and values.null_count < len(values)]
    if not known or not len(rows):
        return []
    says_something = pc.is_valid(pc.coalesce(*[values.cast(pa.string()) for values in known]))
    mask = pc.and_(pc.is_valid(identity), says_something)
    kept = {name: values.filter(mask) if isinstance(values, pa.Array) else values for name, values in columns.items()}
    return [Draft("customers", rows.where(mask), "customer", occurred_at.filter(mask), kept, identity.filter(mask))]


def identity_drafts(rows: Rows, occurred_at: pa.Array, *traces: str) -> list[Draft]:
    """Pairs of traces that stand in one row: the narrower belongs to the wider. `traces` go from widest to narrowest."""
    drafts = []
    for place, narrow in enumerate(traces):
        wider = [name for name in traces[:place] if rows.has(name)]
        if not wider or not rows.has(narrow):
            continue
        owner = pc.coalesce(*[rows[name] for name in wider])
        mask = pc.fill_null(pc.and_(pc.and_(pc.is_valid(owner), pc.is_valid(rows[narrow])), pc.not_equal(owner, rows[narrow])), False)
        if pc.any(mask).as_py():
            kept = {"customer_id": owner.filter(mask), "rule": "import", "evidence": f"{narrow} in the same row"}
            drafts.append(Draft("identities", rows.where(mask), narrow, occurred_at.filter(mask), kept, rows[narrow].filter(mask)))
    return drafts


def joined_name(first: pa.Array, last: pa.Array) -> pa.Array:
    """First and last name as one; null where there is neither."""
    # Not null_handling="skip": pyarrow 26 then leaves rows out where all parts are null.
    both = pc.utf8_trim_whitespace(pc.binary_join_element_wise(pc.fill_null(first, ""), pc.fill_null(last, ""), " "))
    return pc.if_else(pc.equal(both, ""), pa.scalar(None, pa.string()), both)


def line_amounts(rows: Rows, amount: str, price: str, quantity: str) -> pa.Array:
    """The amount of each line: its own column, or price times quantity."""
    if rows.has(amount):
        return rows[amount]
    return product(rows[price], rows[quantity])


def kind_of(words: pa.Array, by_sign: pa.Array, meanings: Mapping[str, str]) -> pa.Array:
    """The kind of each row: from its word where there is one that is known, else from the amount's sign."""
    spoken = pc.utf8_lower(pc.utf8_trim_whitespace(words))
    known = pc.index_in(spoken, value_set=pa.array(list(meanings)))
    told = pc.take(pa.array(list(meanings.values()), pa.string()), known)
    return pc.coalesce(told, by_sign)
