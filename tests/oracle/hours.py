"""The best hour to contact once more in plain Python: in which local hours customers are active."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import time

from tests.oracle.analyses import analysis
from tests.oracle.estimate import wilson


def _moments(company):
    """(customer, instant) of each source."""
    meaningful = company.rules["meaningful_events"]
    opened = [row for row in company.rows("messages") if row["step"] in ("opened", "clicked") and not row["machine"]]
    return (
        [(o.customer, o.at) for o in company.book.kept],
        [(company.customer(row), row["occurred_at"]) for row in company.rows("events") if row["name"] in meaningful],
        [(company.customer(row), row["occurred_at"]) for row in opened],
    )


@analysis
def contact_hour(company, *, top=1000):
    timed, dated = defaultdict(set), defaultdict(set)
    for source in _moments(company):
        own = [(customer, company.clock.local(at)) for customer, at in source if customer is not None]
        has_times = any(wall.time() != time() for _, wall in own)
        for customer, wall in own:
            dated[customer].add((wall.date(), wall.hour if has_times else 0))
            if has_times:
                timed[customer].add((wall.date(), wall.hour))
    if not dated:
        return {}
    by_weekday = Counter(day.weekday() for own in dated.values() for day, _ in own)
    weekdays = [{"weekday": d + 1, "active_hours": by_weekday[d], "share": by_weekday[d] / by_weekday.total()} for d in range(7)]
    if not timed:
        return {"weekdays": weekdays}
    hours = Counter(hour for own in timed.values() for _, hour in own)
    company_hours = _parts(hours)
    check, own_wins = _foretold(timed)
    rows = []
    for customer in sorted(timed, key=lambda c: (-len(timed[c]), c))[:top]:
        own = Counter(hour for _, hour in timed[customer])
        first = _best(_shrunk(own, company_hours) if own_wins else company_hours)
        days = Counter(day.weekday() for day, _ in dated[customer])
        shares = [(days[d] + 10 * by_weekday[d] / by_weekday.total()) / (days.total() + 10) for d in range(7)]
        weekday = max(range(7), key=lambda d: (round(shares[d], 9), -d))
        rows.append(
            {
                "customer_id": customer,
                "active_hours": own.total(),
                "from_hour": first,
                "until_hour": (first + 3) % 24,
                "own_share": sum(own[(first + i) % 24] for i in range(3)) / own.total(),
                "company_share": sum(company_hours[(first + i) % 24] for i in range(3)),
                "weekday": weekday + 1,
                "weekday_own_share": days[weekday] / days.total(),
                "weekday_company_share": by_weekday[weekday] / by_weekday.total(),
            }
        )
    grid = Counter((day.weekday() + 1, hour) for own in timed.values() for day, hour in own)
    first = _best(company_hours)
    return {
        "company": [{"from_hour": first, "company_share": sum(company_hours[(first + i) % 24] for i in range(3))}],
        "customers": rows,
        "check": check,
        "hours": [{"hour": h, "active_hours": hours[h], "share": company_hours[h]} for h in range(24)],
        "weekdays": weekdays,
        "grid": [{"weekday": weekday, "hour": hour, "active_hours": count} for (weekday, hour), count in grid.items()],
    }


def _parts(counts):
    return [counts[h] / counts.total() if counts else 0.0 for h in range(24)]


def _shrunk(own, company):
    return [(own[h] + 10 * company[h]) / (own.total() + 10) for h in range(24)]


def _best(shares):
    """The first hour of the three in a row with the highest sum; the earliest of equals."""
    sums = [round(sum(shares[(h + i) % 24] for i in range(3)), 9) for h in range(24)]
    return sums.index(max(sums))


def _foretold(timed):
    before = {c: sorted(own)[:-1] if len(own) >= 4 else sorted(own) for c, own in timed.items()}
    latest = {c: max(own)[1] for c, own in timed.items() if len(own) >= 4}
    company = _parts(Counter(hour for own in before.values() for _, hour in own))
    hits = {"company": 0, "own": 0}
    for customer, hour in latest.items():
        own = Counter(h for _, h in before[customer])
        hits["company"] += (hour - _best(company)) % 24 < 3
        hits["own"] += (hour - _best(_shrunk(own, company))) % 24 < 3
    wins, n, rows = hits["own"] > hits["company"], len(latest), []
    for method, hit in hits.items():
        low, high = wilson(hit, n) if n else (None, None)
        rows.append(
            {
                "method": method,
                "customers": n,
                "hit_share": hit / n if n else None,
                "low": low,
                "high": high,
                "used": (method == "own") == wins,
            }
        )
    return rows, wins
