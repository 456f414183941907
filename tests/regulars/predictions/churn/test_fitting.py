from datetime import date, timedelta

import numpy as np
import pytest

from regulars.errors import ArgumentRefused
from regulars.metrics.estimates import Undefined
from regulars.predictions import churn
from regulars.predictions.churn import choosing
from regulars.predictions.churn.card import NOTES
from regulars.predictions.churn.model import ChurnModel
from tests.regulars.predictions.churn.shops import START, coming_and_going, order_table, session_of, subscribers

pytestmark = pytest.mark.suite


def orders(*rows):
    """Orders as (customer number, day after the start, amount)."""
    rows = sorted(rows, key=lambda row: row[1])
    return order_table([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])


@pytest.fixture(scope="module")
def shop():
    """A session of a shop of 400, its model, and its snapshot of now."""
    with session_of(orders=coming_and_going(300, 500)) as session:
        yield session, churn.fit(session), churn.take(session, session.as_of_day, 90)


class TestModel:
    def test_gives_a_risk_to_everybody_it_is_about(self, shop):
        _, model, now = shop
        risk, concerned = model.risk(now), model.applies(now)
        assert concerned.all()
        assert len(risk) == now.facts.num_rows
        assert ((risk > 0) & (risk < 1)).all()

    def test_ranks_the_silent_above_the_recent(self, shop):
        _, model, now = shop
        since = now.facts.column("days_since_order").to_numpy()
        risk = model.risk(now)
        assert risk[since > 200].mean() > risk[since < 20].mean() + 0.2

    def test_gives_an_interval_that_holds_each_risk(self, shop):
        _, model, now = shop
        risk = model.risk(now)
        low, high = model.interval(risk)
        assert ((low <= risk) & (risk <= high) & (low >= 0) & (high <= 1)).all()
        assert ((high - low) > 0).all()

    def test_reasons_and_baseline_sum_to_the_score(self, shop):
        _, model, now = shop
        rows = np.arange(0, now.facts.num_rows, 7)
        total = sum(model.reasons(now, rows).values()) + model.baseline(now)
        assert np.allclose(total, model.raw(now, rows), atol=1e-10)
        assert set(model.reasons(now, rows)) <= set(churn.REASONS)

    def test_gives_the_same_risks_from_its_files(self, shop):
        _, model, now = shop
        again = ChurnModel.from_files(model.as_files())
        assert np.array_equal(again.risk(now), model.risk(now))
        assert again.card == model.card
        assert again.version == model.version

    @pytest.mark.suite
    def test_is_the_same_when_fitted_again(self, shop):
        session, model, _ = shop
        assert churn.fit(session).as_files() == model.as_files()

    def test_holds_no_customer(self, shop):
        _, model, _ = shop
        assert all(b"c00" not in data for data in model.as_files().values())

    def test_does_not_need_the_season(self, shop):
        _, model, now = shop
        from regulars.predictions.snapshots import Snapshot

        assert np.isfinite(model.risk(Snapshot(now.day, now.facts))).all()


class TestCard:
    def test_says_which_snapshot_did_what(self, shop):
        session, model, _ = shop
        roles = [row["role"] for row in model.card.snapshots]
        assert roles[-2:] == ["choosing", "reporting"]
        assert set(roles[:-2]) == {"training"}
        days = [date.fromisoformat(row["as_of"]) for row in model.card.snapshots]
        assert all((b - a).days >= 90 for a, b in zip(days, [*days[1:], session.as_of_day], strict=True))

    def test_reports_every_candidate_on_both_snapshots(self, shop):
        _, model, _ = shop
        reported = {(row["role"], row["model"]) for row in model.card.scores}
        assert {("choosing", kind) for kind in ("logistic", "recency", "clv", "lightgbm")} <= reported
        assert {("reporting", kind) for kind in ("logistic", "recency", "clv", "lightgbm")} <= reported
        assert all(0 <= row["brier"] <= 1 for row in model.card.scores)

    def test_names_features_libraries_drift_and_version(self, shop):
        _, model, _ = shop
        assert {row["reason"] for row in model.card.features} <= set(churn.REASONS)
        assert set(model.card.libraries) == {"lightgbm", "numpy", "scikit-learn", "scipy"}
        assert all(row["psi"] >= 0 for row in model.card.drift)
        assert len(model.version) == 16
        assert date.fromisoformat(model.card.data_from) >= START

    def test_has_words_for_its_notes(self, shop):
        _, model, _ = shop
        assert [NOTES[code] for code in model.card.notes] == model.card.sentences()


