"""The rules of an installation, and what changes with them."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, given, settings, strategies as st

from regulars.errors import SettingRefused
from regulars.identities.identifiers import Identifier
from regulars_server.profiles.public import renew, suggestions
from regulars_server.profiles.rules import FILE, rules
from tests.regulars.identities import calls as random_calls
from tests.regulars_server.profiles.arrivals import NOW, seen
from tests.regulars_server.profiles.test_resolving import check_any_order

DEVICE = Identifier("device", "till")

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


@pytest.fixture
def say():
    """Writes the file of rules; it is gone afterwards."""
    path = django_settings.CONFIG.server / FILE
    yield lambda said: path.write_text(said if isinstance(said, str) else json.dumps(said))
    path.unlink(missing_ok=True)


class TestRules:
    def test_are_the_usual_ones_without_a_file(self):
        assert rules().limit("device").anonymous == 10

    @pytest.mark.parametrize(
        "said", ["{", "[]", '{"limits": {"device": 5}}', '{"limits": {"device": {"identities": "many", "anonymous": 1}}}']
    )
    def test_refuse_a_file_that_cannot_be_read(self, say, said):
        say(said)
        with pytest.raises(SettingRefused):
            rules()

    def test_block_values_that_name_nobody_here(self, loader, say):
        say({"blocked": ["Till-1", "@agency.eu", "shop@"]})
        ids = [Identifier("user", "till-1"), Identifier("email", "x@agency.eu"), Identifier("email", "shop@y.eu")]
        assert loader.load(*(seen([one], 10 * number, f"m{number}") for number, one in enumerate(ids))) == [None, None, None]
        assert loader.load(seen([*ids, Identifier("anonymous", "7")], 40, "m4")) == ["anon:7"]
        assert loader.customers() == {"anon:7": "anon:7"}

    @pytest.mark.suite
    @given(random_calls.calls, st.integers(0, 10**6))
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    def test_of_small_limits_give_the_graph_of_all_calls_in_any_order(self, loader, say, found, seed):
        small = {"identities": 4, "anonymous": 2}
        say({"limits": dict.fromkeys(("device", "phone", "email", "anonymous"), small), "person_at_most": 6})
        check_any_order(loader, found, random.Random(seed))


class TestRenew:
    def test_parts_and_joins_by_new_limits_from_now_on(self, loader, say):
        loader.load(*(seen([DEVICE, Identifier("anonymous", str(number))], number, f"m{number}") for number in range(4)))
        assert len(set(loader.customers().values())) == 1
        say({"limits": {"device": {"identities": 50, "anonymous": 3}}})
        assert renew(now=NOW) == 4
        assert len(set(loader.customers().values())) == 5
        assert [one.code for one in suggestions()] == ["too_large"]
        say({})
        assert renew(now=NOW + timedelta(hours=1)) == 4
        assert len(set(loader.customers().values())) == 1
        assert set(loader.mapped().values()) == {"anon:0"}
        assert suggestions() == []
