"""Companies that no model was made for: an answer with an honest width, or none; never a number that is none, never a fault."""

import json
import math
import random
from datetime import date, timedelta

import pytest

from regulars.metrics import Undefined
from regulars.predictions.value import audit_value, fit_company, forecast

CHANCE = random.Random(4)


def order(day, customer, amount=1000):
    return {"at": date(2024, 1, 1) + timedelta(days=day), "customer": customer, "amount": amount}


def scattered(orders, customers, days, amounts=(1000,)):
    return [order(CHANCE.randrange(days), f"c{CHANCE.randrange(customers)}", CHANCE.choice(amounts)) for _ in range(orders)]


STRANGE = {
    "one order": [order(0, "a")],
    "one customer, two days": [order(0, "a"), order(1, "a")],
    "everybody on one day": [order(0, f"c{i}") for i in range(60)],
    "one purchase each": [order(i, f"c{i}") for i in range(200)],
    "everybody back on the next day": [order(day, f"c{i}") for i in range(60) for day in (0, 1)],
    "everybody every day": [order(day, f"c{i}") for i in range(25) for day in range(60)],
    "like clockwork": [order(day * 30 + i % 3, f"c{i}") for i in range(60) for day in range(12)],
    "one value only": scattered(400, 60, 200),
    "pennies": scattered(400, 60, 200, (1,)),
    "pennies and billions": scattered(400, 60, 200, (1, 10**11)),
    "nothing but one order of zero value": [*(order(i, f"c{i % 9}", 0) for i in range(100)), order(3, "x")],
    "asleep for years": [*scattered(300, 80, 60), order(900, "z")],
    "all at the very end": [order(0, "a"), *(order(300 + i % 3, f"c{i % 80}") for i in range(300))],
    "forty": scattered(90, 40, 200),
}


def numbers(found):
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list):
        return [n for part in found for n in numbers(part)]
    return [found] if isinstance(found, float) else []


@pytest.mark.suite
class TestStrangeCompanies:
    @pytest.mark.parametrize("name", STRANGE)
    def test_get_an_answer(self, opened, name):
        months = 1 if len(name) % 3 == 0 else 36
        session = opened(orders=STRANGE[name], margin_rate=0.3, discount_rate=0.1)
        value, ahead = fit_company(session, months=months), forecast(session, months=months)
        assert not isinstance(value, Undefined)
        assert not isinstance(ahead, Undefined)
        audit = audit_value(session, days=60)
        said = [value.customers().to_pylist(), value.total().to_pylist(), json.loads(json.dumps(value.as_dict()))]
        said += [table.to_pylist() for table in (ahead.ahead, ahead.past, ahead.backtest, ahead.coverage, *audit.tables.values())]
        assert all(math.isfinite(n) for n in numbers(said))
        assert all(str(note) for note in (*value.notes, *ahead.notes, *audit.notes))
        total = value.total().to_pylist()[1]
        assert 0 <= total["value_low_minor"] < total["value_minor"] < total["value_high_minor"]

    def test_longer_ahead_than_back_are_wide_and_say_so(self, opened):
        value = fit_company(opened(orders=STRANGE["forty"]), months=36)
        assert value.note("beyond_history")
        total = value.total().to_pylist()[1]
        assert total["value_high_minor"] > 2 * total["value_minor"]
