from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from regulars.importers.instants import DateEvidence, read_dates, read_instants


def read(text, zone="UTC", *, day_first=True):
    return read_instants(pa.array([text]), zone, day_first=day_first).values[0].as_py()


def day_first(*texts):
    evidence = DateEvidence()
    evidence.add(pa.array(texts))
    return evidence.says_day_first


class TestReadInstants:
    @pytest.mark.parametrize(
        "text",
        [
            "2025-10-07 21:50:00", "2025-10-07T21:50", "2025-10-07T21:50:00Z", "2025-10-07 23:50:00 +0200", "2025-10-07T23:50:00.000+02:00", "20251007215000",
            "07.10.2025 21:50", "7/10/2025 9:50 PM", "07-10-25 21:50:00", "7 Oct 2025 21:50", "Oct 7, 2025 9:50 PM", "7. Oktober 2025 21:50", "1759873800",
            "1759873800000", "2025/10/07 21:50", "Tue, 7 Oct 2025 21:50:00 GMT", "7 octobre 2025 21:50", "45937.909722222",
        ],
    )  # fmt: skip
    def test_reads_many_layouts(self, text):
        assert read(text) == datetime(2025, 10, 7, 21, 50)

    @pytest.mark.parametrize("text", ["", " ", "null", "0000-00-00"])
    def test_takes_blank_for_unknown(self, text):
        answer = read_instants(pa.array([text]), "UTC", day_first=True)
        assert (answer.values[0].as_py(), answer.unreadable[0].as_py()) == (None, False)

    @pytest.mark.parametrize(
        "text",
        [
            "2025-02-30",
            "31.02.2025",
            "25:00",
            "hello",
            "2025-13-01",
            "2025-10-07 24:61",
            "13/13/2025",
            "7/10/2025 13:00 PM",
            "12345678901234567890",
        ],
    )
    def test_marks_what_is_no_date(self, text):
        assert read_instants(pa.array([text, "2025-01-01"]), "UTC", day_first=True).unreadable.to_pylist() == [True, False]

    def test_takes_a_time_without_zone_for_company_time(self):
        assert read("2025-07-01 12:00", "Europe/Berlin") == datetime(2025, 7, 1, 10)
        assert read("2025-01-01 12:00", "Europe/Berlin") == datetime(2025, 1, 1, 11)
        assert read("2025-07-01 12:00+00:00", "Europe/Berlin") == datetime(2025, 7, 1, 12)

    def test_takes_the_first_of_a_time_that_happens_twice(self):
        assert read("2025-10-26 02:30", "Europe/Berlin") == datetime(2025, 10, 26, 0, 30)

    def test_takes_the_instant_of_the_change_for_a_time_that_never_was(self):
        assert read("2025-03-30 02:30", "Europe/Berlin") == datetime(2025, 3, 30, 1)

    @given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2060, 1, 1)))
    def test_reads_back_what_was_written(self, moment):
        moment = moment.replace(microsecond=0)
        for layout in ("%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %I:%M:%S %p", "%Y%m%d%H%M%S", "%d %b %Y %H:%M:%S"):
            assert read(moment.strftime(layout)) == moment
        assert read(moment.strftime("%m/%d/%Y %H:%M:%S"), day_first=False) == moment


class TestReadDates:
    def test_leaves_the_time_of_day_aside(self):
        answer = read_dates(pa.array(["2025-10-07 23:59", "07.10.2025", None]), day_first=True)
        assert answer.values.to_pylist() == [date(2025, 10, 7), date(2025, 10, 7), None]


class TestDateEvidence:
    def test_decides_over_the_whole_column(self):
        assert day_first("1/2/2025", "25/2/2025") is True
        assert day_first("1/2/2025", "2/25/2025") is False
        assert day_first("01.02.2025") is True
        assert day_first("2025-01-02") is True
        assert day_first("3/3/2025") is True

    def test_says_when_nothing_settles_it(self):
        assert day_first("1/2/2025", "3/4/2025") is None
        assert day_first("25/2/2025", "2/25/2025") is None

    def test_one_mistyped_month_in_a_hundred_does_not_unsettle_it(self):
        assert day_first("2/25/2025", *(f"{d}/{m}/2025" for d in range(13, 29) for m in range(1, 13))) is True
