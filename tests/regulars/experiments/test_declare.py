"""Declarations: made once, never changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from regulars.errors import ArgumentRefused, ExperimentUnknown
from regulars.experiments.declare import Experiment, company_holdout, declarations, declare, declared, two_arms

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)


class TestExperiment:
    @pytest.mark.parametrize(
        "given",
        [
            {"name": "Spring!"},
            {"name": "../spring"},
            {"arms": {"control": 1.0}},
            {"arms": {"a": 0.5, "control": 0.6}},
            {"arms": {"a": 1.0, "control": 0.0}},
            {"control": "nobody"},
            {"days": 0},
            {"planned": 1},
        ],
    )
    def test_refuses_what_cannot_be_read_later(self, given):
        with pytest.raises(ArgumentRefused):
            Experiment(**{"name": "spring", "arms": two_arms(), **given})

    def test_comes_back_from_plain_values(self):
        made = Experiment(name="spring", arms=two_arms(0.9), days=None, campaigns=("a", "b"), pool="mails", declared_at=NOW)
        assert Experiment.from_dict(made.as_dict()) == made

    def test_names_the_treatments(self):
        assert Experiment(name="s", arms={"a": 0.2, "control": 0.5, "b": 0.3}).treatments == ("a", "b")


class TestDeclare:
    def test_keeps_the_experiment_with_a_salt_and_the_instant(self, shop):
        made = declare(shop, Experiment(name="spring", arms=two_arms()), now=NOW)
        assert len(made.salt) == 16
        assert made.declared_at == NOW
        assert declarations(shop) == {"spring": made}
        assert declared(shop, "spring") == made

    def test_gives_each_experiment_a_salt_of_its_own(self, shop):
        assert declare(shop, Experiment(name="a", arms=two_arms())).salt != declare(shop, Experiment(name="b", arms=two_arms())).salt

    def test_again_is_what_is_there(self, shop):
        made = declare(shop, Experiment(name="spring", arms=two_arms()), now=NOW)
        assert declare(shop, Experiment(name="spring", arms=two_arms())) == made

    def test_refuses_a_change(self, shop):
        made = declare(shop, Experiment(name="spring", arms=two_arms()), now=NOW)
        with pytest.raises(ArgumentRefused, match="declared already"):
            declare(shop, Experiment(name="spring", arms=two_arms(0.9)))
        assert declared(shop, "spring") == made

    def test_lists_in_the_order_of_declaration(self, shop):
        declare(shop, Experiment(name="later", arms=two_arms()), now=NOW)
        declare(shop, company_holdout(0.1), now=NOW.replace(hour=11))
        assert list(declarations(shop)) == ["holdout", "later"]


class TestDeclared:
    def test_refuses_an_unknown_name(self, shop):
        with pytest.raises(ExperimentUnknown, match="nothing"):
            declared(shop, "nothing")
