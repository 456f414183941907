"""What calls say about people and accounts: traits (the newest holds), accounts, and who belongs to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from regulars_server.profiles.bulk import later, rows_among, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from regulars_server.profiles.contracts import Observation

_LONGEST_NAME = 200
_LARGEST_VALUE = 32_768
_NAMES = frozenset({"name", "first_name", "last_name", "firstName", "lastName", "full_name", "fullName"})
_Newest = dict[tuple[str, str], tuple[int, str, Any, str]]


def write_sayings(observations: Sequence[Observation], identities: Sequence[str | None]) -> frozenset[str]:
    """Write traits and memberships. A trait stays with the identity that it was said of, and follows it when people are joined and parted.

    Gives the accounts of group calls that have a member they had not before.
    """
    traits: _Newest = {}
    account_traits: _Newest = {}
    members: dict[tuple[str, str], tuple[int, int]] = {}
    grouped: set[tuple[str, str]] = set()
    accounts: dict[str, int] = {}
    for one, identity in zip(observations, identities, strict=True):
        if one.traits and identity is not None:
            _newest(traits, identity, one.traits, one)
        if one.account_id is not None and "\0" not in one.account_id:
            at = one.occurred_at
            accounts[one.account_id] = min(at, accounts.get(one.account_id, at))
            if identity is not None:
                first, last = members.get((identity, one.account_id), (at, at))
                members[identity, one.account_id] = min(first, at), max(last, at)
                if one.kind == "group":
                    grouped.add((identity, one.account_id))
            if one.account_traits:
                _newest(account_traits, one.account_id, one.account_traits, one)
    rows = [(identity, name, text, _search(name, value), *rest) for identity, name, text, value, *rest in _rows(traits)]
    columns = ("identity", "name", "value", "search", "source", "occurred_at", "message_id")
    write_rows("profiles_trait", columns, rows, _unless_newer("profiles_trait", columns))
    rows = [(account, name, text, *rest) for account, name, text, _, *rest in _rows(account_traits)]
    columns = ("account_id", "name", "value", "source", "occurred_at", "message_id")
    write_rows("profiles_accounttrait", columns, rows, _unless_newer("profiles_accounttrait", columns))
    joined = _new_of(grouped)
    _write_members(accounts, members)
    return joined


def _new_of(pairs: set[tuple[str, str]]) -> frozenset[str]:
    """The accounts of those memberships that are not known yet."""
    known = rows_among("profiles_membership", "identity, account_id", "identity", {identity for identity, _ in pairs})
    return frozenset(account for _, account in pairs.difference(known))


def _newest(found: _Newest, subject: str, said: Mapping[str, Any], one: Observation) -> None:
    for name, value in said.items():
        known = found.get((subject, name))
        if known is None or (one.occurred_at, one.message_id) > known[:2]:
            found[subject, name] = one.occurred_at, one.message_id, value, one.source


def folded(text: str) -> str:
    """A text as names are searched by."""
    return " ".join(text.casefold().split())[:100]


def _search(name: str, value: Any) -> str | None:
    return folded(value.replace("\0", "")) if name in _NAMES and isinstance(value, str) and not _has_half_pair(value) else None


def _has_half_pair(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text)


def _rows(found: _Newest) -> Iterator[tuple[Any, ...]]:
    for (subject, name), (at, message, value, source) in sorted(found.items(), key=lambda item: item[0]):
        if len(name) <= _LONGEST_NAME and name.isprintable() and len(text := as_json(value)) <= _LARGEST_VALUE:
            yield subject, name, text, value, source, at, message


def _unless_newer(table: str, columns: Sequence[str]) -> str:
    updated = ", ".join(f"{name} = excluded.{name}" for name in columns[2:])
    return f"({', '.join(columns[:2])}) DO UPDATE SET {updated} WHERE {later(table, 'occurred_at', 'message_id')}"


def _write_members(accounts: Mapping[str, int], members: Mapping[tuple[str, str], tuple[int, int]]) -> None:
    conflict = "(account_id) DO UPDATE SET first_at = excluded.first_at WHERE excluded.first_at < profiles_account.first_at"
    write_rows("profiles_account", ("account_id", "first_at"), sorted(accounts.items()), conflict)
    rows = [(*key, *times) for key, times in sorted(members.items())]
    known = "profiles_membership"
    conflict = (
        "(identity, account_id) DO UPDATE SET "
        f"first_at = CASE WHEN excluded.first_at < {known}.first_at THEN excluded.first_at ELSE {known}.first_at END, "
        f"last_at = CASE WHEN excluded.last_at > {known}.last_at THEN excluded.last_at ELSE {known}.last_at END"
    )
    write_rows(known, ("identity", "account_id", "first_at", "last_at"), rows, conflict)


def as_json(value: Any) -> str:
    """A value as JSON that both databases store: without NUL characters and halves of surrogate pairs."""
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        text = json.dumps(str(value))
    return json.dumps(_clean(value)) if "\\u0000" in text or "\\ud" in text else text


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list | tuple) else value
