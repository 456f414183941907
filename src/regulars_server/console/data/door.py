"""What the door counted, by source and hour, ready to be drawn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from regulars_server.intake.public import door_counts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.functional import _StrPromise

    from regulars_server.intake.public import DoorCount

HOURS = 24
BAR_WIDTH = 10
BAR_HEIGHT = 34
OUTCOMES = {
    "accepted": _("accepted"),
    "replayed": _("recognised as sent before"),
    "dropped": _("dropped, because the source is switched off"),
    "busy": _("asked to come again"),
    "refused.no_json": _("refused: not JSON"),
    "refused.unknown_key": _("refused: unknown key"),
    "refused.unknown_webhook": _("refused: unknown webhook"),
    "refused.signature": _("refused: the signature does not fit"),
    "refused.origin": _("refused: pages of this origin may not send"),
    "refused.too_large": _("refused: too large"),
}


@dataclass(slots=True)
class Bar:
    """One hour."""

    at: datetime
    x: int
    events: int = 0
    height: int = 0

    @property
    def y(self) -> int:
        """The upper edge."""
        return BAR_HEIGHT - self.height


@dataclass(slots=True)
class Day:
    """The last 24 hours of one source."""

    bars: list[Bar]
    outcomes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Requests and events by outcome."""

    @property
    def events(self) -> int:
        """Events accepted."""
        return self.outcomes.get("accepted", (0, 0))[1]

    @property
    def refused(self) -> int:
        """Requests that were refused."""
        return sum(requests for name, (requests, _events) in self.outcomes.items() if name.startswith("refused"))

    @property
    def unknown(self) -> int:
        """Requests with a key that no source has."""
        return self.outcomes.get("refused.unknown_key", (0, 0))[0]

    @property
    def dropped(self) -> int:
        """Events dropped while the source was off."""
        return self.outcomes.get("dropped", (0, 0))[1]

    @property
    def rows(self) -> list[tuple[_StrPromise | str, int, int]]:
        """Outcome in words, requests, events."""
        return [(OUTCOMES.get(name, name), *numbers) for name, numbers in sorted(self.outcomes.items())]


def days(now: datetime) -> dict[str, Day]:
    """The last 24 hours by source; the empty name is for unknown keys."""
    hour = int(now.timestamp()) // 3600
    counted = door_counts(since=(hour - HOURS + 1) * 60, until=(hour + 1) * 60)
    by_source: dict[str, list[DoorCount]] = defaultdict(list)
    for one in counted:
        by_source[one.source].append(one)
    found = defaultdict(lambda: _day([], hour))
    found.update({source: _day(counts, hour) for source, counts in by_source.items()})
    return found


def _day(counts: Iterable[DoorCount], hour: int) -> Day:
    first = hour - HOURS + 1
    bars = [Bar(at=datetime.fromtimestamp((first + i) * 3600, UTC), x=i * BAR_WIDTH) for i in range(HOURS)]
    outcomes: dict[str, tuple[int, int]] = {}
    for one in counts:
        requests, events = outcomes.get(one.outcome, (0, 0))
        outcomes[one.outcome] = (requests + one.requests, events + one.events)
        if one.outcome == "accepted":
            bars[one.minute // 60 - first].events += one.events
    most = max((bar.events for bar in bars), default=0)
    for bar in bars:
        bar.height = max(2, round(BAR_HEIGHT * bar.events / most)) if bar.events else 0
    return Day(bars=bars, outcomes=outcomes)
