"""Every trace of one person in the tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from regulars.tables import TABLES, Erase
from regulars.warehouse.erasure.hashes import phone_digits
from regulars.warehouse.identity_map import customer_of, map_rows
from regulars.warehouse.rewriting import stored_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from regulars.warehouse.store import Store

_MOST_SHARING = 10
"""An e-mail address that more identities share is a placeholder of the shop, not a trace of one person."""
_OWN_COLUMNS = {"row_key", "row_hash", "identity_id", "customer_id", "superseded_key"}

RowName = tuple[str, str, str]
"""A row within its table: source, row_key, load_id."""


@dataclass(kw_only=True)
class Person:
    """One person's ids, addresses, and the rows that are theirs."""

    ids: set[str] = field(default_factory=set)
    """Identities and customer ids."""
    emails: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    linked: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """By id column (`order_id`, `ticket_id`, ...): the (source, id) pairs of their rows."""
    rows: dict[str, set[RowName]] = field(default_factory=dict)
    """By table: the rows that are theirs."""
    instants: set[Any] = field(default_factory=set)
    """All instants in columns that erasure cuts to the day."""

    @property
    def traces(self) -> set[str]:
        """What an import could bring back."""
        return self.ids | self.emails | self.phones

    @cached_property
    def mention(self) -> str | None:
        """A pattern (RE2, any case) for the person in running text: addresses, full names, and ids that cannot be mere numbers."""
        words = {w.strip() for w in self.traces if _is_distinctive(w)} | {n.strip() for n in self.names if " " in n.strip()}
        addresses = {word for word in words if "@" in word}
        patterns = []
        if addresses:
            # anna@x.org is not in mary.anna@x.org, nor in anna@x.org.au: those are other people's.
            patterns.append(rf"((?:^|[^0-9a-z._%+-])[._%+-]*)({_any_of(addresses)})($|[^0-9a-z.-]|[.-](?:$|[^0-9a-z]))")
        if words - addresses:
            patterns.append(rf"(^|[^0-9a-z])({_any_of(words - addresses)})($|[^0-9a-z])")
        return "(?i)" + "|".join(patterns) if patterns else None

    @cached_property
    def exact(self) -> set[str]:
        """Values that mean this person where one stands alone in a field, lower case."""
        linked = {identifier for pairs in self.linked.values() for _, identifier in pairs}
        return {value.strip().lower() for value in self.traces | self.names | linked}

    def is_mentioned(self, text: str) -> bool:
        """Whether a text is about this person."""
        return text.strip().lower() in self.exact or self.mentions(text)

    def mentions(self, text: str) -> bool:
        """Whether a text names this person in passing."""
        return self.mention is not None and re.search(self.mention, text) is not None

    def without_mention(self, text: str) -> str:
        """The text with every mention in passing taken out."""
        if self.mention is None:
            return text
        return re.sub(
            self.mention,
            lambda found: "".join(g if at % 3 != 1 else "[erased]" for at, g in enumerate(found.groups()) if g is not None),
            text,
        )

    def without_things(self, text: str) -> str:
        """A text of theirs without the ids of their orders, cases and so on. A field that is such an id as a whole, a plan's name say, stays."""
        if self._things is None or self._things.fullmatch(text.strip()):
            return text
        return self._things.sub("[erased]", text)

    @cached_property
    def _things(self) -> re.Pattern[str] | None:
        words = {identifier for pairs in self.linked.values() for _, identifier in pairs if _is_distinctive(identifier)}
        return re.compile(f"(?<![0-9a-z])(?:{_any_of(words)})(?![0-9a-z])", re.IGNORECASE) if words else None


def find_person(store: Store, given: str) -> Person:
    """The person whom an id, e-mail address or phone number belongs to; without rows where there is no trace.

    Identities that the map unites are one person, and so are those that share an e-mail address; a shared phone may be a household's
    and unites nobody, unless it is what was given.
    """
    person = Person(ids={given.strip(), given.strip().lower()})
    known = customer_of(map_rows(_read(store, "identities", ["identity_id", "customer_id", "occurred_at", "row_key"])))
    contacts = _read(store, "customers", ["identity_id", "email", "phone", "name"]).filter(pc.field("identity_id").is_valid())
    _add_given_contact(person, contacts, given)
    size = -1
    while size != len(person.traces):
        size = len(person.traces)
        _add_united(person, known)
        _add_contacts(person, contacts)
    _collect_rows(person, store)
    return person


def own_mask(person: Person, table: str, rows: pa.Table) -> pa.ChunkedArray:
    """Which rows are the person's: by identity, by the map, or, without an identity, by an order or other thing of theirs."""
    ids = pa.array(sorted(person.ids), pa.string())
    mask = pc.is_in(rows["identity_id"], ids)
    if table == "identities":
        mask = pc.or_(mask, pc.is_in(rows["customer_id"], ids))
    if table == "supersessions":
        return pc.or_(mask, superseded_mask(person, rows))
    for column in _id_columns(table):
        pairs = person.linked.get(column)
        if pairs:
            orphan = pc.and_(pc.is_null(rows["identity_id"]), _in_pairs(rows, ("source", column), pairs))
            mask = pc.or_(mask, orphan)
    return mask


