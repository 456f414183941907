"""`regulars experiment` as a person uses it."""

from __future__ import annotations

import json
import re
import shlex
from datetime import date, timedelta

import pytest

from regulars.cli.app import run


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Three hundred customers who order every 20 to 39 days in 2024."""
    folder = tmp_path_factory.mktemp("shop")
    lines = ["customer,date,amount"]
    for n in range(300):
        day = date(2024, 1, 1) + timedelta(days=n % 60)
        while day < date(2024, 12, 31):
            lines.append(f"c{n:03},{day},{10 + n % 9}.00")
            day += timedelta(days=20 + n % 20)
    (folder / "orders.csv").write_text("\n".join(lines))
    assert run(["--workspace", str(folder / "shop"), "import", str(folder / "orders.csv"), "--currency", "EUR"]) == 0
    return str(folder / "shop")


def said(capsys, shop, line, code=0):
    capsys.readouterr()
    assert run(["--workspace", shop, "experiment", *shlex.split(line)]) == code
    out = capsys.readouterr()
    return out.out if code == 0 else out.err


@pytest.mark.suite
class TestExperiment:
    """The whole way, in one order: each step rests on the one before."""

    def test_goes_from_the_plan_to_the_verdict(self, shop, capsys, tmp_path):
        assert "No experiment is declared" in said(capsys, shop, "list")
        assert "points" in said(capsys, shop, "plan --customers 3000 --once")
        assert json.loads(said(capsys, shop, "plan --format json"))["known"] == 300
        held = json.loads(said(capsys, shop, "assign holdout --holdout-share 0.1 --as-of 2024-06-30 --format json"))["new"]["held_out"]
        assert 10 < held < 50
        text = said(capsys, shop, "assign spring --days 60 --pool mails --campaign mail --as-of 2024-06-30")
        assert f"{held} customers are held out" in text
        assert "had an arm already" in said(capsys, shop, "assign spring")
        chosen = tmp_path / "chosen.txt"
        chosen.write_text("c001\nc002\n\nc003\n")
        assigned = json.loads(said(capsys, shop, f"assign autumn --pool mails --customers {chosen} --as-of 2024-06-30 --format json"))
        assert sum(assigned["new"].values()) + assigned["held_out"] == 3
        assert re.search(r"^spring .* mails$", said(capsys, shop, "list"), flags=re.MULTILINE)
        assert [row["name"] for row in json.loads(said(capsys, shop, "list --format json"))] == ["holdout", "spring", "autumn"]
        text = said(capsys, shop, "read spring --uplift")
        assert "as chance gives them" in text
        assert "cannot be" in text
        assert {row["outcome"] for row in json.loads(said(capsys, shop, "read spring --uplift --format json"))["lift"]} == {
            "conversion",
            "orders",
            "revenue",
            "margin",
        }
        assert "held_out" in said(capsys, shop, "read holdout")
        assert "Pool mails" in said(capsys, shop, "read mails --pool")
        assert set(json.loads(said(capsys, shop, "read mails --pool --format json"))["experiments"]) == {"spring", "autumn"}

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("read nothing", "no experiment 'nothing'"),
            ("read nothing --pool", "No experiment declared the pool"),
            ("plan --treatment-share 1", "treatment_share"),
            ("assign holdout --holdout-share 2", "--holdout-share"),
            ("assign spring2 --holdout-share 0.1", "belong together"),
            ("assign Spring!", "name was given"),
            ("assign spring3 --customers nowhere.txt", "nowhere.txt"),
        ],
    )
    def test_refuses_with_what_to_do(self, line, words, shop, capsys):
        text = said(capsys, shop, line, code=2)
        assert words in text
        assert "What to do" in text


class TestHelp:
    @pytest.mark.parametrize("name", ["plan", "assign", "read", "list"])
    def test_of_each_command_says_what_it_does(self, name, capsys):
        assert run(["experiment", name, "--help"]) == 0
        assert len(capsys.readouterr().out) > 80
