"""What every metric of the catalogue keeps to, whatever it measures."""

from __future__ import annotations

import importlib
import inspect
import itertools
import math
import pkgutil

import pytest

from regulars import metrics
from regulars.metrics.aggregation import query_text
from regulars.metrics.card import Grain, Interval, Shape, Unit
from regulars.metrics.catalogue import FAMILIES
from regulars.metrics.estimates import REASONS, Undefined
from regulars.tables import TABLES
from tests.builders import company, window
from tests.companies import nasty

NAMES = tuple(metrics.catalogue())
ROWS = tuple(n for n in NAMES if metrics.metric(n).card.shape is not Shape.DERIVED)
ARGUMENTS = {"clv_discounted": {"rate": 0.1}, "customer_equity": {"rate": 0.1}}
RULES = {**nasty.RULES, "inactive_after_days": 20}
SPAN = ("2023-09-01", "2024-07-01")
FUTURE = "2024-06-20T08:00:00"


def answers(session, name, windows=None, group_by=None):
    result = metrics.run(session, name, windows or window(session, *SPAN, "month"), group_by, **ARGUMENTS.get(name, {}))
    return [{**v.as_dict(), "beside": dict(v.beside)} for v in result]


def assert_equal(found, expected):
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        for key, value in theirs.items():
            if isinstance(value, float):
                assert mine[key] == pytest.approx(value, rel=1e-9, abs=1e-9), key
            elif key == "beside":
                assert mine[key] == pytest.approx(value) if all(isinstance(v, int | float) for v in value.values()) else mine[key] == value
            else:
                assert mine[key] == value, key


@pytest.fixture(scope="module")
def tables():
    return nasty.nasty()


@pytest.fixture(scope="module")
def session(tables):
    with company(as_of=nasty.AS_OF, **tables, **RULES) as opened:
        yield opened


@pytest.fixture(scope="module")
def shuffled(tables):
    turned = {name: list(reversed(rows))[1::2] + list(reversed(rows))[::2] for name, rows in tables.items()}
    with company(as_of=nasty.AS_OF, **turned, **RULES) as opened:
        yield opened


@pytest.fixture(scope="module")
def with_a_future(tables):
    """The same company with a copy of every row after as-of."""
    from datetime import datetime, timedelta

    later = datetime.fromisoformat("2030-01-01T12:00:00")

    def copy(row, i):
        moved = {**row, "occurred_at": later + timedelta(hours=i), "row_key": f"later {row['row_key']}"}
        return moved | {key: f"later {row[key]}" for key in ("order_id", "subscription_id", "response_id", "ticket_id") if row.get(key)}

    longer = {name: [*rows, *(copy(row, i) for i, row in enumerate(rows))] for name, rows in tables.items()}
    with company(as_of=nasty.AS_OF, **longer, **RULES) as opened:
        yield opened


@pytest.fixture(scope="module")
def only_a_message():
    with company(messages=[{"at": "2024-01-05", "message_id": "m", "step": "sent", "machine": False}]) as opened:
        yield opened


class TestTheCatalogue:
    @pytest.mark.parametrize("family", FAMILIES)
    def test_has_one_metric_of_the_same_name_in_every_file(self, family):
        package = importlib.import_module(f"regulars.metrics.{family}")
        files = {module.name for module in pkgutil.iter_modules(package.__path__)}
        assert files == {name for name, metric in metrics.catalogue().items() if metric.card.family == family}
        for name in files:
            assert metrics.metric(name).function.__module__ == f"regulars.metrics.{family}.{name}"
            assert metrics.metric(name).function.__name__ == name


@pytest.mark.parametrize("name", NAMES)
class TestACard:
    def test_is_complete(self, name):
        card = metrics.metric(name).card
        for text in (card.title, card.question, card.formula, card.undefined_when, card.source):
            assert text.strip()
        assert "?" in card.question
        assert card.symbols
        assert all(meaning.strip() for meaning in (*card.symbols.values(), *card.beside.values()))
        assert inspect.getdoc(metrics.metric(name).function)

    def test_explains_every_argument(self, name):
        card = metrics.metric(name).card
        assert set(card.argument_meanings) == set(card.defaults)

    def test_names_tables_that_exist(self, name):
        assert {table for needed in metrics.metric(name).card.needs for table in needed.split(" or ")} <= set(TABLES)

    def test_has_bands_that_follow_each_other(self, name):
        bands = metrics.metric(name).card.bands
        assert all(a.high == b.low for a, b in itertools.pairwise(bands))
        assert all(band.low < band.high for band in bands)

    def test_gives_shares_of_one_customer_each_a_wilson_interval_only(self, name):
        card = metrics.metric(name).card
        if card.interval is Interval.WILSON:
            assert card.shape is Shape.RATIO
            assert card.unit is Unit.RATIO
            assert not card.money


@pytest.mark.suite
@pytest.mark.parametrize("name", NAMES)
class TestAValue:
    def test_is_zero_or_undefined_with_a_reason_where_there_is_no_data(self, name, only_a_message):
        for row in answers(only_a_message, name, only_a_message.windows()):
            assert row["value"] is None
            assert row["undefined"] in REASONS

    def test_has_a_known_reason_where_there_is_none(self, name, session):
        assert {row["undefined"] for row in answers(session, name)} <= {None, *REASONS}

    def test_does_not_depend_on_the_order_of_rows(self, name, session, shuffled):
        assert_equal(answers(shuffled, name), answers(session, name))

    def test_does_not_depend_on_what_happens_after_as_of(self, name, session, with_a_future):
        assert_equal(answers(with_a_future, name), answers(session, name))

    def test_of_a_window_is_the_same_alone_and_among_others(self, name, session):
        windows = window(session, *SPAN, "month")
        among = answers(session, name, windows)
        assert_equal(answers(session, name, windows[3:4]), among[3:4])

    def test_lies_inside_its_interval(self, name, session):
        if metrics.metric(name).card.interval is Interval.ADJUSTED_WALD:
            return  # centred on shares with three quarters added, it leaves out a score of 100 or -100
        for row in answers(session, name):
            if row["low"] is not None:
                assert row["low"] - 1e-9 <= row["value"] <= row["high"] + 1e-9
                assert math.isfinite(row["low"])
                assert math.isfinite(row["high"])
                assert row["interval_method"] == metrics.metric(name).card.interval.value


