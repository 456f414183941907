"""Why a call departs from its plan, in plain words; names of fields are shown, what they hold is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

_TYPES = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_LIMITS = {
    "minimum": "is less than {}",
    "maximum": "is more than {}",
    "exclusiveMinimum": "is not more than {}",
    "exclusiveMaximum": "is not less than {}",
    "multipleOf": "is no multiple of {}",
    "minLength": "is shorter than {} characters",
    "maxLength": "is longer than {} characters",
    "minItems": "has fewer than {} items",
    "maxItems": "has more than {} items",
    "minProperties": "has fewer than {} fields",
    "maxProperties": "has more than {} fields",
    "format": "is not written as a {}",
    "pattern": "does not match the pattern {}",
}


def explained(error: ValidationError) -> str:
    """One violation as a sentence without a full stop.

    Examples: `order_id is missing`, `products[0].price is a text, not a number`.
    """
    keyword, wanted = error.kind.name, error.kind.value
    where = _place(error.instance_path)
    if keyword == "required":
        return f"{_joined(where, str(wanted))} is missing"
    if keyword in {"additionalProperties", "unevaluatedProperties"}:
        return "; ".join(f"{_joined(where, str(name))} is not in the plan" for name in list(wanted)[:10])
    subject = where or "the call"
    if keyword == "type":
        expected = " or ".join(_TYPES.get(name, name) for name in _in_order(wanted))
        return f"{subject} is {_is(error.instance)}, not {expected}"
    if keyword == "enum":
        return f"{subject} is none of the {len(list(wanted))} values of the plan"
    if keyword == "const":
        return f"{subject} is not the one value of the plan"
    if keyword in _LIMITS:
        return f"{subject} {_LIMITS[keyword].format(wanted)}"
    return f"{subject} breaks the plan's rule {keyword}"


def _in_order(wanted: Any) -> list[str]:
    """Names of types, null last."""
    return [wanted] if isinstance(wanted, str) else sorted(map(str, wanted), key=lambda name: (name == "null", name))


def _place(path: list[str | int]) -> str:
    place = ""
    for step in path:
        place = f"{place}[{step}]" if isinstance(step, int) else _joined(place, step)
    return place


def _joined(place: str, name: str) -> str:
    name = name if len(name) <= 80 else name[:77] + "..."
    return f"{place}.{name}" if place else name


def _is(value: Any) -> str:
    for kind, name in ((bool, "boolean"), (int, "number"), (float, "number"), (str, "string"), (list, "array"), (dict, "object")):
        if isinstance(value, kind):
            return _TYPES[name]
    return _TYPES["null"]
