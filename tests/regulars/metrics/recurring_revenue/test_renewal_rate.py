"""Renewal rate."""

from __future__ import annotations

from datetime import date

from tests.builders import company, value


def term(name, end, at="2023-03-01", change="start", **more):
    return {"at": at, "customer": name, "subscription": name, "mrr": 100, "term_end": end, "change": change, **more}


ROWS = [
    term("early", "2024-03-01"),
    term("early", "2025-03-01", "2024-02-20", "renew"),
    term("in grace", "2024-03-01"),
    term("in grace", "2025-03-01", "2024-03-15", "renew"),
    term("too late", "2024-03-01"),
    term("too late", "2025-03-01", "2024-03-16", "renew"),
    term("cancelled", "2024-03-01"),
    term("cancelled", None, "2024-03-01", "cancel"),
    term("changed while it ran", "2024-03-10"),
    term("changed while it ran", "2024-03-10", "2023-09-01", "upgrade"),
    term("changed while it ran", None, "2024-03-10", "cancel"),
    term("still in grace", "2024-03-25"),
]


class TestRenewalRate:
    def test_counts_terms_once_and_leaves_out_those_in_their_grace(self):
        with company(subscriptions=ROWS, renewal_grace_days=14, as_of=date(2024, 3, 31)) as session:
            found = value(session, "renewal_rate", "2024-03-01", "2024-04-01")
            assert (found.numerator, found.denominator, found.excluded) == (2, 5, 1)

    def test_of_a_window_without_an_end_of_term_is_undefined(self):
        with company(subscriptions=ROWS, as_of=date(2024, 3, 31)) as session:
            assert value(session, "renewal_rate", "2024-01-01", "2024-02-01").as_dict()["undefined"] == "no_data"
