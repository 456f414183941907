"""A small but nasty company in Berlin: every awkward thing that the definitions speak of happens to it at least once.

Its time crosses both changes of the clock (2023-10-29 and 2024-03-31); it sells in euros, dollars and yen; it has refunds with and without
a link, cancellations, adjustments, merged and parted people, orders of nobody, ties, replaced rows, subscriptions that pause and
end, answers on several scales, cases for a bot and for people, costs over periods.
"""

from __future__ import annotations

from datetime import date, timedelta

from tests.companies.build import Builder
from tests.companies.nasty_predictions import predictions

RULES = {
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
    "inactive_after_days": 45,
    "churn_by": "inactive",
    "renewal_grace_days": 14,
    "meaningful_events": ("Lesson Finished",),
    "margin_rate": 0.4,
}
"""By orders; the same company judged by its subscriptions has `churn_by` "cancelled"."""

GOODS = {"category": "music", "unit_cost_minor": 310.5}
BOOK = {"category": "books", "unit_cost_minor": 700.0}
POSTAGE = {"is_goods": False, "category": None}


def nasty():
    """The company's tables: name -> rows."""
    b = Builder("Europe/Berlin")
    _rates(b)
    _people(b)
    _orders(b)
    _returns(b)
    _replaced(b)
    _subscriptions(b)
    _answers(b)
    _tickets(b)
    _costs(b)
    _events_and_messages(b)
    predictions(b)
    return b.tables


def _rates(b):
    b.rate("2023-09-01", "USD", 0.93)
    b.rate("2024-01-15", "USD", 0.915)
    b.rate("2024-03-31", "USD", 0.9275)
    b.rate("2023-09-01", "JPY", 0.0063)
    b.rate("2023-09-01", "EUR", 1.075, to="USD")  # the other way round: never used


def _people(b):
    known = [
        ("anna", "2023-10-02", {"country": "DE", "acquisition_channel": "search", "acquisition_campaign": "autumn", "stage": "lead"}),
        ("ben", "2023-10-05", {"country": "AT", "acquisition_channel": "search"}),
        ("carla", "2023-10-20", {"acquisition_channel": "social", "stage": "lead"}),
        ("dora", "2023-11-03", {"country": "FR", "acquisition_channel": "referral"}),
        ("emil", "2024-01-01", {"acquisition_channel": "social", "acquisition_campaign": "new year", "stage": "lead"}),
        ("lead-only", "2024-02-10", {"country": "DE", "acquisition_channel": "search", "stage": "lead"}),
        ("late-lead", "2024-03-30", {"country": "DE", "stage": "lead"}),
    ]
    for position, (who, day, columns) in enumerate(known):
        b.add("customers", f"person {position:02d}", b.at(day, "09:00"), who, **columns)
    # A later version without a country leaves the old one; two versions of the same instant: the greater row_key tells.
    b.add("customers", "person 20", b.at("2024-02-01"), "anna", acquisition_channel="search", stage="customer")
    b.add("customers", "person 21", b.at("2024-02-01"), "ben", country="CH")
    b.add("customers", "person 22", b.at("2024-02-01"), "ben", country="LI")
    b.belongs("cookie-7", "carla", b.at("2023-12-01", "10:00"))
    b.belongs("ben@old.example", "ben", b.at("2023-12-05", "10:00"))
    b.belongs("ben@old.example", "ben@old.example", b.at("2024-02-20", "10:00"), rule="unmerge")
    # Said twice at the same instant: the greater row_key tells.
    b.belongs("shared", "dora", b.at("2024-01-10", "10:00"))
    b.belongs("shared", "emil", b.at("2024-01-10", "10:00"))
    b.belongs("cookie-7", "emil", b.at("2025-01-01", "10:00"))  # after as-of: not yet said


