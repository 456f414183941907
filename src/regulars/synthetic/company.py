"""The history of a synthetic company: drawn in blocks of customers, each by chance of its own, and written as one load."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from regulars.errors import WorkspaceNotEmpty
from regulars.experiments.declare import declarations
from regulars.synthetic.accounts import Accounts
from regulars.synthetic.baskets import Orders
from regulars.synthetic.browsing import events
from regulars.synthetic.campaigns import campaign_names, declare_campaigns, run_campaigns
from regulars.synthetic.contracts import boxes
from regulars.synthetic.costs import costs
from regulars.synthetic.people import People
from regulars.synthetic.points import points
from regulars.synthetic.purchases import own_orders, refill_habits, with_refills
from regulars.synthetic.rows import DAY, named
from regulars.synthetic.stories import Company
from regulars.synthetic.surveys import answers
from regulars.synthetic.tickets import COMPLAINTS, tickets
from regulars.synthetic.truth import CampaignTally, blocks
from regulars.synthetic.usage import COMPLAINTS_FROM, FEATURES, TOPICS, account_answers, account_tickets, usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from regulars.warehouse.loads import LoadRecord
    from regulars.workspace import Workspace

__all__ = ["DAY", "Company", "fill", "history", "named"]


def fill(workspace: Workspace, company: Company, progress: Callable[[int, int], None] | None = None) -> LoadRecord:
    """Write the company's history into `workspace` as one load, in bounded memory; the same company gives the same rows.

    What is true of it is kept in the load's report, under "truth"; its campaigns are declared as experiments. The settings of the workspace become those that fit the company's kind;
    an existing currency is kept. Raises `WorkspaceNotEmpty`; whatever stops it, nothing is left of the load.
    """
    if workspace.load_counts().loads or declarations(workspace):
        raise WorkspaceNotEmpty(
            f"The workspace in {workspace.folder} holds rows or experiments already.",
            expected="a new workspace, so that what is true of the company is true of all rows",
            remedy="Give another folder with --workspace.",
            details={"folder": str(workspace.folder)},
        )
    end = datetime.combine(company.first_day, datetime.min.time(), UTC) + timedelta(days=company.days + 1)
    now = max(end, datetime.now(UTC))
    tally, done = CampaignTally(), 0
    with workspace.stage(source="synthetic", now=now) as load:
        for table, rows in shared_rows(company):
            load.add(table, rows)
        for first, count in blocks(company):
            for table, rows in history(company, first, count, tally):
                load.add(table, rows)
            done += count
            if progress:
                progress(done, company.customers)
        record = load.commit({"truth": {**company.parameters(), "campaign_effects": tally.rows()}}, [])
    declare_campaigns(workspace, company)
    changes = fitting_settings(company)
    if workspace.settings.currency is not None:
        del changes["currency"]
    if changes:
        workspace.change_settings(**changes)
    return record


def fitting_settings(company: Company) -> dict[str, Any]:
    """The settings under which the numbers of such a company mean something."""
    if company.kind == "saas":
        return {
            "currency": company.currency,
            "customer_unit": "account",
            "churn_by": "cancelled",
            "meaningful_events": list(FEATURES),
            "complaint_topics": list(TOPICS[COMPLAINTS_FROM:]),
            "inactive_after_days": 30,
            "horizon_days": 90,
        }
    if company.kind == "shop":
        return {
            "currency": company.currency,
            "churn_by": "inactive",
            "complaint_topics": list(COMPLAINTS),
            "inactive_after_days": 180,
            "horizon_days": 90,
        }
    return {"currency": company.currency}


def whole_history(company: Company) -> Iterator[tuple[str, pa.Table]]:
    """Table names and rows of everything, block by block, without `load_id`."""
    yield from shared_rows(company)
    for first, count in blocks(company):
        yield from history(company, first, count)


def shared_rows(company: Company) -> Iterator[tuple[str, pa.Table]]:
    """Table names and rows that belong to no customer."""
    if company.kind == "shop":
        yield "costs", costs(company)


def history(company: Company, first: int, count: int, tally: CampaignTally | None = None) -> Iterator[tuple[str, pa.Table]]:
    """Table names and rows of the customers (accounts of a saas company) `first` to `first + count`, without `load_id`.

    What is true of campaigns is added to `tally`.
    """
    if company.kind == "saas":
        yield from _accounts(company, first, count)
        return
    people = People(company, first, count)
    yield "customers", people.rows()
    timeline, left = own_orders(company, people)
    habit = refill_habits(company, people)
    if company.kind == "shop":
        timeline = with_refills(company, people, timeline, left, habit)
        timeline, campaigns, assignments, messages = run_campaigns(company, people, timeline)
        if tally is not None:
            tally.add(campaigns)
        yield "assignments", assignments
        yield "messages", messages
    orders = Orders(company, people, timeline, habit, campaign_names(company))
    yield "orders", orders.rows()
    yield "order_lines", orders.lines()
    refunds, refund_lines = orders.refunds()
    yield "orders", refunds
    yield "order_lines", refund_lines
    yield "events", events(company, orders, left)
    yield "responses", answers(company, orders)
    yield "tickets", tickets(company, orders)
    if company.kind == "shop":
        yield "points", points(company, orders)
        yield "subscriptions", boxes(company, people)[2]


def _accounts(company: Company, first: int, count: int) -> Iterator[tuple[str, pa.Table]]:
    accounts = Accounts(company, first, count)
    yield "accounts", accounts.rows()
    yield "customers", accounts.user_rows()
    yield "subscriptions", accounts.subscription_rows()
    if company.saas.invoices:
        yield "orders", accounts.invoice_rows()
    yield "events", usage(company, accounts)
    yield "tickets", account_tickets(company, accounts)
    yield "responses", account_answers(company, accounts)
