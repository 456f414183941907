"""The page on churn names what is there."""

import re

import pytest
from click.testing import CliRunner

from regulars.cli.app import root
from regulars.predictions import churn
from regulars.predictions.churn import audit, calibration, choosing, frames, season
from regulars.predictions.churn.card import ModelCard


@pytest.fixture(scope="module")
def page(repository):
    """The text of the page."""
    return (repository / "docs" / "predictions" / "churn.md").read_text()


class TestPage:
    def test_lists_every_reason(self, page):
        assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(churn.REASONS)

    def test_says_the_numbers_of_the_code(self, page):
        numbers = (choosing.ENOUGH, season.LEAST_HISTORY, season.SEASON, season.YEAR, *choosing.STRENGTHS)
        assert all(f"{number:g}" in page for number in numbers)
        assert all(f"{number:,}" in page for number in (choosing.PLENTY, calibration.FEW, frames.MOST_ROWS))

    def test_names_the_tables_of_the_audit(self, page):
        tables = [name for name, kind in audit.ChurnAudit.__annotations__.items() if kind == "TableResult"]
        assert all(f"- `{name}`" in page for name in tables)

    def test_names_what_a_model_offers(self, page):
        assert all(f"model.{name}" in page for name in ("risk", "reasons", "card"))
        assert {"kind", "scores"} <= set(ModelCard.__annotations__)

    def test_shows_command_lines_that_exist(self, page):
        for line in re.findall(r"`regulars ([a-z ]+)`", page):
            assert CliRunner().invoke(root, [*line.split(), "--help"]).exit_code == 0
