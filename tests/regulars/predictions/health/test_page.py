from __future__ import annotations

import re

from regulars.predictions.health import INPUTS, RULES
from regulars.predictions.health.lights import RED_RULES
from regulars.settings import HEALTH_WEIGHTS


class TestThePage:
    def test_says_the_weight_of_every_input_and_the_light_of_every_rule(self, repository):
        page = (repository / "docs" / "predictions" / "lights.md").read_text(encoding="utf-8")
        weights = {name: float(weight) for name, weight in re.findall(r"^\| `(\w+)` \| (0\.\d+) \|", page, re.MULTILINE)}
        assert weights == dict(HEALTH_WEIGHTS)
        assert list(weights) == list(INPUTS)
        rules = dict(re.findall(r"^\| `(\w+)` \| (red|at least amber) \|", page, re.MULTILINE))
        assert set(rules) == set(RULES)
        assert {name for name, light in rules.items() if light == "red"} == set(RED_RULES)
