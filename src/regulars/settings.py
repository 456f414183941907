"""The settings of a workspace: what the business decides once and every number then follows."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

from regulars.errors import SettingRefused

ChurnBy = Literal["auto", "inactive", "cancelled"]
CustomerUnit = Literal["person", "account"]
Weekday = Literal["monday", "sunday", "saturday"]

_NOTHING: Mapping[str, Any] = types.MappingProxyType({})

HEALTH_WEIGHTS: Mapping[str, float] = types.MappingProxyType(
    {
        "churn_risk": 0.40,
        "engagement": 0.15,
        "product_usage": 0.15,
        "relationship": 0.05,
        "advocacy": 0.10,
        "sentiment": 0.10,
        "customer_roi": 0.05,
    }
)
"""How much each input of the health score weighs; the weights of inputs that a customer lacks go to the others in proportion."""

LIGHT_RULES: Mapping[str, float] = types.MappingProxyType(
    {
        "complaint_days": 30,
        "dissatisfied_days": 90,
        "no_use_days": 30,
        "dormant_days": 182,
        "few_users_share": 0.25,
        "contacts": 2,
        "polarity_below": -0.25,
    }
)
"""When a rule sets the light whatever the score: red until `complaint_days` after a complaint and `dissatisfied_days` after a bad answer; at least amber
after `no_use_days` without use or `dormant_days` of silence on messages, below `few_users_share` of the seats or `contacts` people, and where texts
of the last 90 days are on average below `polarity_below`. 0 switches a rule off (-1 for polarity)."""

THRESHOLDS = ("green_from", "red_below")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the business decides; impossible values raise `SettingRefused`.

    `currency` is the currency that money is shown in (None until the first import with one). `inactive_after_days` is how long without
    a kept order makes a customer inactive; `horizon_days` how long a window is in which somebody may come back. `margin_rate` and
    `discount_rate` are shares (0.4 is 40 %), the latter per year. `targets` and `bands` are by metric name. A support case is a complaint when
    its topic or priority is one of `complaint_topics` or `complaint_priorities`, in any case of letters. `health_weights` and `light_rules` overrule
    single values of `HEALTH_WEIGHTS` and `LIGHT_RULES`; `light_thresholds` (green_from, red_below: health scores) overrule those chosen from the data.
    """

    name: str
    currency: str | None = None
    time_zone: str = "UTC"
    inactive_after_days: int = 90
    horizon_days: int = 90
    churn_by: ChurnBy = "auto"
    customer_unit: CustomerUnit = "person"
    margin_rate: float | None = None
    discount_rate: float | None = None
    renewal_grace_days: int = 14
    meaningful_events: tuple[str, ...] = ()
    fiscal_year_starts_in: int = 1
    week_starts_on: Weekday = "monday"
    targets: Mapping[str, float] = field(default_factory=lambda: _NOTHING, hash=False)
    bands: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, hash=False)
    complaint_topics: tuple[str, ...] = ("complaint",)
    complaint_priorities: tuple[str, ...] = ("urgent",)
    health_weights: Mapping[str, float] = field(default_factory=lambda: HEALTH_WEIGHTS, hash=False)
    light_thresholds: Mapping[str, float] = field(default_factory=lambda: _NOTHING, hash=False)
    light_rules: Mapping[str, float] = field(default_factory=lambda: LIGHT_RULES, hash=False)

    def __post_init__(self) -> None:
        for name, (valid, expected) in _RULES.items():
            value = getattr(self, name)
            if not valid(value):
                raise SettingRefused(
                    f"The setting {name} was given as {value!r}.",
                    expected=expected,
                    remedy=f"Give another value for {name}.",
                    details={"setting": name, "value": value},
                )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Settings:
        """Settings from plain values (for example JSON); unknown names are refused."""
        _refuse_unknown(values)
        if "name" not in values:
            raise SettingRefused("The setting name is missing.", expected="the name of the business", remedy="Give a name.")
        return cls(**{name: _plain_to_value(name, value) for name, value in values.items()})

    def changed(self, **changes: Any) -> Settings:
        """These settings with some values changed."""
        return Settings.from_mapping({**self.as_dict(), **changes})

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {name: _value_to_plain(value) for name, value in values.items()}

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return ZoneInfo(self.time_zone)


def _refuse_unknown(values: Mapping[str, Any]) -> None:
    known = [f.name for f in dataclasses.fields(Settings)]
    for name in values:
        if name not in known:
            raise SettingRefused(
                f"There is no setting called '{name}'.",
                expected=f"one of {', '.join(known)}",
                remedy="Check the spelling.",
                details={"setting": name},
            )