@pytest.mark.suite
class TestFit:
    def test_does_without_lightgbm_and_says_so(self, monkeypatch):
        monkeypatch.setattr(choosing, "available", lambda: False)
        with session_of(orders=coming_and_going(200)) as session:
            model = churn.fit(session)
        assert "lightgbm_not_loaded" in model.card.notes
        assert all(row["model"] != "lightgbm" for row in model.card.scores)

    def test_with_two_snapshots_chooses_on_a_half_and_reports_on_the_later(self):
        with session_of(orders=coming_and_going(300, 290)) as session:
            model = churn.fit(session)
        assert [row["role"] for row in model.card.snapshots] == ["training and choosing", "reporting"]
        assert "chosen_on_half" in model.card.notes

    def test_with_one_snapshot_reports_nothing_and_says_so(self):
        with session_of(orders=coming_and_going(300, 200)) as session:
            model = churn.fit(session)
        assert [row["role"] for row in model.card.snapshots] == ["training and choosing"]
        assert {row["role"] for row in model.card.scores} == {"choosing"}
        assert "no_later_report" in model.card.notes
        assert model.interval(np.array([0.5])) is None

    def test_without_an_outcome_is_the_value_model(self):
        with session_of(orders=coming_and_going(300, 120, rate=1 / 15)) as session:
            model = churn.fit(session)
            risk = model.risk(churn.take(session, session.as_of_day, 90))
        assert model.card.kind == "clv"
        assert "no_outcomes" in model.card.notes
        assert ((risk >= 0) & (risk <= 1)).all()

    def test_of_days_that_touch_each_other_is_refused(self):
        with session_of(orders=coming_and_going(50, 300)) as session, pytest.raises(ArgumentRefused, match="was not known"):
            churn.fit(session, train=[date(2022, 5, 1), date(2022, 6, 1)])

    def test_takes_a_date_as_the_end_of_that_day(self):
        with session_of(orders=coming_and_going(200)) as session:
            model = churn.fit(session, train=[date(2022, 9, 1), date(2022, 12, 1)], test=date(2023, 3, 1))
        assert [row["as_of"] for row in model.card.snapshots] == ["2022-09-01", "2022-12-01", "2023-03-01"]


@pytest.mark.suite
class TestFewCustomers:
    def test_a_company_of_forty_gets_a_simple_model(self):
        with session_of(orders=coming_and_going(40)) as session:
            model = churn.fit(session)
            risk = model.risk(churn.take(session, session.as_of_day, 90))
        assert "few_outcomes" in model.card.notes
        assert model.card.kind in {"recency", "clv"}
        assert np.isfinite(risk).all()

    def test_a_few_orders_are_enough_for_an_answer(self):
        with session_of(orders=orders((0, 0, 100), (0, 30, 100), (1, 5, 100), (1, 300, 100), (2, 350, 100))) as session:
            model = churn.fit(session)
            risk = model.risk(churn.take(session, session.as_of_day, 90))
        assert ((risk >= 0) & (risk <= 1)).all()

    def test_one_purchase_each_is_undefined_while_nobody_came_back(self):
        with session_of(orders=orders(*((c, c, 100) for c in range(30)))) as session:
            assert churn.fit(session) == Undefined("no_repeats")

    def test_all_on_one_day_is_undefined(self):
        with session_of(orders=orders(*((c, 0, 100) for c in range(30)))) as session:
            assert isinstance(churn.fit(session), Undefined)

    def test_one_customer_is_undefined_or_an_answer(self):
        for days in ((0,), (0, 200), (0, 100, 200, 300)):
            with session_of(orders=orders(*((0, d, 100) for d in days))) as session:
                model = churn.fit(session)
                if not isinstance(model, Undefined):
                    assert np.isfinite(model.risk(churn.take(session, session.as_of_day, 90))).all()

    def test_nobody_is_undefined(self):
        with session_of(
            customers=[{"at": "2022-01-01", "customer": "ann"}], tickets=[{"at": "2022-03-01", "step": "opened", "ticket_id": "t"}]
        ) as session:
            assert churn.fit(session) == Undefined("no_data")


