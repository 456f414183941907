"""Assignment by chance that anybody can repeat: a hash of salt, experiment and customer decides the arm."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars.experiments.covariates import covariate, name_of
from regulars.experiments.declare import HELD_OUT, HOLDOUT, declarations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    import pyarrow as pa

    from regulars.experiments.declare import Experiment
    from regulars.relations.session import Session
    from regulars.workspace import Workspace

SOURCE = "experiments"
_BITS = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentReport:
    """What an assignment did: new rows by arm, who had one already, who is held out of everything, and what the covariate is."""

    experiment: str
    as_of: datetime
    new: Mapping[str, int]
    already: int = 0
    held_out: int = 0
    covariate: str = ""
    load_id: str | None = None


def uniform(salt: str, experiment: str, customer: str) -> float:
    """A number in [0, 1) that looks like chance and is always the same: the first 53 bits of SHA-256 of the three texts.

    >>> uniform("salt", "spring", "c1") == uniform("salt", "spring", "c1")
    True
    """
    digest = hashlib.sha256(f"{salt}\x1f{experiment}\x1f{customer}".encode()).digest()
    return float((int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / (1 << _BITS))


def arm_of(experiment: Experiment, customer: str) -> str:
    """The arm that the hash gives a customer: [0, 1) is cut by the arms' shares in their order."""
    drawn, end = uniform(experiment.salt, experiment.name, customer), 0.0
    for arm, share in experiment.arms.items():
        end += share
        if drawn < end:
            return arm
    return list(experiment.arms)[-1]


def assign(
    workspace: Workspace,
    experiment: Experiment,
    customers: Iterable[str] | None = None,
    *,
    as_of: datetime | date | str | None = None,
    now: datetime | None = None,
) -> AssignmentReport:
    """Assign customers (default: all that are known) to the arms of a declared experiment, as one load of the source "experiments".

    Who has an arm keeps it, so that a repeat adds nothing. Customers of the company-wide holdout get no arm at all. The assignment counts as of
    the session's as-of instant T (stored as the microsecond before it), and outcomes from then on; the covariate for CUPED is frozen with it.
    Raises `WorkspaceLocked`, `NoData`.
    """
    if customers is not None:
        customers = sorted(set(customers))
    with workspace.stage(source=SOURCE, now=now) as load:
        with workspace.session(as_of=as_of) as session:
            known = list(customers) if customers is not None else known_customers(session)
            assigned = _assigned(session, experiment.name)
            held = _held_out(workspace, session, known) if experiment.name != HOLDOUT else set()
            erased = workspace.erased()
            fresh = [c for c in known if c not in assigned and c not in held and not erased.contains(c) and not c.startswith("erased-")]
            arms = [arm_of(experiment, customer) for customer in fresh]
            values, basis = covariate(session, fresh)
            accounts = _accounts(session)
            instant = session.as_of - timedelta(microseconds=1)
        report = AssignmentReport(
            experiment=experiment.name,
            as_of=session.as_of,
            new={arm: arms.count(arm) for arm in experiment.arms},
            already=sum(c in assigned for c in known),
            held_out=sum(c in held and c not in assigned for c in known),
            covariate=basis,
            load_id=load.load_id if fresh else None,
        )
        if fresh:
            load.add("assignments", _assignment_rows(experiment.name, fresh, arms, accounts, instant, load.loaded_at))
            load.add("predictions", _covariate_rows(experiment.name, fresh, values, basis, accounts, instant, load.loaded_at))
            load.commit({"experiment": experiment.as_dict(), "new": dict(report.new), "covariate": basis}, [])
    return report


def assignable(workspace: Workspace, session: Session, customers: Iterable[str] | None = None) -> list[str]:
    """Of the customers (default: all that are known) those whom an experiment may have: neither held out nor erased."""
    known = known_customers(session) if customers is None else sorted(set(customers))
    held, erased = _held_out(workspace, session, known), workspace.erased()
    return [c for c in known if c not in held and not c.startswith("erased-") and not erased.contains(c)]