def _orders(b):
    cd, book, post = ("cd", 2, 2990, GOODS), ("book", 1, 1800, BOOK), ("post", 1, 450, POSTAGE)
    # anna: a regular; the change to winter time and the one to summer time lie between her orders.
    for position, day in enumerate(
        ("2023-10-03", "2023-10-28", "2023-10-29", "2023-12-01", "2024-01-12", "2024-03-30", "2024-03-31", "2024-05-10")
    ):
        clock = "02:30" if day == "2023-10-29" else "00:00" if day == "2024-03-31" else "23:59:59" if day == "2024-03-30" else "18:15"
        b.order(
            f"a{position}", b.at(day, clock), "anna", cd, post, channel="web", campaign="autumn" if position == 0 else None, country="DE"
        )
    # ben: rows within seconds of local midnight, one of them in the month before by UTC; two orders at one instant.
    b.order("b1", b.at("2023-11-01", "00:00:30"), "ben", book, channel="web", country="AT")
    b.order("b2", b.at("2023-11-30", "23:59:30"), "ben", ("cd", 1, 1500, GOODS), book, channel="shop", country="AT")
    b.order("b3", b.at("2024-01-20", "11:00"), "ben@old.example", ("cd", 1, 1600, GOODS), channel="web", country="DE")
    b.order("b4", b.at("2024-01-20", "11:00"), "ben", ("game", 3, 8997, {"category": "games"}), discount_minor=500, channel="web")
    # carla bought before we knew who she was, and pays in dollars.
    b.order("c1", b.at("2023-11-11", "08:00"), "cookie-7", ("cd", 1, 1999, GOODS), currency="USD", channel="social", country="US")
    b.order("c2", b.at("2023-11-12", "08:00"), "carla", ("cd", 4, 7996, GOODS), ("book", 1, 2001, BOOK), currency="USD", channel="social")
    b.order("c3", b.at("2024-04-02", "08:00"), "carla", ("game", 1, 333, {"category": "games"}), currency="USD", channel="social")
    # dora in yen, an account's order, and a tie of hers with nobody's order.
    b.order("d1", b.at("2023-12-24", "20:00"), "dora", ("cd", 1, 3000, {"category": "music"}), currency="JPY", account="acme", country="JP")
    b.order("d2", b.at("2024-02-29", "20:00"), "shared", book, account="acme")
    b.order("n1", b.at("2024-02-29", "20:00"), None, book, ("cd", 1, 1500, GOODS), country="DE")
    b.order("n2", b.at("2023-12-31", "23:30"), None, amount=700, country="DE")
    # emil: first order worth nothing, second cancelled, third kept; f: once only; g: worth nothing at all.
    b.order("e1", b.at("2024-01-02"), "emil", ("gift", 1, 0, {"category": "gifts"}))
    b.order("e2", b.at("2024-01-05"), "emil", book, ("cd", 1, 1500, GOODS))
    b.cancel("e2", b.at("2024-01-06"))
    b.order("e3", b.at("2024-01-25"), "emil", ("cd", 1, 1500, GOODS), ("lamp", 1, 2500, {"category": None, "unit_cost_minor": 1000.0}))
    b.order("f1", b.at("2024-02-14", "14:00"), "frieda", ("cd", 1, 1500, GOODS), country="FR", channel="web")
    b.order("g1", b.at("2024-02-15", "14:00"), "gus", ("gift", 2, 0, {"category": "gifts"}))
    # an order with lines at two instants, over midnight and over the end of a month
    later = {**BOOK, "occurred_at": b.at("2024-05-01", "00:10")}
    b.order("h1", b.at("2024-04-30", "23:50"), "hana", ("cd", 1, 1500, GOODS), ("book", 1, 1800, later), channel="web", country="DE")
    b.order(
        "h2", b.at("2024-05-21", "09:00"), "hana", ("cd", 1, 1500, GOODS), ("book", 2, 3600, BOOK), ("card", 1, 300, {"category": None})
    )
    b.order("h3", b.at("2024-05-31", "23:59:59"), "hana", amount=1234)
    b.add("orders", "debt", b.at("2024-03-05"), None, order_id="debt", kind="adjustment", linked=False, amount_minor=-1106, currency="EUR")
    b.order("z9", b.at("2024-06-01", "00:00"), "anna", cd)  # the first instant that does not count at the end of May


