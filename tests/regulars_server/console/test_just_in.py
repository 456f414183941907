"""Who came after the list was built is found all the same."""

from __future__ import annotations

import pytest
from django.conf import settings

from regulars.workspace import Workspace
from regulars_server.loading.public import tick
from regulars_server.serving.building import build_here
from regulars_server.serving.reading import close
from regulars_server.shared.audit import deliver
from regulars_server.shared.models import AuditEntry, AuditNote
from regulars_server.shared.references import reference_of
from tests.regulars_server.console.test_customer import identify
from tests.regulars_server.loading.calls import NOW, send, track
from tests.regulars_server.serving.installed import add

pytestmark = pytest.mark.django_db(databases=["default", "audit"], transaction=True)


@pytest.fixture
def anna(inbox):
    """Anna, who is new."""
    send(inbox, identify("anna", "m1", "visit", email="anna@post.example", name="Anna Berg"), track("Tea Drunk", "m2"))
    tick(NOW)
    yield reference_of("anna")
    close()


class TestSomebodyNew:
    @pytest.mark.parametrize("text", ["anna@post.example", "Anna B", "anna"])
    def test_is_found_before_there_is_a_list_and_leads_to_their_page(self, as_role, anna, text) -> None:
        browser = as_role("support")
        for headers in ({}, {"HX-Request": "true"}):
            page = browser.get("/customers/", {"q": text}, headers=headers).content.decode()
            assert "Just in" in page
            assert f'href="/customers/{anna}/">Anna Berg</a>' in page
        shown = browser.get(f"/customers/{anna}/")
        assert shown.status_code == 200
        assert "Tea Drunk" in shown.content.decode()

    def test_is_noted_as_a_look_without_what_was_searched(self, as_role, anna) -> None:
        as_role("support").get("/customers/", {"q": "anna@post.example"})
        deliver()
        told = repr([(e.action, e.details, e.subjects) for model in (AuditEntry, AuditNote) for e in model.objects.all()])
        assert "customers.listed" in told
        assert "post.example" not in told

    def test_is_not_shown_to_who_may_not_see_people_nor_to_who_searches_for_others(self, as_role, anna) -> None:
        barred = as_role("no_personal_data").get("/customers/", {"q": "anna@post.example"}).content.decode()
        assert "Just in" not in barred
        assert anna not in barred
        support = as_role("support")
        assert "Just in" not in support.get("/customers/", {"q": "berta"}).content.decode()
        assert "Just in" not in support.get("/customers/").content.decode()

    @pytest.mark.suite
    def test_stands_in_the_list_once_it_has_them_also_under_an_identity_of_theirs(self, inbox, as_role) -> None:
        workspace = Workspace.open(settings.CONFIG.workspace)
        order = {"at": "2026-01-02", "customer": "anna@post.example", "order": "o", "amount": 100, "row_key": "o"}
        add(workspace, {"orders": [order]})
        build_here(workspace, NOW)
        send(inbox, identify("anna", "m1", "visit", email="anna@post.example", name="Anna Berg"))
        send(inbox, identify("berta", "m2", name="Berta"))
        tick(NOW)
        support = as_role("support")
        assert "Just in" not in support.get("/customers/", {"q": "anna@post.example"}).content.decode()
        assert "Just in" in support.get("/customers/", {"q": "berta"}).content.decode()
        close()
