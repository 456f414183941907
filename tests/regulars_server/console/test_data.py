"""The pages about data."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from regulars_server.intake.public import create_source

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db(databases=["default", "audit"], transaction=True)


@pytest.fixture
def shop():
    return create_source(slug="shop", name="Shop", kind="server", actor="test", now=NOW)


PAGES = ["/data/", "/data/sources/shop/", "/data/live/", "/data/quarantine/", "/data/quality/", "/data/plans/", "/data/plans/shop/"]


class TestPages:
    @pytest.mark.parametrize("address", PAGES)
    def test_open_for_who_may_see_data(self, as_role, shop, address):
        assert as_role("no_personal_data").get(address).status_code == 200

    @pytest.mark.parametrize("address", PAGES)
    def test_are_shut_for_others(self, as_role, shop, address):
        assert as_role("support").get(address).status_code == 403