def _returns(b):
    # With a link: in part; in full; more than once, the last one after the end of May.
    b.refund("a1", b.at("2023-11-02"), "anna", ("cd", 1, 1495, GOODS))
    b.refund("b1", b.at("2023-12-15"), "ben", ("book", 1, 1800, BOOK))
    b.refund("b4", b.at("2024-02-01"), "ben", ("game", 1, 2999, {"category": "games"}))
    b.refund("b4", b.at("2024-02-03"), "ben", ("game", 1, 2999, {"category": "games"}), part=2)
    b.refund("b4", b.at("2024-06-03"), "ben", ("game", 1, 2999, {"category": "games"}), part=3)
    # Refunded in part, then cancelled: the cancellation takes the rest.
    b.order("e4", b.at("2024-02-20"), "emil", ("cd", 3, 4500, GOODS))
    b.refund("e4", b.at("2024-02-22"), "emil", ("cd", 1, 1500, GOODS))
    b.cancel("e4", b.at("2024-02-25"))
    # Without a link: over several earlier orders, by a third of a cent; more than was ever bought; a product never bought; without lines.
    b.refund("r1", b.at("2024-04-10"), "anna", ("cd", 3, 4483, GOODS), linked=False)
    b.refund("r2", b.at("2024-04-11"), "carla", ("cd", 7, 9801, GOODS), linked=False, currency="USD")
    b.refund("r3", b.at("2024-04-12"), "dora", ("lamp", 1, 990), linked=False)
    b.refund("r4", b.at("2024-04-13"), "frieda", amount=200, linked=False)
    b.refund("r5", b.at("2024-04-14"), None, ("cd", 1, 1500, GOODS), linked=False)
    b.refund("r6", b.at("2024-05-22"), "hana", ("card", 1, 300, {"category": None}), (None, 1, 55), linked=False)
    # At the very instant of a purchase: that purchase is not earlier. Then two returns at one instant, told apart by their keys.
    b.order("i1", b.at("2024-03-01", "10:00"), "ida", ("cd", 2, 3001, GOODS), channel="shop")
    b.refund("r7", b.at("2024-03-01", "10:00"), "ida", ("cd", 1, 1500, GOODS), linked=False)
    b.order("i2", b.at("2024-03-02", "10:00"), "ida", ("cd", 1, 1500, GOODS), ("cd", 1, 1400, GOODS), channel="shop")
    b.refund("r9", b.at("2024-03-09", "10:00"), "ida", ("cd", 2, 2800, GOODS), linked=False)
    b.refund("r8", b.at("2024-03-09", "10:00"), "ida", ("cd", 1, 1499, GOODS), linked=False)


def _replaced(b):
    # The order came again with another amount: the rows of the first load are replaced.
    b.order("k1", b.at("2023-09-20", "10:00"), "kurt", ("cd", 9, 13500, GOODS), channel="web")
    for row in [r for name in ("orders", "order_lines") for r in b.tables[name] if r["order_id"] == "k1"]:
        table = "order_lines" if "product_id" in row else "orders"
        b.supersede(table, row["row_key"], "load-1", b.at("2024-01-02"))
    b.order("k1", b.at("2023-10-20", "10:00"), "kurt", ("cd", 1, 1500, GOODS), channel="web", load="load-2")
    # A support case step and an answer that were replaced by nothing.
    b.ticket("T9", b.at("2024-02-02"), "opened", None, "kurt", channel="chat")
    b.supersede("tickets", b.tables["tickets"][-1]["row_key"], "load-1", b.at("2024-02-03"))
    b.answer("R99", b.at("2024-02-02"), "answered", "kurt", measure="nps", score=0.0, scale_min=0.0, scale_max=10.0, high_is_good=True)
    b.supersede("responses", b.tables["responses"][-1]["row_key"], "load-1", b.at("2024-02-03"))


