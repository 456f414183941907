"""The tracking plan: what a source is meant to send, as JSON Schema per event, and what happens to calls that depart from it.

A plan is a JSON object::

    {
        "events": {"Order Completed": {"type": "object", "required": ["order_id"], "properties": {"total": {"type": "number"}}}},
        "identify": {"properties": {"email": {"type": "string", "format": "email"}}},
        "group": {},
        "unknown_events": "allow",
        "on_violation": "mark",
    }

`events` hold schemas of `properties` by event name (`Page Viewed`, `Screen Viewed` for page and screen calls), `identify` and `group`
schemas of `traits`. All are optional. `on_violation` is `mark` or `quarantine`; `unknown_events` is `allow`, `mark` or `quarantine`. A
schema may say `"x-on-violation"` for its event alone. Nothing is fetched from outside, and patterns are matched in linear time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn

import msgspec
from jsonschema_rs import RegexOptions, ValidationError, validator_for

from regulars.errors import PlanRefused
from regulars.tracking.learning import learn
from regulars.tracking.violations import explained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jsonschema_rs import Validator

    from regulars.tracking.calls import Call

__all__ = ["Plan", "Verdict", "learn"]

Action = Literal["allow", "mark", "quarantine"]
MAX_VIOLATIONS = 10
"""So many are explained for one call."""
MAX_PLAN_BYTES = 1024 * 1024
_KEYS = {"events", "identify", "group", "unknown_events", "on_violation", "$schema", "$comment", "title", "description"}


class Verdict(msgspec.Struct, frozen=True):
    """What the plan says of a call: what to do with it, and why in plain words (without values of the call)."""

    action: Action
    violations: tuple[str, ...] = ()


CONFORMS = Verdict("allow")


class Plan:
    """A plan that calls are checked against. Raises `PlanRefused` where it is no plan."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        _refuse_shape(schema)
        self.on_violation: Action = schema.get("on_violation", "mark")
        self.unknown_events: Action = schema.get("unknown_events", "allow")
        self._events = {name: _Checked(part, f"the event '{name}'", self.on_violation) for name, part in schema.get("events", {}).items()}
        self._traits = {kind: _Checked(schema[kind], kind, self.on_violation) for kind in ("identify", "group") if kind in schema}

    def verdict(self, call: Call) -> Verdict:
        """What is to become of the call, and how it departs from the plan."""
        if call.name is None:
            part, said = self._traits.get(call.kind), call.traits
            if part is None:
                return CONFORMS
        else:
            part, said = self._events.get(call.name), call.properties
            if part is None:
                if self.unknown_events == "allow":
                    return CONFORMS
                return Verdict(self.unknown_events, ("the plan knows no event of this name",))
        return part.verdict(said)

    def check(self, call: Call) -> list[str]:
        """How the call departs from the plan, in plain words and without its values; empty where it conforms."""
        return list(self.verdict(call).violations)


class _Checked:
    """One schema of the plan, ready to check."""

    def __init__(self, schema: Any, where: str, on_violation: Action) -> None:
        own = schema.get("x-on-violation", on_violation) if isinstance(schema, dict) else on_violation
        if own not in ("mark", "quarantine"):
            raise _refused(f"{where}: x-on-violation is neither mark nor quarantine")
        self._violated: Action = own
        self._validator: Validator = _validator(schema, where)

    def verdict(self, said: Mapping[str, Any]) -> Verdict:
        try:
            if self._validator.is_valid(said):
                return CONFORMS
            found = []
            for error in self._validator.iter_errors(said):
                found.append(explained(error))
                if len(found) == MAX_VIOLATIONS:
                    break
        except (ValueError, OverflowError, RecursionError):
            return Verdict(self._violated, ("it holds something that cannot be compared with the plan",))
        return Verdict(self._violated, tuple(dict.fromkeys(found)))


def _validator(schema: Any, where: str) -> Validator:
    if not isinstance(schema, dict):
        raise _refused(f"{where}: the schema is no object")
    try:
        return validator_for(schema, validate_formats=True, retriever=_refuse_address, pattern_options=RegexOptions())
    except (ValidationError, ValueError, RecursionError) as fault:
        first = str(fault).splitlines()[0] if str(fault) else "it cannot be read"
        raise _refused(f"{where}: {first}") from None


def _refuse_address(address: str) -> NoReturn:
    raise ValueError(f"{address} is not fetched: everything a plan refers to must stand in it")


def _refuse_shape(schema: Mapping[str, Any]) -> None:
    if not isinstance(schema, dict):
        raise _refused("the plan is no JSON object")
    unknown = sorted(set(schema) - _KEYS)
    if unknown:
        raise _refused(f"the plan has unknown parts: {', '.join(map(str, unknown))[:200]}")
    if not isinstance(schema.get("events", {}), dict):
        raise _refused("events is no object of schemas by event name")
    for key, allowed in (("on_violation", ("mark", "quarantine")), ("unknown_events", ("allow", "mark", "quarantine"))):
        if schema.get(key, allowed[0]) not in allowed:
            raise _refused(f"{key} is none of {', '.join(allowed)}")
    try:
        size = len(msgspec.json.encode(schema))
    except (TypeError, ValueError, RecursionError):
        raise _refused("the plan is not JSON") from None
    if size > MAX_PLAN_BYTES:
        raise _refused(f"the plan is {size:,} bytes long; {MAX_PLAN_BYTES:,} are the most")


def _refused(what: str) -> PlanRefused:
    return PlanRefused(
        f"The tracking plan cannot be used: {what}.",
        expected="an object with events (JSON Schema by event name), identify, group, unknown_events and on_violation, all optional",
        remedy="Mend the plan, or let one be learned from data.",
    )
