"""What was kept, read again: the latest run, a run of a day, and the log of lights."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from regulars.errors import NoPredictions
from regulars.predictions.log import kept_runs, read_kept, read_log
from tests.regulars.predictions.said import customer, kept, said

pytestmark = pytest.mark.suite

WHY = [{"code": "silent_longer_than_usual", "says": "silent", "days": 74, "usual": 31}]


def instant(day):
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


class TestTheLatestRun:
    def test_is_read_as_it_was_kept(self, shop):
        run = said(
            "2024-05-21",
            customer("anna", "amber", light_rule="dormant", light_by_score="green"),
            customer("ben", "red"),
            reasons={"ben": WHY},
        )
        kept(shop, run)
        found = shop.predictions()
        assert found.as_of == instant("2024-05-21")
        assert found.versions == {"churn": "c1", "value": "v1"}
        shared = [name for name in found.result.columns if name in run.table.schema.names]
        assert len(shared) == 15
        assert found.table.select(shared).to_pylist() == run.table.select(shared).to_pylist()
        assert [[str(reason) for reason in own] for own in found.why(["ben", "anna", "nobody"])] == [
            ["No order for 74 days; usually every 31."],
            [],
            [],
        ]

    def test_of_two_as_of_one_instant_is_the_one_reckoned_later(self, shop):
        kept(shop, said("2024-05-21", customer("anna", "green")), said("2024-05-21", customer("anna", "red")))
        assert shop.predictions().table.column("light").to_pylist() == ["red"]

    def test_says_the_light_before_where_it_was_another(self, shop):
        kept(
            shop,
            said("2024-05-21", customer("anna", "red", previous_light="amber"), customer("ben", previous_light="green"), customer("carla")),
        )
        assert shop.predictions().table.column("previous_light").to_pylist() == ["amber", None, None]

    def test_before_an_earlier_day_is_an_earlier_one(self, shop):
        kept(shop, said("2024-05-14", customer("anna", "amber")), said("2024-05-21", customer("anna", "red")))
        assert shop.predictions(as_of="2024-05-19").table.column("light").to_pylist() == ["amber"]
        assert shop.facts(as_of="2024-05-19").to_pylist()[0]["light"] == "amber"
        assert shop.facts(as_of="2024-05-20").to_pylist()[0]["light"] == "red"
        assert shop.facts(as_of="2024-05-12").to_pylist()[0]["light"] is None

    def test_refuses_where_there_is_none(self, shop):
        with pytest.raises(NoPredictions, match="regulars predict"):
            shop.predictions()


class TestARunOfAnInstant:
    def test_is_there_only_as_of_that_instant(self, shop):
        kept(shop, said("2024-05-21", customer("anna")))
        with shop.session() as session:
            assert read_kept(session) is not None
            assert read_kept(session, instant("2024-05-20")) is None
        with shop.session(as_of="2024-05-19") as session:
            assert read_kept(session) is None
            assert kept_runs(session) == []


class TestTheLog:
    def test_has_a_row_per_customer_and_day(self, shop):
        kept(
            shop,
            said(
                "2024-05-14",
                customer("anna", "green", light_by_score="amber"),
                customer("ben", "new"),
                withheld=("green", "red"),
            ),
            said("2024-05-21", customer("anna", "red", light_by_score="green", light_rule="dissatisfied"), customer("ben", "unknown")),
            said("2024-05-21", customer("anna", "red", light_by_score="amber", light_rule="complaint_open")),
        )
        with shop.session() as session:
            rows = read_log(session).to_pylist()
            runs = [run.load_id for run in kept_runs(session)]
        assert [tuple(row.values()) for row in rows] == [
            ("anna", date(2024, 5, 14), "amber", None, "green,red", "green", runs[0]),
            ("ben", date(2024, 5, 14), "new", None, "green,red", "new", runs[0]),
            ("anna", date(2024, 5, 21), "amber", "complaint_open", "", "red", runs[1]),
        ]

    def test_gives_the_last_runs_only_when_asked(self, shop):
        kept(shop, *(said(f"2024-05-{day:02}", customer("anna")) for day in (7, 14, 21)))
        with shop.session() as session:
            assert read_log(session, last=2).column("day").to_pylist() == [date(2024, 5, 14), date(2024, 5, 21)]
            assert read_log(session, last=0).num_rows == 0
            assert read_log(session, last=9).num_rows == 3

    def test_is_empty_where_nothing_was_kept(self, shop):
        with shop.session() as session:
            assert read_log(session).num_rows == 0

    def test_says_what_was_withheld_although_somebody_was_erased(self, shop):
        kept(shop, said("2024-05-21", customer("anna"), customer("ben"), withheld=("green",)))
        shop.erase("anna")
        with shop.session() as session:
            assert read_log(session).column("withheld").to_pylist() == ["green", "green"]

    def test_is_what_a_replay_takes(self, shop):
        from regulars.predictions.health.lights import LOG_COLUMNS, replay

        days = ("2024-05-07", "2024-05-14", "2024-05-21")
        scores = ("green", "red", "red")
        kept(shop, *(said(day, customer("anna", light_by_score=score)) for day, score in zip(days, scores, strict=True)))
        with shop.session() as session:
            log = read_log(session)
        assert set(LOG_COLUMNS) <= set(log.schema.names)
        assert replay(log).to_pylist() == ["green", "green", "red"]


class TestSomebodyWhoWasMerged:
    def test_has_the_prediction_under_the_name_that_is_left(self, shop):
        from regulars.identities import merge

        kept(shop, said("2024-05-21", customer("anna", "red"), customer("ben", "green")))
        merge(shop, "anna", "ben", at=datetime(2024, 1, 1, tzinfo=UTC))
        assert {row["customer_id"]: row["light"] for row in shop.facts().to_pylist() if row["light"]} == {"ben": "green"}