def _subscriptions(b):
    def year(day):
        return b.at(date.fromisoformat(day) + timedelta(days=365), "00:00")

    b.subscribe("s1", "start", b.at("2023-10-03", "18:15"), 1000, "anna", plan="basic", term_end=b.at("2024-04-03", "00:00"))
    b.subscribe("s1", "upgrade", b.at("2024-01-01", "00:00"), 1500, "anna", before=1000, plan="plus", term_end=b.at("2024-04-03", "00:00"))
    b.subscribe("s1", "renew", b.at("2024-04-10", "09:00"), 1500, "anna", before=1500, plan="plus", term_end=b.at("2024-10-03", "00:00"))
    # ben pauses, comes back smaller and cancels ahead of time; the cancellation was decided before it took effect.
    b.subscribe("s2", "start", b.at("2023-11-01", "00:00"), 2000, "ben", plan="plus")
    b.subscribe("s2", "pause", b.at("2024-01-15"), 0, "ben", before=2000)
    b.subscribe("s2", "resume", b.at("2024-02-20"), 1200, "ben@old.example", before=0)
    b.subscribe("s2", "cancel", b.at("2024-05-15", "00:00"), 0, "ben", decided_at=b.at("2024-04-01"), before=1200, reason="price")
    # carla's term ran out and nothing followed: over after the grace. In dollars.
    b.subscribe("s3", "start", b.at("2023-12-01"), 3000, "cookie-7", term_end=b.at("2024-03-01", "12:00"), currency="USD")
    # dora: two subscriptions, the second one started on the same day; one downgraded, then both at one instant.
    b.subscribe("s4", "start", b.at("2024-01-31", "23:30"), 900, "dora", account="acme")
    b.subscribe("s5", "start", b.at("2024-01-31", "08:00"), 400, "dora", account="acme", term_end=year("2024-01-31"))
    b.subscribe("s4", "downgrade", b.at("2024-03-31", "00:00"), 500, "dora", before=900, account="acme")
    b.subscribe("s4", "upgrade", b.at("2024-03-31", "00:00"), 700, "dora", before=500, account="acme")
    # emil's payment failed; he is won back; renewed after the grace. nobody's subscription counts as revenue only.
    b.subscribe("s6", "start", b.at("2023-11-15"), 800, "emil", term_end=b.at("2024-02-15"))
    b.subscribe("s6", "cancel", b.at("2024-03-10"), 0, "emil", before=800, involuntary=True)
    b.subscribe("s6", "start", b.at("2024-05-02"), 600, "emil", before=0, term_end=b.at("2024-05-25"))
    b.subscribe("s7", "start", b.at("2024-02-01"), 250, None)
    # in and out inside one month
    b.subscribe("s8", "start", b.at("2024-04-05"), 300, "frieda")
    b.subscribe("s8", "cancel", b.at("2024-04-20"), 0, "frieda", before=300)


def _answers(b):
    nps = {"measure": "nps", "scale_min": 0.0, "scale_max": 10.0, "high_is_good": True, "question": "recommend"}
    for position, (who, day, score) in enumerate(
        [
            ("anna", "2024-01-10", 9.0),
            ("anna", "2024-01-28", 6.0),
            ("ben", "2024-01-10", 10.0),
            ("cookie-7", "2024-01-11", 8.0),
            ("dora", "2024-01-31", 7.0),
            (None, "2024-01-12", 3.0),
            (None, "2024-01-12", 10.0),
            ("emil", "2024-02-01", 9.0),
            ("emil", "2024-02-01", 2.0),
            ("frieda", "2024-02-20", None),
            ("hana", "2024-05-20", 0.0),
        ]
    ):
        b.answer(
            f"R{position:02d}",
            b.at(day, "10:00"),
            "answered",
            who,
            score=score,
            stage="after purchase" if position % 2 else "after support",
            **nps,
        )
    stars = {"measure": "csat", "scale_min": 1.0, "scale_max": 5.0, "high_is_good": True}
    for position, (who, day, score) in enumerate(
        [("anna", "2024-02-03", 5.0), ("ben", "2024-02-04", 4.0), (None, "2024-02-05", 2.0), ("anna", "2024-03-05", 3.0)]
    ):
        b.answer(f"C{position:02d}", b.at(day), "answered", who, score=score, stage="delivery", **stars)
    # March holds answers on a second scale: no mean of both.
    b.answer("C10", b.at("2024-03-06"), "answered", "ben", **{**stars, "scale_max": 7.0, "score": 6.0}, stage="checkout")
    # Effort was asked both ways round.
    b.answer("E00", b.at("2024-02-07"), "answered", "anna", measure="ces", score=6.0, scale_min=1.0, scale_max=7.0, high_is_good=True)
    b.answer("E01", b.at("2024-02-08"), "answered", "carla", measure="ces", score=6.0, scale_min=1.0, scale_max=7.0, high_is_good=False)
    for position, score in enumerate((5.0, 4.0, 1.0)):
        columns = {
            "measure": "rating",
            "scale_min": 1.0,
            "scale_max": 5.0,
            "high_is_good": True,
            "polarity": (score - 3) / 2,
            "polarity_model": "by hand",
        }
        b.answer(
            f"G{position:02d}",
            b.at("2024-04-15", f"1{position}:00"),
            "answered",
            ("anna", "ben", None)[position],
            score=score,
            text="said something",
            **columns,
        )
    # Invited, started, finished: one of each ending; one answers in the month after, one after the end of May.
    for response, who, *steps in [
        ("Q1", "anna", ("invited", "2024-04-28"), ("started", "2024-04-29"), ("answered", "2024-05-02"), ("finished", "2024-05-02")),
        ("Q2", "ben", ("invited", "2024-04-28"), ("started", "2024-04-30")),
        ("Q3", None, ("invited", "2024-04-28"), ("invited", "2024-05-05")),
        ("Q4", "dora", ("invited", "2024-05-30"), ("started", "2024-05-30"), ("finished", "2024-06-02")),
    ]:
        for state, day in steps:
            b.answer(response, b.at(day, "08:00"), state, who, survey_id="spring", measure="other")


