"""Periods: windows against the calendar module, offsets against zoneinfo instant by instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from regulars.errors import ArgumentRefused
from regulars.periods import Grain, Window, day_number, local_day, moment, regular_windows, start_of, utc_days, window_around

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia")


class TestWindows:
    @given(st.dates(date(1990, 1, 1), date(2035, 1, 1)), st.sampled_from(Grain), st.integers(1, 12))
    def test_hold_their_day_and_touch_each_other(self, day, grain, starts_in):
        window = window_around(day, grain, fiscal_year_starts_in=starts_in)
        assert window.start <= day < window.end
        assert window_around(window.end, grain, fiscal_year_starts_in=starts_in).start == window.end

    def test_cover_the_whole_without_gap(self):
        windows = list(regular_windows(Window(date(2023, 11, 15), date(2024, 2, 2)), Grain.MONTH))
        assert [w.start for w in windows] == [date(2023, 11, 1), date(2023, 12, 1), date(2024, 1, 1), date(2024, 2, 1)]

    @pytest.mark.parametrize(
        ("starts_on", "expected"), [("monday", date(2024, 5, 13)), ("sunday", date(2024, 5, 12)), ("saturday", date(2024, 5, 11))]
    )
    def test_weeks_begin_where_the_settings_say(self, starts_on, expected):
        assert window_around(date(2024, 5, 15), Grain.WEEK, week_starts_on=starts_on).start == expected

    def test_refuse_to_be_empty(self):
        with pytest.raises(ArgumentRefused):
            Window(date(2024, 1, 1), date(2024, 1, 1))


class TestUtcDays:
    @pytest.mark.parametrize("zone", ZONES)
    def test_give_the_local_day_of_every_hour_of_two_years(self, zone):
        days = {d.day: d for d in utc_days(date(2011, 1, 1), date(2012, 12, 31), zone)}
        instant = datetime(2011, 1, 1, tzinfo=UTC)
        while instant < datetime(2012, 12, 31, tzinfo=UTC):
            own = days[instant.date()]
            second = (instant - datetime.combine(instant.date(), time(), UTC)).seconds
            shifted = second + (own.offset_after if second >= own.switch_second else own.offset_before)
            number = day_number(instant.date()) + shifted // 86_400
            assert number == day_number(local_day(instant, zone)), (zone, instant)
            instant += timedelta(minutes=30)

    def test_start_of_a_day_is_its_first_instant(self):
        start = start_of(date(2024, 3, 31), "Europe/Berlin")
        assert local_day(start, "Europe/Berlin") == date(2024, 3, 31)
        assert local_day(start - timedelta(microseconds=1), "Europe/Berlin") == date(2024, 3, 30)


class TestMoment:
    def test_takes_dates_and_instants(self):
        assert moment("2024-01-02") == date(2024, 1, 2)
        assert moment("2024-01-02T00:00:00+02:00") == datetime(2024, 1, 1, 22, tzinfo=UTC)
        assert moment(datetime(2024, 1, 2, tzinfo=ZoneInfo("Europe/Berlin"))) == datetime(2024, 1, 1, 23, tzinfo=UTC)

    def test_refuses_what_is_neither(self):
        with pytest.raises(ArgumentRefused, match="ISO 8601"):
            moment("2024-01-02 at noon o'clock")