def _plain_to_value(name: str, value: Any) -> Any:
    if name in _LISTS and isinstance(value, list):
        return tuple(value)
    if name in _NUMBERS and isinstance(value, Mapping):
        return types.MappingProxyType({**_NUMBERS[name], **value})
    if name == "bands" and isinstance(value, Mapping):
        return types.MappingProxyType({metric: _as_tuples(bands) for metric, bands in value.items()})
    if name in {"margin_rate", "discount_rate"} and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _as_tuples(value: Any) -> Any:
    return tuple(_as_tuples(item) for item in value) if isinstance(value, list | tuple) else value


def _value_to_plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _value_to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_value_to_plain(item) for item in value]
    return value


def _is_days(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 3660


def _is_share(value: Any) -> bool:
    return value is None or (isinstance(value, float) and 0 <= value <= 1)


def _is_zone(value: Any) -> bool:
    if not isinstance(value, str) or not value:
        return False
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _is_currency(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha() and value.isupper())


def _is_numbers_by_name(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number)
        for name, number in value.items()
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(text, str) and text for text in value)


def _are_weights(value: Any) -> bool:
    if not (_is_numbers_by_name(value) and set(value) <= set(HEALTH_WEIGHTS)):
        return False
    whole: dict[str, float] = {**HEALTH_WEIGHTS, **value}
    return min(whole.values()) >= 0 and max(whole.values()) > 0


def _are_thresholds(value: Any) -> bool:
    if not (_is_numbers_by_name(value) and set(value) <= set(THRESHOLDS)):
        return False
    low, high = float(value.get("red_below", 0)), float(value.get("green_from", 100))
    return 0 <= low <= high <= 100


def _are_rules(value: Any) -> bool:
    if not (_is_numbers_by_name(value) and set(value) <= set(LIGHT_RULES)):
        return False
    shares = {"few_users_share": (0, 1), "polarity_below": (-1, 1)}
    return all(low <= number <= high for name, number in value.items() for low, high in [shares.get(name, (0, 3660))])


def _is_bands_by_name(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(bands, (list, tuple)) and all(map(_is_band, bands)) for name, bands in value.items()
    )


def _is_band(value: Any) -> bool:
    if not isinstance(value, (list, tuple)) or len(value) != 3 or not isinstance(value[0], str):
        return False
    edges = value[1:]
    return all(isinstance(e, (int, float)) and not isinstance(e, bool) and not math.isnan(e) for e in edges) and edges[0] < edges[1]


_Rule = tuple[Callable[[Any], bool], str]
_RULES: dict[str, _Rule] = {
    "name": (lambda v: isinstance(v, str) and bool(v.strip()), "the name of the business, not empty"),
    "currency": (_is_currency, "an ISO 4217 code such as EUR, in capitals, or none"),
    "time_zone": (_is_zone, "an IANA time zone such as Europe/Berlin"),
    "inactive_after_days": (_is_days, "whole days from 1 to 3660"),
    "horizon_days": (_is_days, "whole days from 1 to 3660"),
    "churn_by": (lambda v: v in ("auto", "inactive", "cancelled"), "auto, inactive or cancelled"),
    "customer_unit": (lambda v: v in ("person", "account"), "person or account"),
    "margin_rate": (_is_share, "a share from 0 to 1 (0.4 is 40 %), or none"),
    "discount_rate": (_is_share, "a share per year from 0 to 1 (0.1 is 10 %), or none"),
    "renewal_grace_days": (lambda v: _is_days(v) or (v == 0 and not isinstance(v, bool)), "whole days from 0 to 3660"),
    "meaningful_events": (_are_texts, "a list of event names"),
    "fiscal_year_starts_in": (lambda v: isinstance(v, int) and not isinstance(v, bool) and 1 <= v <= 12, "a month from 1 to 12"),
    "week_starts_on": (lambda v: v in ("monday", "sunday", "saturday"), "monday, sunday or saturday"),
    "targets": (_is_numbers_by_name, "a number for each metric name"),
    "bands": (
        _is_bands_by_name,
        'for each metric name a list of bands [name, from, to below], for example [["low", 0, 0.1], ["high", 0.1, 1]]',
    ),
    "complaint_topics": (_are_texts, "a list of topics of support cases"),
    "complaint_priorities": (_are_texts, "a list of priorities of support cases"),
    "health_weights": (_are_weights, f"weights of 0 or more, not all 0, for {', '.join(HEALTH_WEIGHTS)}"),
    "light_thresholds": (_are_thresholds, "green_from and red_below: health scores from 0 to 100, red_below not above green_from"),
    "light_rules": (_are_rules, f"numbers for {', '.join(LIGHT_RULES)}: days from 0 to 3660, a share from 0 to 1, a polarity from -1 to 1"),
}

_LISTS = ("meaningful_events", "complaint_topics", "complaint_priorities")
_NUMBERS: Mapping[str, Mapping[str, float]] = {
    "targets": _NOTHING,
    "health_weights": HEALTH_WEIGHTS,
    "light_thresholds": _NOTHING,
    "light_rules": LIGHT_RULES,
}
"""Settings that are a number for each name, and the numbers of names that are not given."""
