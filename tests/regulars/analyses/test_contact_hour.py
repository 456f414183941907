from datetime import datetime, timedelta

import pytest

from tests.builders import company
from tests.regulars.analyses.asking import ask

pytestmark = pytest.mark.suite


def orders(who, *hours, first=0):
    """One order a day, at these hours (UTC), from Monday 1 January 2024 on."""
    start = datetime(2024, 1, 1) + timedelta(days=first)
    return [{"at": start + timedelta(days=i, hours=hour, minutes=30), "customer": who, "amount": 100} for i, hour in enumerate(hours)]


def shop(**hours_of):
    return company(orders=[row for who, hours in hours_of.items() for row in orders(who, *hours)])


class TestContactHour:
    def test_finds_the_three_hours_of_the_company(self):
        (row,) = ask(shop(ann=[9, 10, 11], ben=[10, 11, 20], cleo=[3]), "contact_hour")["company"].to_pylist()
        assert (row["from_hour"], row["until_hour"]) == (9, 12)
        assert row["company_share"] == pytest.approx(5 / 7)

    def test_passes_midnight(self):
        (row,) = ask(shop(ann=[23, 0, 1, 23, 0, 12]), "contact_hour")["company"].to_pylist()
        assert (row["from_hour"], row["until_hour"]) == (23, 2)

    def test_gives_company_time(self):
        rows = ask(company(orders=orders("ann", 20, 20), time_zone="Asia/Kolkata"), "contact_hour")["hours"].to_pylist()
        assert [row["hour"] for row in rows if row["active_hours"]] == [2]

    def test_gives_who_is_different_their_own_hours_and_who_is_little_known_the_companys(self):
        many = {f"c{i}": [12] * 6 for i in range(10)}
        result = ask(shop(**many, owl=[22] * 30, new=[5]), "contact_hour")
        rows = {row["customer_id"]: row for row in result["customers"].to_pylist()}
        assert rows["owl"]["from_hour"] == 20  # of the windows that hold 22, the earliest
        assert (rows["owl"]["own_share"], rows["owl"]["active_hours"]) == (1.0, 30)
        assert rows["new"]["from_hour"] == rows["c1"]["from_hour"] == 10
        assert (rows["new"]["own_share"], rows["new"]["company_share"]) == (0.0, pytest.approx(60 / 91))

    def test_uses_the_companys_hours_for_all_where_own_ones_foretell_no_more(self):
        result = ask(shop(**{f"c{i}": [12, 12, 12, 12] for i in range(5)}, owl=[22, 22, 22, 22, 22, 12]), "contact_hour")
        check = {row["method"]: row for row in result["check"].to_pylist()}
        assert (check["company"]["hit_share"], check["own"]["hit_share"]) == (1.0, 1.0)
        assert check["company"]["used"]
        assert {row["from_hour"] for row in result["customers"].to_pylist()} == {10}
        assert result.note("company_hour")

    def test_counts_an_hour_once_however_much_happens_in_it(self):
        rows = orders("ann", 9) + orders("ann", 9) + orders("ann", 14)
        assert ask(company(orders=rows), "contact_hour")["customers"].to_pylist()[0]["active_hours"] == 2

    def test_counts_meaningful_events_and_what_people_open_but_no_machine(self):
        events = [{"at": f"2024-01-0{day}T08:15", "customer": "ann", "name": name} for day, name in ((1, "Used"), (2, "Seen"))]
        messages = [{"at": f"2024-01-0{day}T19:15", "customer": "ann", "message_id": str(day), "step": "opened", "machine": machine}
                    for day, machine in ((1, True), (2, False), (3, None))]  # fmt: skip
        result = ask(company(events=events, messages=messages, meaningful_events=("Used",)), "contact_hour")
        assert {row["hour"]: row["active_hours"] for row in result["hours"].to_pylist() if row["active_hours"]} == {8: 1, 19: 2}

    def test_says_by_weekday_only_what_has_no_times(self):
        days = [{"at": "2024-01-01", "customer": "ann", "amount": 100}]
        result = ask(company(orders=days), "contact_hour")
        assert list(result) == ["weekdays"]
        assert result.note("no_hours")
        events = [{"at": "2024-01-02T10:10", "customer": "ann", "name": "Used"}]
        mixed = ask(company(orders=days, events=events, meaningful_events=("Used",)), "contact_hour")
        assert mixed.note("sources_without_time").values == {"sources": "orders"}
        assert [row["active_hours"] for row in mixed["weekdays"].to_pylist()] == [1, 1, 0, 0, 0, 0, 0]
        assert sum(row["active_hours"] for row in mixed["hours"].to_pylist()) == 1

    def test_says_that_nobody_did_anything(self):
        result = ask(company(events=[{"at": "2024-01-01T10:00", "customer": "ann", "name": "Seen"}]), "contact_hour")
        assert result.is_empty
        assert result.note("no_activity")