@pytest.mark.suite
@pytest.mark.parametrize("name", ROWS)
class TestAMetricOfRows:
    def test_is_numerator_over_denominator(self, name, session):
        card = metrics.metric(name).card
        for row in answers(session, name):
            if row["value"] is None or row["numerator"] is None:
                continue
            if card.shape is Shape.TOTAL:
                assert row["value"] == pytest.approx(row["numerator"] * card.scale)
            elif row["denominator"]:
                assert row["value"] == pytest.approx(row["numerator"] / row["denominator"] * card.scale)

    @pytest.mark.parametrize("dialect", ["duckdb", "postgres", "clickhouse"])
    def test_compiles_for_every_engine(self, name, dialect, session):
        session.use_windows(session.windows())
        group_by = next(iter(metrics.dimensions(metrics.metric(name).card)), None)
        for group in {None, group_by}:
            text = query_text(name, group, ARGUMENTS.get(name, {}), dialect)[0]
            assert text.upper().startswith(("SELECT", "WITH"))

    def test_shows_its_rows_and_its_query(self, name, session):
        windows = window(session, *SPAN, "month")
        rows = metrics.rows_behind(session, name, windows, **ARGUMENTS.get(name, {}))
        assert "window_id" in rows.schema.names
        assert "SELECT" in metrics.sql(session, name, windows, **ARGUMENTS.get(name, {}))

    def test_adds_up_over_groups(self, name, session):
        card = metrics.metric(name).card
        if card.grain in (Grain.COST, Grain.COMPANY) or card.shape is Shape.CURVE or metrics.metric(name).within_group:
            return
        windows = window(session, *SPAN)
        (whole,) = metrics.run(session, name, windows, **ARGUMENTS.get(name, {}))
        parts = list(metrics.run(session, name, windows, "country", **ARGUMENTS.get(name, {})))
        if isinstance(whole.value, Undefined) or whole.numerator is None or any(isinstance(p.value, Undefined) for p in parts):
            return  # a group without a value says nothing of its parts
        assert sum(p.numerator or 0 for p in parts) == pytest.approx(whole.numerator)
        assert sum(p.denominator or 0 for p in parts) == pytest.approx(whole.denominator or 0)


BOUNDARY = {
    "orders": [
        {"at": "2024-03-31T21:59:59", "customer": "a", "amount": 100, "order": "o1"},
        {"at": "2024-03-31T22:00:00", "customer": "b", "amount": 1000, "order": "o2"},
        {"at": "2024-02-29T22:59:59", "customer": "c", "amount": 10000, "order": "o3"},
        {"at": "2024-02-29T23:00:00", "customer": "d", "amount": 100000, "order": "o4"},
        {"at": "2024-05-31T12:00:00", "customer": "e", "amount": 1, "order": "o5"},
    ]
}


@pytest.mark.suite
class TestAWindow:
    """March 2024 in Berlin is from 29 February 23:00 to 31 March 22:00 UTC: summer time began inside it."""

    def test_has_its_start_and_not_its_end(self):
        with company(**BOUNDARY, time_zone="Europe/Berlin") as session:
            (march,) = metrics.run(session, "revenue", window(session, "2024-03-01", "2024-04-01"))
            assert march.value == 1001.00

    def test_of_another_zone_holds_other_orders(self):
        with company(**BOUNDARY, time_zone="UTC") as session:
            (march,) = metrics.run(session, "revenue", window(session, "2024-03-01", "2024-04-01"))
            assert march.value == 11.00


class TestTwoCurrencies:
    @pytest.mark.parametrize(
        "name", [n for n in NAMES if metrics.metric(n).card.unit is Unit.MONEY and metrics.metric(n).card.shape is not Shape.DERIVED]
    )
    def test_without_a_rate_are_refused(self, name):
        from regulars.errors import MixedCurrencies

        rows = [
            {"at": "2024-01-05", "customer": "a", "amount": 100},
            {"at": "2024-01-06", "customer": "b", "amount": 100, "currency": "JPY"},
        ]
        subscriptions = [
            {"at": "2024-01-05", "customer": "a", "subscription": "s1", "mrr": 100},
            {"at": "2024-01-05", "customer": "b", "subscription": "s2", "mrr": 100, "currency": "JPY"},
        ]
        with company(orders=rows, subscriptions=subscriptions) as session, pytest.raises(MixedCurrencies):
            metrics.run(session, name, session.windows())


class TestCompanySettings:
    def test_targets_and_bands_of_the_company_are_shown(self, tables):
        bands = {"churn_rate": [["calm", 0, 0.2], ["rough", 0.2, 1.01]]}
        with company(as_of=nasty.AS_OF, **tables, **{**RULES, "targets": {"churn_rate": 0.1}, "bands": bands}) as session:
            (row,) = answers(session, "churn_rate", window(session, "2024-01-01", "2024-02-01"))
        assert row["target"] == 0.1
        assert row["band"] == ("calm" if round(row["value"], 2) < 0.2 else "rough")
