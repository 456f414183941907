"""The page about synthetic companies names every parameter with its default."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from regulars.synthetic import Company, Saas, Shop


def shown(value):
    """A default as the page writes it."""
    if isinstance(value, tuple):
        return ", ".join(map(shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


class TestPage:
    @pytest.mark.parametrize(
        ("title", "part"),
        [("Purchases", Company(customers=1)), ("A shop", Shop()), ("A saas company", Saas())],
        ids=["company", "shop", "saas"],
    )
    def test_has_each_parameter_with_its_default(self, repository, title, part):
        page = (repository / "docs" / "simulate.md").read_text(encoding="utf-8")
        section = re.split(r"^## ", page.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]
        written = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, flags=re.MULTILINE))
        code = {one.name: shown(getattr(part, one.name)) for one in fields(part) if one.name not in {"channels", "shop", "saas"}}
        if title == "Purchases":
            code["customers"] = "needed"
        assert written == code

    def test_has_each_channel(self, repository):
        page = (repository / "docs" / "simulate.md").read_text(encoding="utf-8")
        for channel in Shop().channels:
            paid = "yes" if channel.paid else "no"
            row = (channel.name, channel.share, paid, channel.cost_per_customer_minor, channel.rate_factor, channel.value_factor)
            assert f"| {' | '.join(shown(value) for value in row)} |" in page