def _tickets(b):
    cases = [
        (
            "T1",
            "anna",
            [
                ("2024-01-08 09:00", "opened", None),
                ("2024-01-08 09:01", "replied", "bot"),
                ("2024-01-08 09:05", "resolved", "bot"),
                ("2024-01-08 10:00", "rated", None),
            ],
        ),
        (
            "T2",
            "ben",
            [
                ("2024-01-09 09:00", "opened", None),
                ("2024-01-09 09:02", "replied", "bot"),
                ("2024-01-09 11:00", "replied", "person"),
                ("2024-01-10 09:00", "closed", "person"),
                ("2024-01-11 10:00", "rated", None),
            ],
        ),
        (
            "T3",
            "cookie-7",
            [
                ("2024-01-12 22:00", "opened", None),
                ("2024-01-15 08:30", "replied", "person"),
                ("2024-01-15 09:00", "resolved", "person"),
                ("2024-01-16 09:00", "reopened", None),
                ("2024-01-17 12:00", "closed", "person"),
            ],
        ),
        ("T4", None, [("2024-01-31 23:59", "opened", None), ("2024-02-01 00:00", "replied", "bot")]),
        (
            "T5",
            "dora",
            [("2024-03-30 23:30", "opened", None), ("2024-03-31 03:30", "replied", "person"), ("2024-03-31 03:30", "replied", "bot")],
        ),
        ("T6", "emil", [("2024-02-05 10:00", "opened", None)]),
        (
            "T7",
            "emil",
            [
                ("2024-02-06 10:00", "opened", "bot"),
                ("2024-02-06 10:00", "replied", "bot"),
                ("2024-02-06 10:30", "closed", None),
                ("2024-03-02 10:00", "rated", None),
            ],
        ),
        ("T8", "anna", [("2024-05-31 12:00", "opened", None), ("2024-06-01 12:00", "replied", "person")]),
    ]
    for ticket, who, steps in cases:
        for moment, step, by in steps:
            day, clock = moment.split()
            columns = {"score": 4.0 if ticket == "T1" else 2.0, "scale_min": 1.0, "scale_max": 5.0} if step == "rated" else {}
            if step == "opened":
                columns = {
                    "channel": "chat",
                    "topic": "delivery" if ticket < "T4" else None,
                    "priority": "normal",
                    "polarity": -0.25 if ticket == "T2" else None,
                }
            b.ticket(ticket, b.at(day, clock), step, by, who, **columns)
    # Complaints by topic and by priority, in any case of letters: one resolved, one reopened, one of an account by another person.
    for ticket, who, marks, *steps in [
        ("T10", "hana", {"topic": "Complaint"}, ("2024-04-20", "opened"), ("2024-04-25", "resolved")),
        ("T11", "ida", {"priority": "URGENT"}, ("2024-04-22", "opened"), ("2024-04-23", "resolved"), ("2024-04-24", "reopened")),
        ("T12", "kurt", {"topic": "complaint", "account": "acme"}, ("2024-03-01", "opened"), ("2024-03-31", "closed")),
    ]:
        for day, step in steps:
            b.ticket(ticket, b.at(day, "23:30"), step, "person", who, **(marks if step == "opened" else {}))


