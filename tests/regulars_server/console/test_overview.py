"""The first page: the same numbers as the library's, in both languages, without a word of who for who may not see it."""

from __future__ import annotations

import dataclasses
import random
import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command

from regulars.workspace import Workspace
from regulars_server.jobs import public as jobs
from regulars_server.jobs.queue import claim
from regulars_server.jobs.runner import run
from regulars_server.serving.contracts import CustomerQuery
from regulars_server.serving.kinds import PREDICT
from regulars_server.serving.public import build, customers, lights, overview
from regulars_server.serving.reading import close
from tests.regulars_server.serving.installed import CANARY, install, person

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
pytestmark = [pytest.mark.django_db(databases=["default", "audit"]), pytest.mark.suite]


def buyers():
    """People who buy at their own pace for two years, and stop."""
    dice = random.Random(8)
    orders, people = [], []
    for who in range(150):
        people.append({**person(who, 0), "at": "2024-01-01"})
        day, gap = dice.uniform(0, 400), dice.uniform(10, 60)
        while day < 660 and dice.random() > 0.06:
            at = datetime(2024, 1, 1) + timedelta(days=day)
            key = f"o{len(orders)}"
            orders.append(
                {"at": at.isoformat(), "customer": f"c{who:03}", "amount": dice.randrange(500, 9000), "order": key, "row_key": key}
            )
            day += dice.expovariate(1 / gap) + 1
    return {"orders": orders, "customers": people}


@pytest.fixture(scope="module")
def made(tmp_path_factory, request, django_db_blocker):
    """A built company with predictions."""
    from django.conf import settings

    request.getfixturevalue("django_db_setup")
    folder, before = tmp_path_factory.mktemp("overview"), settings.CONFIG
    with django_db_blocker.unblock():
        try:
            install(settings, folder, tables=buyers())
            build(NOW)
            job = jobs.latest(PREDICT)
            assert job is not None
            claimed = claim(NOW)
            assert run(claimed) == "done", jobs.job(claimed.pk).failure
            assert build(NOW).predicted_on is not None
            assert jobs.latest(PREDICT).pk == job.pk
        finally:
            settings.CONFIG = before
            # Committed for good, since no test's transaction is around this.
            for database in ("default", "audit"):
                call_command("flush", interactive=False, verbosity=0, database=database)
    return folder


@pytest.fixture
def shop(settings, tmp_path, made):
    shutil.copytree(made / "data", tmp_path / "data")
    settings.CONFIG = dataclasses.replace(settings.CONFIG, workspace=tmp_path / "data")
    yield Workspace.open(tmp_path / "data")
    close()


@pytest.fixture
def large(settings, tmp_path):
    """A company of more customers than are predicted unasked."""
    install(settings, tmp_path, tables=buyers())
    settings.CONFIG = dataclasses.replace(settings.CONFIG, predict_up_to=100)
    build(NOW)
    yield
    close()


class TestOfManyCustomers:
    def test_has_no_predictions_unasked_and_says_so(self, large, as_role) -> None:
        assert jobs.latest(PREDICT) is None
        assert b"regulars predict" in as_role("analyst").get("/").content


class TestWithoutData:
    def test_says_what_to_do_first(self, as_role) -> None:
        assert b"Send the first event" in as_role("owner").get("/").content

    def test_shows_no_key_to_who_may_not_manage_sources(self, as_role) -> None:
        assert b"curl" not in as_role("analyst").get("/").content


class TestOverview:
    def test_says_the_reviews_sentence_in_both_languages(self, shop) -> None:
        review = shop.review(predictions=False)
        assert overview("en").sentence == review.language.say(review.headline)
        assert overview("de").sentence != overview("en").sentence
        assert overview("fr").sentence == overview("en").sentence

    def test_shows_the_reviews_key_figures(self, shop) -> None:
        (section,) = [part for part in shop.review(predictions=False).sections if part.key == "kpis"]
        tiles = section.blocks[0].tiles
        assert [(t.label, t.value, t.unit, t.interval) for t in overview("en").tiles] == [
            (t.label, t.value, t.unit, t.interval) for t in tiles
        ]

    def test_page_shows_sentence_tiles_charts_lights_and_calls(self, shop, as_role) -> None:
        page = as_role("owner").get("/").content.decode()
        assert overview("en").sentence in page
        assert page.count("<picture>") >= 3
        assert "Customers by light" in page
        assert "Person" in page
        assert "style=" not in page
        assert "<style" not in page

    def test_page_says_nothing_of_who_to_a_role_barred_from_it(self, shop, as_role) -> None:
        page = as_role("no_personal_data").get("/").content.decode()
        assert "Customers by light" in page
        assert CANARY not in page
        assert not re.search(r"\bc\d\d\d\b", page)

    def test_counts_lights_as_the_list_does(self, shop) -> None:
        for light, count in lights().items():
            assert customers(CustomerQuery(lights=(light,))).total == count
        assert sum(lights().values()) == 150


class TestCharts:
    def test_are_pictures_without_styles_in_light_and_dark(self, shop, as_role) -> None:
        browser = as_role("read_only")
        page = browser.get("/").content.decode()
        addresses = set(re.findall(r"/overview/charts-\d+/[a-z0-9-]+\.svg", page))
        assert len(addresses) >= 12
        for address in addresses:
            answer = browser.get(address)
            assert answer["Content-Type"] == "image/svg+xml"
            text = answer.content.decode()
            assert text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
            assert "style" not in text.replace("font-style", "")
            assert ("#fefefe" not in text) or "-dark" not in address

    def test_have_their_numbers_as_a_table(self, shop) -> None:
        for chart in overview("en").charts:
            assert chart.rows
            assert all(part["alt"] for part in chart.parts)

    @pytest.mark.parametrize("address", ["/overview/charts-1/x.svg", "/overview/..%2f/overview.svg", "/overview/charts-/..%2fseen.svg"])
    def test_that_are_none_are_not_found(self, shop, as_role, address) -> None:
        assert as_role("owner").get(address).status_code == 404


class TestLive:
    def test_counts_for_everybody(self, shop, as_role) -> None:
        answer = as_role("no_personal_data").get("/overview/live/")
        assert b"Orders today" in answer.content