def superseded_mask(person: Person, rows: pa.Table) -> pa.ChunkedArray:
    """Which supersessions name a row of the person."""
    names = {(table, *row) for table, found in person.rows.items() for row in found}
    return _in_pairs(rows, ("table_name", "superseded_source", "superseded_key", "superseded_load_id"), names, narrow_by=2)


def _add_given_contact(person: Person, contacts: pa.Table, given: str) -> None:
    wanted, digits = given.strip().lower(), phone_digits(given)
    for row in contacts.select(["identity_id", "email", "phone"]).to_pylist():
        if (row["email"] or "").strip().lower() == wanted or (digits and row["phone"] and phone_digits(row["phone"]) == digits):
            person.ids.add(row["identity_id"])


def _add_united(person: Person, known: dict[str, str]) -> None:
    customers = {known.get(identity, identity) for identity in person.ids}
    person.ids |= customers | {identity for identity, customer in known.items() if customer in customers}


def _add_contacts(person: Person, contacts: pa.Table) -> None:
    own = contacts.filter(pc.is_in(contacts["identity_id"], pa.array(sorted(person.ids), pa.string())))
    person.names |= {name for name in own["name"].to_pylist() if name}
    person.phones |= {phone for phone in own["phone"].to_pylist() if phone}
    for email in {email for email in own["email"].to_pylist() if email} - person.emails:
        sharing = contacts.filter(pc.equal(contacts["email"], email))["identity_id"].unique().to_pylist()
        if len(sharing) <= _MOST_SHARING:
            person.emails.add(email)
            person.ids |= {*sharing, email}
    person.ids |= {phone for phone in person.phones if phone_digits(phone)}


def _collect_rows(person: Person, store: Store) -> None:
    """First what carries an identity, then what hangs on it by an id alone."""
    for table in store.tables():
        for rows in _stored(store, table, _columns_to_trace(table)):
            _collect(person, table, rows.filter(own_mask(person, table, rows)))
    for table in store.tables():
        if _id_columns(table):
            for rows in _stored(store, table, _columns_to_trace(table)):
                _collect(person, table, rows.filter(own_mask(person, table, rows)))
    for rows in _stored(store, "supersessions", _columns_to_trace("supersessions")):
        _collect(person, "supersessions", rows.filter(own_mask(person, "supersessions", rows)))


def _collect(person: Person, table: str, own: pa.Table) -> None:
    if not own.num_rows:
        return
    columns = [own[name].to_pylist() for name in ("source", "row_key", "load_id")]
    person.rows.setdefault(table, set()).update(zip(*columns, strict=True))
    for column in _id_columns(table):
        pairs = zip(own["source"].to_pylist(), own[column].to_pylist(), strict=True)
        person.linked.setdefault(column, set()).update((source, value) for source, value in pairs if value is not None)
    for cut in TABLES[table].columns:
        if cut.erase is Erase.DAY:
            person.instants.update(own[cut.name].drop_null().to_pylist())


def _columns_to_trace(table: str) -> list[str]:
    names = ["source", "row_key", "load_id", "identity_id", *_id_columns(table)]
    names += {
        "identities": ["customer_id"],
        "supersessions": ["table_name", "superseded_source", "superseded_key", "superseded_load_id"],
    }.get(table, [])
    return [*names, *(c.name for c in TABLES[table].columns if c.erase is Erase.DAY)]


def _id_columns(table: str) -> list[str]:
    return [c.name for c in TABLES[table].columns if c.erase is Erase.FRESH and c.name not in _OWN_COLUMNS]


def _in_pairs(rows: pa.Table, columns: Sequence[str], wanted: Iterable[tuple[str, ...]], *, narrow_by: int = -1) -> pa.ChunkedArray:
    """Which rows have one of the wanted tuples in `columns`; the column `narrow_by` rules most rows out at once."""
    wanted = set(wanted)
    likely = pc.is_in(rows[columns[narrow_by]], pa.array(sorted({values[narrow_by] for values in wanted}), pa.string())).to_pylist()
    values = [rows[name] for name in columns]
    found = [hit and tuple(column[at].as_py() for column in values) in wanted for at, hit in enumerate(likely)]
    return pa.chunked_array([pa.array(found, pa.bool_())])


def _stored(store: Store, table: str, columns: list[str]) -> Iterator[pa.Table]:
    state = store.state(table)
    for name in state.rows_by_file if state else ():
        yield from stored_rows(store.path(table) / name, columns)


def _read(store: Store, table: str, columns: list[str]) -> pa.Table:
    schema = pa.schema([TABLES[table].arrow_schema.field(name) for name in columns])
    return pa.concat_tables([schema.empty_table(), *(rows.cast(schema) for rows in _stored(store, table, columns))])


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _is_distinctive(word: str) -> bool:
    word = word.strip()
    return len(word) >= 5 and (not word.isdigit() or len(word) >= 9)
