"""Random small companies of the same nasty shape: a generator that needs only a seed and sizes, and a hypothesis strategy over both.

Every table has a stream of chance of its own, so that hypothesis can make one table smaller and leave the rest as it was.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.companies.build import Builder

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
PEOPLE = ("p1", "p2", "p3", "p4", "p5", "p6", "p7", "cookie-1", "cookie-2", None)
PRODUCTS = ("cd", "book", "game", None)
CLOCKS = ("00:00:00", "00:00:01", "01:59:59", "02:30:00", "03:00:00", "09:15:00", "12:00:00", "12:00:00", "18:45:30", "23:59:59")
FIRST = date(2024, 1, 20)
"""The company begins some weeks before the clocks change, and lives about half a year."""
DAYS = 170


@dataclass(frozen=True)
class Sizes:
    """How many rows (or cases) of each kind."""

    orders: int = 20
    refunds: int = 5
    returns: int = 5
    cancellations: int = 3
    customers: int = 5
    identities: int = 3
    subscriptions: int = 4
    events: int = 5
    responses: int = 12
    tickets: int = 5
    costs: int = 5
    messages: int = 6
    accounts: int = 2
    predictions: int = 3
    superseded: int = 2


@dataclass(frozen=True)
class Company:
    """What a company is made from; its tables and rules follow from it."""

    seed: int
    sizes: Sizes = field(default_factory=Sizes)

    @property
    def rules(self) -> dict[str, Any]:
        chance = random.Random(f"{self.seed} rules")
        return {
            "time_zone": chance.choice(ZONES),
            "currency": "EUR",
            "inactive_after_days": chance.choice((7, 20, 45)),
            "churn_by": chance.choice(("inactive", "inactive", "cancelled", "auto")),
            "customer_unit": chance.choice(("person", "person", "account")),
            "renewal_grace_days": chance.choice((0, 7, 14)),
            "meaningful_events": chance.choice(((), ("Lesson Finished",))),
            "margin_rate": chance.choice((None, 0.35)),
        }

    @property
    def as_of(self) -> datetime | date | None:
        chance = random.Random(f"{self.seed} as of")
        day = FIRST + timedelta(days=chance.randrange(90, DAYS))
        return chance.choice((None, day, datetime.combine(day, time(10, 30))))

    @property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        return _Maker(self.seed, self.sizes, self.rules["time_zone"]).tables


class _Maker:
    def __init__(self, seed, sizes, zone):
        self.seed, self.b = seed, Builder(zone)
        self.bought = []
        for name in (
            "customers",
            "identities",
            "orders",
            "refunds",
            "returns",
            "cancellations",
            "subscriptions",
            "events",
            "responses",
            "tickets",
            "costs",
            "messages",
            "accounts",
            "predictions",
        ):
            self.chance = random.Random(f"{seed} {name}")
            for position in range(getattr(sizes, name)):
                getattr(self, f"one_of_{name}")(position)
        self.chance = random.Random(f"{seed} superseded")
        self.supersede(sizes.superseded)
        for currency, rate in (("USD", 0.9), ("USD", 0.95), ("JPY", 0.0061)):
            day = FIRST - timedelta(days=30) if rate != 0.95 else FIRST + timedelta(days=60)
            self.b.rate(day, currency, rate)
        self.tables = self.b.tables

    def instant(self, first=0, last=DAYS):
        day = FIRST + timedelta(days=self.chance.randrange(first, last))
        return self.b.at(day, self.chance.choice(CLOCKS))

    def person(self):
        return self.chance.choice(PEOPLE)

    def some(self, *values):
        return self.chance.choice(values)

    def account(self):
        return self.some(None, None, None, "acme", "bolt")

    def one_of_customers(self, position):
        self.b.add(
            "customers",
            f"person {position:03d}",
            self.instant(),
            self.some(*PEOPLE[:-1]),
            account=self.account(),
            country=self.some(None, "DE", "FR"),
            acquisition_channel=self.some(None, "search", "social", "print"),
            acquisition_campaign=self.some(None, "spring"),
            stage=self.some(None, "lead", "customer"),
        )

    def one_of_identities(self, _position):
        identity = self.some("cookie-1", "cookie-2", "p7")
        self.b.belongs(identity, self.some(identity, "p1", "p2"), self.instant())

    def line(self, *, goods=True):
        product = self.some(*PRODUCTS)
        quantity = self.some(1, 1, 2, 3, 7)
        columns = {
            "category": None if product is None else self.some({"cd": "music", "book": "books"}.get(product), None),
            "unit_cost_minor": self.some(None, None, 100.0, 33.25),
            "is_goods": goods and product is not None,
        }
        return (product, quantity, quantity * self.some(0, 1, 333, 999, 1500), columns)

    def one_of_orders(self, position):
        lines = [self.line() for _ in range(self.some(0, 1, 1, 2, 3))]
        columns = {
            "amount": None if lines else self.some(0, 1, 500, 12345),
            "currency": self.some("EUR", "EUR", "EUR", "USD", "JPY"),
            "channel": self.some(None, "web", "search", "social"),
            "campaign": self.some(None, None, "spring"),
            "country": self.some(None, "DE", "AT"),
            "discount_minor": self.some(None, 0, 100),
            "account": self.account(),
        }
        at, person = self.instant(), self.person()
        self.b.order(f"o{position:02d}", at, person, *lines, **columns)
        self.bought.append((f"o{position:02d}", at, person, lines, columns))

    def one_of_refunds(self, position):
        if not self.bought:
            return
        order_id, at, person, lines, columns = self.some(*self.bought)
        later = at + timedelta(days=self.some(0, 1, 20, 90), hours=self.some(0, 5))
        amount = (columns["amount"] if columns["amount"] is not None else sum(line[2] for line in lines)) // self.some(1, 2, 3)
        part = 10 + position
        self.b.refund(
            order_id, later, person, *lines[:1], amount=amount, part=part, currency=columns["currency"], account=columns["account"]
        )

    def one_of_returns(self, position):
        lines = [self.line() for _ in range(self.some(0, 1, 1, 2))]
        amount = None if lines else self.some(100, 500)
        currency = self.some("EUR", "EUR", "USD")
        at = self.some(*self.bought)[1] if self.bought and self.some(True, False, False) else self.instant()
        self.b.refund(f"r{position:02d}", at, self.person(), *lines, amount=amount, linked=False, currency=currency, account=self.account())

    def one_of_cancellations(self, _position):
        done = {r["order_id"] for r in self.b.tables["orders"] if r["kind"] == "cancellation"}
        open_ = [o for o in self.bought if o[0] not in done]
        if open_:
            order_id, at, *_ = self.some(*open_)
            self.b.cancel(order_id, at + timedelta(days=self.some(0, 3, 60), minutes=1))

    def one_of_subscriptions(self, position):
        at, person, account = self.instant(0, DAYS // 2), self.some(*PEOPLE), self.account()
        currency, mrr = self.some("EUR", "EUR", "USD"), self.some(0, 500, 1000)
        change = "start"
        for _ in range(self.some(1, 2, 3, 4)):
            term = at + timedelta(days=self.some(10, 30, 60)) if self.some(True, False) else None
            decided = at - timedelta(days=self.some(0, 0, 10))
            stopped = change in {"cancel", "pause"}
            self.b.subscribe(
                f"s{position}",
                change,
                at,
                0 if stopped else mrr,
                person,
                decided_at=decided,
                term_end=None if stopped else term,
                currency=currency,
                account=account,
            )
            at += timedelta(days=self.some(0, 1, 15, 30, 60), hours=self.some(0, 0, 7))
            change = self.some("renew", "upgrade", "downgrade", "pause", "resume", "cancel")
            mrr = self.some(500, 700, 1200)

    def one_of_events(self, _position):
        self.b.event(self.some("Lesson Finished", "Page Viewed"), self.instant(), self.person(), account=self.account())

    def one_of_responses(self, position):
        measure = self.some("nps", "csat", "ces", "rating", "other")
        low, high = {"nps": (0.0, 10.0), "ces": (1.0, 7.0)}.get(measure, (1.0, self.some(5.0, 5.0, 5.0, 10.0)))
        state = self.some("invited", "started", "answered", "answered", "answered", "finished")
        score = float(self.chance.randint(int(low), int(high))) if state == "answered" and self.some(True, True, False) else None
        self.b.answer(
            f"R{self.chance.randrange(max(1, position))}",
            self.instant(),
            state,
            self.person(),
            account=self.account(),
            measure=measure if state == "answered" else None,
            score=score,
            scale_min=low if score is not None else None,
            scale_max=high if score is not None else None,
            high_is_good=None if score is None else measure != "ces" or self.some(True, False),
            stage=self.some(None, "delivery", "support"),
            polarity=self.some(None, None, -1.0, 0.25),
        )

    def one_of_tickets(self, position):
        at, person, account = self.instant(), self.person(), self.account()
        for step in (
            "opened",
            *(self.some("replied", "replied", "resolved", "closed", "reopened", "rated") for _ in range(self.some(0, 1, 3, 5))),
        ):
            by = self.some("bot", "person", "bot") if step in {"replied", "resolved", "closed"} else None
            columns = {"score": float(self.some(1, 3, 5)), "scale_min": 1.0, "scale_max": 5.0} if step == "rated" else {}
            if step == "opened":
                columns = {
                    "topic": ("delivery", "Complaint", None)[position % 3],
                    "priority": ("normal", None, "urgent", None)[position % 4],
                }
            self.b.ticket(f"T{position}", at, step, by, person, account=account, polarity=self.some(None, 0.5), **columns)
            at += timedelta(minutes=self.some(0, 1, 30, 60 * 26))

    def one_of_messages(self, position):
        self.b.add(
            "messages",
            f"message {position:03d}",
            self.instant(),
            self.person(),
            account=self.account(),
            message_id=f"m{self.chance.randrange(max(1, position))}",
            step=self.some("sent", "delivered", "delivered", "opened", "clicked", "bounced"),
            machine=self.some(None, False, True),
            channel=self.some(None, "email", "E-Mail", "sms"),
        )

    def one_of_accounts(self, position):
        account = self.some("acme", "bolt")
        self.b.add("accounts", f"account {position:03d}", self.instant(), None, account=account, name=account, seats=self.some(None, 1, 5))

    def one_of_costs(self, _position):
        self.b.cost(
            FIRST + timedelta(days=self.chance.randrange(-20, DAYS)),
            self.some(1, 7, 30, 90),
            self.some(0, 10_000, 33_333),
            kind=self.some("media", "media", "wages", "software", "services", "overhead", "goods"),
            purpose=self.some("acquisition", "acquisition", "retention"),
            paid=self.some(True, False),
            channel=self.some(None, "search", "social", "web"),
            campaign=self.some(None, None, "spring"),
            leads=self.some(None, 0, 4),
            actions=self.some(None, 9),
            currency=self.some("EUR", "USD"),
        )

    def one_of_predictions(self, position):
        """A run: some of the people and accounts, some of the names."""
        at = self.instant() - timedelta(microseconds=1)
        for who, account in {(self.some(*PEOPLE[:-1]), self.account()) for _ in range(self.some(1, 4, 8))}:
            for name in ("churn_risk", "clv_minor", "health_score", "light", "money_at_risk_minor"):
                if self.some(True, True, True, False):
                    value = float(self.chance.randrange(6)) if name == "light" else self.chance.random() * self.some(1, 100, 10_000)
                    key, load = f"run-{position}/{name}/{who}/{account}", f"run-{position}"
                    self.b.add("predictions", key, at, who, load=load, account=account, name=name, value=value, model_version="m/1")

    def supersede(self, count):
        """Replace orders, with all their lines, by a new version that costs twice as much."""
        alone = [o for o in self.bought if len([r for r in self.b.tables["orders"] if r["order_id"] == o[0]]) == 1]
        for order_id, at, person, lines, columns in alone[:count]:
            for table in ("orders", "order_lines"):
                for row in [r for r in self.b.tables[table] if r["order_id"] == order_id]:
                    self.b.supersede(table, row["row_key"], "load-1", at)
            dearer = [(product, quantity, amount * 2, extra) for product, quantity, amount, extra in lines]
            changed = {**columns, "amount": None if columns["amount"] is None else columns["amount"] * 2}
            self.b.order(order_id, at + timedelta(days=self.some(0, 1)), person, *dearer, load="load-2", **changed)


def companies():
    """A strategy for companies: a seed, and sizes that shrink."""
    most = {name: default * 2 for name, default in Sizes.__dataclass_fields__.items() for default in [default.default]}
    sizes = st.builds(Sizes, **{name: st.integers(0, limit) for name, limit in most.items()})
    return st.builds(Company, seed=st.integers(0, 10_000), sizes=sizes)
