"""The settings of a workspace."""

from __future__ import annotations

import json

import pytest

from regulars.errors import SettingRefused
from regulars.settings import HEALTH_WEIGHTS, Settings


class TestSettings:
    def test_have_the_defaults_of_the_metric_catalogue(self):
        settings = Settings(name="Shop")
        assert (settings.inactive_after_days, settings.horizon_days, settings.churn_by, settings.customer_unit) == (
            90,
            90,
            "auto",
            "person",
        )
        assert (settings.currency, settings.time_zone, settings.renewal_grace_days, settings.fiscal_year_starts_in) == (None, "UTC", 14, 1)

    def test_come_back_from_json_as_they_were(self):
        settings = Settings.from_mapping(
            {
                "name": "Shop",
                "currency": "EUR",
                "meaningful_events": ["Signed In"],
                "targets": {"churn_rate": 0.05},
                "bands": {"churn_rate": [["low", 0.0, 0.05], ["high", 0.05, 1.01]]},
                "margin_rate": 1,
            }
        )
        again = Settings.from_mapping(json.loads(json.dumps(settings.as_dict())))
        assert again == settings
        assert again.meaningful_events == ("Signed In",)
        assert again.bands["churn_rate"] == (("low", 0.0, 0.05), ("high", 0.05, 1.01))
        hash(again)

    def test_of_health_overrule_single_values_only(self):
        settings = Settings.from_mapping(
            {"name": "Shop", "health_weights": {"advocacy": 1}, "light_rules": {"no_use_days": 14}, "light_thresholds": {"green_from": 70}}
        )
        assert (settings.health_weights["advocacy"], settings.health_weights["churn_risk"]) == (1, 0.4)
        assert (settings.light_rules["no_use_days"], settings.light_rules["dormant_days"]) == (14, 182)
        assert dict(settings.light_thresholds) == {"green_from": 70}
        assert sum(Settings(name="Shop").health_weights.values()) == pytest.approx(1)

    def test_changed_leaves_the_others(self):
        settings = Settings(name="Shop", currency="EUR").changed(inactive_after_days=30)
        assert (settings.name, settings.currency, settings.inactive_after_days) == ("Shop", "EUR", 30)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("name", " "),
            ("currency", "euro"),
            ("currency", "eur"),
            ("time_zone", "Mars/Olympus"),
            ("time_zone", ""),
            ("time_zone", "../etc/passwd"),
            ("inactive_after_days", 0),
            ("inactive_after_days", 30.5),
            ("inactive_after_days", True),
            ("horizon_days", "90"),
            ("churn_by", "mood"),
            ("customer_unit", "household"),
            ("margin_rate", 40.0),
            ("margin_rate", float("nan")),
            ("discount_rate", -0.1),
            ("renewal_grace_days", -1),
            ("meaningful_events", "Signed In"),
            ("fiscal_year_starts_in", 13),
            ("week_starts_on", "someday"),
            ("targets", {"churn_rate": "low"}),
            ("targets", {"churn_rate": float("inf")}),
            ("bands", {"churn_rate": [["low", 0.5, 0.1]]}),
            ("bands", {"churn_rate": [["low", 0.1]]}),
            ("bands", {"churn_rate": 0.1}),
            ("complaint_topics", "complaint"),
            ("complaint_priorities", [""]),
            ("health_weights", {"love": 1.0}),
            ("health_weights", {"advocacy": -1.0}),
            ("health_weights", dict.fromkeys(HEALTH_WEIGHTS, 0)),
            ("light_thresholds", {"green_from": 101}),
            ("light_thresholds", {"green_from": 40, "red_below": 60}),
            ("light_thresholds", {"amber_from": 40}),
            ("light_rules", {"few_users_share": 2}),
            ("light_rules", {"no_use_days": -1}),
            ("light_rules", {"horoscope": 1}),
        ],
    )
    def test_refuse_impossible_values_and_say_what_is_possible(self, name, value):
        with pytest.raises(SettingRefused, match=name) as refused:
            Settings.from_mapping({"name": "Shop", name: value})
        assert refused.value.details["setting"] == name
        assert refused.value.expected

    def test_refuse_an_unknown_name(self):
        with pytest.raises(SettingRefused, match="no setting called 'colour'") as refused:
            Settings.from_mapping({"name": "Shop", "colour": "red"})
        assert "time_zone" in refused.value.expected
