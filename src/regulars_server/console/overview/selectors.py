"""What the overview shows besides what was reckoned with the build."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from regulars_server.console.company import company
from regulars_server.console.customers.asking import Asked
from regulars_server.console.customers.selectors import Row, listed
from regulars_server.intake import public as intake
from regulars_server.loading import public as loading
from regulars_server.serving import public as serving

if TYPE_CHECKING:
    from collections.abc import Sequence

CALLS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What came in lately: counts only, so that everybody may see them."""

    minute: int
    hour: int
    orders_today: int
    latest: datetime | None


def at_risk(*, people: bool) -> Sequence[Row]:
    """Amber and red customers with the most money at risk."""
    query = serving.CustomerQuery(lights=("red", "amber"), limit=CALLS, people=people)
    found = listed(Asked(query, ("light", "risk", "money_at_risk", "reasons")))
    return [] if found is None else [row for row in found.rows if dict(row.cells).get("money_at_risk")]


def lights() -> list[tuple[str, int]]:
    """How many customers have which light; nothing where none has one yet."""
    counted = serving.lights()
    return list(counted.items()) if any(n for light, n in counted.items() if light != "unknown") else []


def live(now: datetime) -> Live:
    """What the door took in the last minute and hour, and the orders of the company's day: those of the serving file, and later ones of the hot tail."""
    minute = int(now.timestamp()) // 60
    accepted = [count for count in intake.door_counts(since=minute - 60, until=minute + 1) if count.outcome == "accepted"]
    today = now.astimezone(company().zone).replace(hour=0, minute=0, second=0, microsecond=0)
    calls = loading.live(1)
    return Live(
        minute=sum(count.events for count in accepted if count.minute >= minute - 1),
        hour=sum(count.events for count in accepted),
        orders_today=serving.purchases_since(today, besides=loading.orders_since(today)),
        latest=datetime.fromtimestamp(calls[0].received_at / 1_000_000, UTC) if calls else None,
    )


def first_write_key() -> str:
    """The key of the first source that takes events, to be shown to who may manage sources."""
    return next((source.write_key for source in intake.sources() if source.kind in {"server", "browser"} and source.enabled), "")