@pytest.mark.suite
class TestOddData:
    def test_orders_worth_nothing_are_not_counted(self):
        table = coming_and_going(150)
        place, amounts = table.schema.get_field_index("amount_minor"), table.column("amount_minor").to_numpy()
        with session_of(orders=table.set_column(place, "amount_minor", [0 * amounts])) as session:
            assert churn.fit(session) == Undefined("no_data")
        with session_of(orders=table.set_column(place, "amount_minor", [amounts * (np.arange(len(amounts)) % 3 > 0)])) as session:
            model = churn.fit(session)
            assert np.isfinite(model.risk(churn.take(session, session.as_of_day, 90))).all()

    def test_refunds_of_everything_leave_answers(self):
        bought = [
            {"at": f"2022-{1 + i % 12:02}-{1 + i % 27:02}", "customer": f"c{i % 9}", "order": f"o{i}", "amount": 500} for i in range(80)
        ]
        back = [{"at": "2022-12-30", "customer": f"c{i % 9}", "order": f"o{i}", "kind": "refund", "amount": -500} for i in range(0, 80, 2)]
        with session_of(orders=bought + back) as session:
            model = churn.fit(session)
            if not isinstance(model, Undefined):
                risk = model.risk(churn.take(session, session.as_of_day, 90))
                assert np.isfinite(risk).all()

    def test_a_horizon_longer_than_the_history_is_the_value_model(self):
        with session_of(orders=coming_and_going(200, 300)) as session:
            model = churn.fit(session, horizon_days=800)
            assert model.card.kind == "clv"
            assert np.isfinite(model.risk(churn.take(session, session.as_of_day, 800))).all()

    def test_events_alone_make_a_model(self):
        chance = np.random.default_rng(4)
        events = [
            {"at": str(START + timedelta(days=int(d))), "customer": f"c{c}", "name": "used"}
            for c in range(150)
            for d in np.cumsum(chance.integers(5, 60, chance.integers(1, 15)))
        ]
        with session_of(events=events, meaningful_events=("used",)) as session:
            model = churn.fit(session)
            now = churn.take(session, session.as_of_day, 90)
        assert model.card.kind in {"recency", "logistic", "lightgbm"}
        assert model.applies(now).all()
        assert np.isfinite(model.risk(now)).all()

    def test_orders_of_before_the_company_kept_records_of_time_are_no_trouble(self):
        rows = [(c, d, 100) for c in range(60) for d in (0, 40 + c, 200 + 3 * c)]
        with session_of(orders=orders(*rows)) as session:
            model = churn.fit(session, horizon_days=30)
            assert np.isfinite(model.risk(churn.take(session, session.as_of_day, 30))).all()


@pytest.fixture(scope="module")
def company():
    """A company of subscribers with its model."""
    with session_of(**subscribers()) as session:
        yield session, churn.fit(session)


@pytest.mark.suite
class TestSubscribers:
    def test_are_judged_by_their_renewal(self, company):
        session, model = company
        now = churn.take(session, session.as_of_day, 90)
        assert model.card.by_cancellation
        assert model.card.kind in {"logistic", "lightgbm"}
        assert np.array_equal(model.applies(now), now.facts.column("subscriptions").to_numpy() > 0)
        assert (model.risk(now)[~model.applies(now)] == 0).all()

    def test_who_complain_are_at_risk_because_of_their_tickets(self, company):
        session, model = company
        now = churn.take(session, session.as_of_day, 90)
        rows = np.flatnonzero(model.applies(now))
        complains = now.facts.column("tickets").to_numpy()[rows] >= 1
        reasons = model.reasons(now, rows)
        assert reasons["tickets"][complains].mean() > 0 > reasons["tickets"][~complains].mean()

    def test_beat_the_base_rate_later(self, company):
        session, _ = company
        *_, last = churn.audit_churn(session).chosen()
        assert last["model"] == "logistic"
        assert last["gain_over_base_low"] > 0