def known_customers(session: Session) -> list[str]:
    """Everybody whom the workspace knows as of the session, in order."""
    answer = session.run(session.table("known_customers").select("customer_id"))
    return sorted(c for c in answer.column("customer_id").to_pylist() if c is not None)


def _assigned(session: Session, experiment: str) -> dict[str, str]:
    """Arm by customer over all rows of the experiment, those after as-of included: nobody is assigned twice."""
    rows = session.table("ever_assigned")
    rows = rows.filter(rows.experiment == experiment).select("customer_id", "arm", "occurred_at", "row_key")
    answer = session.run(rows.order_by(["occurred_at", "row_key"]))
    arms: dict[str, str] = {}
    for customer, arm in zip(answer.column("customer_id").to_pylist(), answer.column("arm").to_pylist(), strict=True):
        arms.setdefault(customer, arm)
    return arms


def _held_out(workspace: Workspace, session: Session, customers: Sequence[str]) -> set[str]:
    """Who is held out of everything: by the row, and without a row by the hash of the declared holdout."""
    rows = _assigned(session, HOLDOUT)
    holdout = declarations(workspace).get(HOLDOUT)
    if holdout is None:
        return {c for c, arm in rows.items() if arm == HELD_OUT}
    return {c for c in customers if (rows[c] if c in rows else arm_of(holdout, c)) == HELD_OUT}


def _accounts(session: Session) -> set[str] | None:
    """The companies that rows name, where companies are counted; None where people are."""
    if session.settings.customer_unit != "account":
        return None
    from ibis import _

    t: Any = session.tables()
    tables = [t.accounts, t.customers, t.orders, t.subscriptions, t.events, t.tickets, t.responses]
    names = [rows.filter(_.account_id.notnull()).select("account_id").distinct() for rows in tables]
    everything = names[0]
    for other in names[1:]:
        everything = everything.union(other)
    return set(session.run(everything.distinct()).column("account_id").to_pylist())


def _assignment_rows(
    experiment: str, customers: Sequence[str], arms: Sequence[str], accounts: set[str] | None, instant: datetime, recorded: datetime
) -> pa.Table:
    hashes = [_hash(experiment, customer, arm) for customer, arm in zip(customers, arms, strict=True)]
    given = {
        "row_key": [f"{experiment}/{c}" for c in customers],
        "row_hash": hashes,
        "experiment": [experiment] * len(arms),
        "arm": list(arms),
    }
    return _rows("assignments", customers, accounts, given, instant, recorded)


def _covariate_rows(
    experiment: str,
    customers: Sequence[str],
    values: Sequence[float | None],
    basis: str,
    accounts: set[str] | None,
    instant: datetime,
    recorded: datetime,
) -> pa.Table:
    known = [(c, float(v)) for c, v in zip(customers, values, strict=True) if v is not None]
    name = name_of(experiment)
    given = {
        "row_key": [f"{name}/{c}" for c, _v in known],
        "row_hash": [_hash(name, c, repr(v)) for c, v in known],
        "name": [name] * len(known),
        "value": [v for _c, v in known],
        "model_version": [f"cuped/{basis}"] * len(known),
    }
    return _rows("predictions", [c for c, _v in known], accounts, given, instant, recorded)


def _rows(
    table: str, customers: Sequence[str], accounts: set[str] | None, given: Mapping[str, Any], instant: datetime, recorded: datetime
) -> pa.Table:
    import pyarrow as pa

    from regulars.tables import TABLES

    n = len(customers)
    companies = accounts or set()
    columns: dict[str, Any] = {
        "occurred_at": [instant.replace(tzinfo=None)] * n,
        "recorded_at": [recorded.replace(tzinfo=None)] * n,
        "source": [SOURCE] * n,
        "identity_id": [None if c in companies else c for c in customers],
        "account_id": [c if c in companies else None for c in customers],
        **given,
    }
    schema = pa.schema([field for field in TABLES[table].arrow_schema if field.name != "load_id"])
    return pa.table({field.name: pa.array(columns.get(field.name, [None] * n), field.type) for field in schema}, schema=schema)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