def _costs(b):
    b.cost("2024-01-01", 31, 3_100_00, channel="search", campaign="new year", leads=10, actions=41)
    b.cost("2024-01-16", 30, 100_01, channel="social", leads=0, actions=7)
    b.cost("2023-10-01", 274, 2_740_00, kind="wages", paid=False)
    b.cost("2024-02-01", 29, 12_00, kind="software", paid=False, channel="referral")
    b.cost("2024-03-15", 60, 600_00, channel="social", campaign="autumn", currency="USD", leads=3)
    b.cost("2024-01-01", 366, 366_00, kind="overhead", paid=False)
    b.cost("2024-02-01", 60, 60_00, kind="services", purpose="retention", paid=False)
    b.cost("2023-09-01", 30, 90_00, kind="goods", purpose="retention", paid=False)
    b.cost("2024-05-20", 31, 310_00, channel="search", leads=2, actions=2)


def _events_and_messages(b):
    for position, (who, day, clock, name) in enumerate(
        [
            ("anna", "2024-02-20", "00:00", "Lesson Finished"),
            ("dora", "2024-04-30", "23:59:59", "Lesson Finished"),
            ("cookie-7", "2024-02-01", "12:00", "Lesson Finished"),
            ("cookie-7", "2024-02-01", "12:00", "Page Viewed"),
            (None, "2024-02-01", "12:00", "Lesson Finished"),
            ("only-events", "2024-03-31", "03:00", "Lesson Finished"),
            ("anna", "2023-09-25", "12:00", "Page Viewed"),
        ]
    ):
        b.event(name, b.at(day, clock), who, product_id="cd" if position % 2 else None)
    for position, (who, step) in enumerate(
        [("anna", "sent"), ("anna", "delivered"), ("anna", "opened"), ("ben", "sent"), ("ben", "bounced"), (None, "sent")]
    ):
        b.add(
            "messages",
            f"message {position}",
            b.at("2024-03-20", f"10:0{position}"),
            who,
            message_id=f"m-{who}",
            step=step,
            channel="email",
            campaign="spring",
            machine=step == "opened",
        )
    for position, (who, message, day, step, machine) in enumerate(
        [
            ("anna", "m1", "2023-11-05", "delivered", None),
            ("anna", "m1", "2023-11-06", "clicked", False),
            ("anna", "m2", "2024-04-05", "delivered", None),
            ("cookie-7", "m3", "2024-04-05", "opened", None),
            ("carla", "m3", "2024-04-07", "clicked", None),
            ("dora", "m4", "2024-03-31", "opened", True),
        ]
    ):
        b.add("messages", f"message 1{position}", b.at(day, "00:30"), who, message_id=message, step=step, channel="email", machine=machine)
    for who, day, clock in [("dora", "2024-04-29", "12:00"), ("emil", "2024-04-29", "18:00"), ("shared", "2024-01-31", "00:00")]:
        b.event("Lesson Finished", b.at(day, clock), who, account="acme")
    b.add("accounts", "account 1", b.at("2024-02-01"), None, account="acme", name="Acme", seats=7)
    b.add("accounts", "account 2", b.at("2024-03-01"), None, account="acme", name="Acme")
    b.add("points", "points 0", b.at("2024-03-20"), "anna", entry="earn", points=100)
    b.add("accounts", "account 0", b.at("2024-01-01"), None, account="acme", name="Acme", country="FR", seats=5)


AS_OF = date(2024, 5, 31)
"""Rows after the end of this day must change nothing."""
