"""The audits under one roof: what was predicted on earlier days, held against what happened, with one sentence on top."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from regulars import money
from regulars.errors import ArgumentRefused, UnknownName
from regulars.metrics.estimates import Undefined
from regulars.results import TableResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from regulars.relations.session import Session

AUDITS = {
    "lights": "did the reds leave, and did the greens stay?",
    "churn": "did as many leave as the risk said, and those whom it named?",
    "clv": "did customers bring what was expected of them?",
}
"""What can be audited, and the question that it answers."""


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """An audit: its answer in a sentence, tables by name, and notes on what they cannot tell."""

    name: str
    answer: str
    tables: Mapping[str, TableResult]
    notes: tuple[str, ...]

    def __getitem__(self, name: str) -> TableResult:
        return self.tables[name]


def audit(
    session: Session,
    name: str,
    *,
    horizon_days: int | None = None,
    train: Sequence[date] = (),
    test: Sequence[date] = (),
    progress: Callable[[str], None] | None = None,
) -> Audit:
    """The audit `name` (lights, churn or clv) as of the session's instant.

    `horizon_days` is how long after a look is judged (default: the setting). `train` and `test` are dates of looks for `churn`, each at the end of that day.
    Raises `UnknownName`, `ArgumentRefused`, `MixedCurrencies`.
    """
    if name not in AUDITS:
        raise UnknownName(f"There is no audit of '{name}'.", expected=", ".join(AUDITS), remedy="Run, for example: regulars audit lights")
    if (train or test) and name != "churn":
        raise ArgumentRefused(
            f"Looks for the audit of {name} cannot be chosen.",
            expected="--train and --test with the audit of churn",
            remedy="Leave them out.",
        )
    found = _run(session, name, horizon_days, train, test, progress)
    reason = found if isinstance(found, Undefined) else getattr(found, "undefined", None)
    if reason is not None:
        return Audit(name, f"There is nothing to compare yet: {str(reason).removeprefix('undefined: ')}.", {}, ())
    tables = {key: table for key, table in _tables(found).items() if len(table)}
    notes = [str(note) for note in getattr(found, "notes", ())] + [_WITHHELD[colour] for colour in getattr(found, "withheld", ())]
    return Audit(
        name,
        (tables and _ANSWERS[name](tables, getattr(found, "horizon_days", None))) or "There is nothing to compare yet.",
        tables,
        tuple(notes),
    )


_WITHHELD = {
    "green": "Half or more of those who were green by score left: green is withheld.",
    "red": "Fewer than half of those who were red by score left: red is withheld.",
}


def _run(
    session: Session,
    name: str,
    horizon_days: int | None,
    train: Sequence[date],
    test: Sequence[date],
    progress: Callable[[str], None] | None,
) -> Any:
    if name == "clv":
        from regulars.predictions.value import audit_value

        return audit_value(session, days=horizon_days, progress=progress)
    if name == "churn":
        from regulars.predictions.churn import audit_churn

        return audit_churn(session, horizon_days=horizon_days, train=list(train) or None, test=list(test) or None, progress=progress)
    from regulars.predictions.health.audit import audit_lights

    return audit_lights(session, horizon_days=horizon_days, progress=progress)


def _tables(found: Any) -> dict[str, TableResult]:
    if hasattr(found, "tables"):
        return dict(found.tables)
    own = {field.name: getattr(found, field.name) for field in fields(found)} if is_dataclass(found) else {}
    return {name: value for name, value in own.items() if isinstance(value, TableResult)}


# -- the sentence on top ---------------------------------------------------------------------------------------------------------------


def _of_churn(tables: Mapping[str, TableResult], horizon: int | None) -> str:
    rows = [row for row in tables["scores"].to_pylist() if row["population"] == "all"]
    last = max(row["as_of"] for row in rows)
    now = {row["model"]: row for row in rows if row["as_of"] == last}
    chosen = next(row for row in now.values() if row["chosen"])
    tenth = [row for row in tables["deciles"].to_pylist() if row["as_of"] == last and row["population"] == "all" and row["decile"] == 1]
    said = f"On {last}, {_percent(chosen['risk_share'])} of {chosen['n']:,} customers were expected to leave{_within(horizon)}, and {_percent(chosen['left_share'])} left"
    if tenth:
        said += f"; of the tenth with the highest risk {_percent(tenth[0]['left_share'])} left"
    said += f". AUC {_score(chosen['auc'])}, Brier score {_score(chosen['brier'])}"
    recency = now.get("recency")
    if recency is not None and not recency["chosen"]:
        said += f" (recency alone: {_score(recency['brier'])})"
    return f"{said}; the model: {chosen['model']}."


def _of_value(tables: Mapping[str, TableResult], _horizon: int | None) -> str:
    if "totals" not in tables:
        return ""
    result = tables["totals"]
    row = result.to_pylist()[-1]
    expected, came = (money.show(row[name], result.currency or "") for name in ("expected_minor", "came_minor"))
    error = row["value_error_share"]
    off = "" if error is None else f", {abs(100 * error):.1f} % {'more' if error > 0 else 'less'}"
    return f"On {row['looked_on']}, {row['buyers']:,} customers were expected to bring {expected} in {row['days']} days, and brought {came}{off}."


def _of_lights(tables: Mapping[str, TableResult], horizon: int | None) -> str:
    rows = tables["lights"].to_pylist()
    if not rows:
        return ""
    last = max(row["as_of"] for row in rows)
    now = {row["light"]: row for row in rows if row["as_of"] == last}
    told = [
        f"of {now[light]['n']:,} who were {light} {now[light]['leavers']:,} left ({_percent(now[light]['left_share'])})"
        for light in ("red", "amber", "green")
        if light in now
    ]
    return f"The lights of {last}, set by what was known then{_and_after(horizon)}: {', '.join(told)}." if told else ""


_ANSWERS: dict[str, Callable[[Mapping[str, TableResult], int | None], str]] = {"churn": _of_churn, "clv": _of_value, "lights": _of_lights}


def _within(horizon: int | None) -> str:
    return "" if horizon is None else f" within {horizon} days"


def _and_after(horizon: int | None) -> str:
    return "" if horizon is None else f", and the {horizon} days after"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.3f}"
