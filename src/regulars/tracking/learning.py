"""A tracking plan proposed from what came: per event the fields, their types, which are always there, few values, formats."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regulars.tracking.calls import Call

ENOUGH = 20
"""A field is called required, of a format or of few values only after so many calls with it."""
FEW = 12
"""As many different values are a list of values, where each stands for at least five calls."""
MAX_EVENTS = 1_000
MAX_FIELDS = 300
MAX_DEPTH = 4
_TALKATIVE = 64
_PERSONAL = re.compile(
    r"name|mail|phone|address|street|city|zip|postal|birth|gender|iban|card|passw|token|secret|(^|_)ip$|user|(^|_)id$", re.IGNORECASE
)

_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object", type(None): "null"}
_FORMATS = {
    "date-time": re.compile(
        r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"
    ),
    "date": re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"),
    "uuid": re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    "email": re.compile(r"[A-Za-z0-9]([A-Za-z0-9_+-]|\.(?!\.|@)){0,62}(?<!\.)@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}"),
    "uri": re.compile(r"https?://[A-Za-z0-9.-]{1,200}(:\d{1,4})?(/[A-Za-z0-9._~/-]*)?"),
}
"""Narrower than the formats themselves: what fits here fits there."""


def learn(calls: Iterable[Call]) -> dict[str, Any]:
    """A plan that all of the calls conform to, for somebody to look over. It holds no personal values: no list of values for fields that look like them."""
    seen: dict[tuple[str, str], _Seen] = {}
    for call in calls:
        if call.name is not None:
            place, said = ("events", call.name), call.properties
        elif call.kind in {"identify", "group"}:
            place, said = (call.kind, ""), call.traits
        else:
            continue
        if place not in seen:
            if len(seen) >= MAX_EVENTS:
                continue
            seen[place] = _Seen("")
        seen[place].add(said)
    plan: dict[str, Any] = {"events": {}, "unknown_events": "allow", "on_violation": "mark"}
    for (part, name), found in sorted(seen.items()):
        if part == "events":
            plan["events"][name] = found.schema()
        else:
            plan[part] = found.schema()
    return plan


class _Seen:
    """What a field held so far."""

    def __init__(self, name: str, depth: int = 0) -> None:
        self._name = name
        self._depth = depth
        self.count = 0
        self._types: set[str] = set()
        self._objects = 0
        self._fields: dict[str, _Seen] = {}
        self._skipped = False
        self._items: _Seen | None = None
        self._texts: dict[str, int] | None = {}
        self._formats = set(_FORMATS)

    def add(self, value: Any) -> None:
        self.count += 1
        kind = _TYPES.get(type(value), "string")
        self._types.add(kind)
        if kind == "object":
            self._add_fields(value)
        elif kind == "array" and self._depth < MAX_DEPTH:
            self._items = self._items or _Seen(self._name, self._depth + 1)
            for item in value:
                self._items.add(item)
        elif kind == "string":
            self._add_text(str(value))

    def _add_fields(self, value: dict[str, Any]) -> None:
        self._objects += 1
        if self._depth >= MAX_DEPTH:
            return
        for name, held in value.items():
            if name not in self._fields:
                if len(self._fields) >= MAX_FIELDS:
                    continue
                self._fields[name] = _Seen(name, self._depth + 1)
            self._fields[name].add(held)

    def _add_text(self, text: str) -> None:
        if self._formats:
            self._formats = {name for name in self._formats if _FORMATS[name].fullmatch(text)}
        if self._texts is not None:
            self._texts[text] = self._texts.get(text, 0) + 1
            if len(self._texts) > FEW or len(text) > _TALKATIVE:
                self._texts = None

    def schema(self) -> dict[str, Any]:
        types = sorted(self._types - {"integer"} if "number" in self._types else self._types)
        schema: dict[str, Any] = {"type": types[0] if len(types) == 1 else types} if types else {}
        if self._fields:
            schema["properties"] = {name: field.schema() for name, field in sorted(self._fields.items())}
            always = sorted(name for name, field in self._fields.items() if field.count == self._objects)
            if always and self._objects >= ENOUGH:
                schema["required"] = always
        if self._items is not None and self._items.count:
            schema["items"] = self._items.schema()
        if types == ["string"]:
            schema |= self._text_rules()
        return schema

    def _text_rules(self) -> dict[str, Any]:
        if self.count < ENOUGH:
            return {}
        few = self._texts is not None and self.count >= 5 * len(self._texts) and len(self._texts) > 1
        if few and self._texts is not None and not _PERSONAL.search(self._name) and not any("@" in text for text in self._texts):
            return {"enum": sorted(self._texts)}
        return {"format": next(name for name in _FORMATS if name in self._formats)} if self._formats else {}
