"""The pages about data: what comes in, what does not, how good it is."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from regulars_server.intake.public import source
from regulars_server.loading.public import plan_of, quarantine, quarantine_counts, save_plan, tick
from regulars_server.shared.audit import deliver
from regulars_server.shared.models import AuditEntry
from tests.regulars_server.loading.calls import NOW, send, track

pytestmark = [pytest.mark.django_db(databases=["default", "audit"], transaction=True), pytest.mark.suite]
PAGES = ["/data/", "/data/sources/web/", "/data/live/", "/data/quarantine/", "/data/quality/", "/data/plans/", "/data/plans/web/"]
SECRET = "berta@post.example"


@pytest.fixture
def came(inbox):
    """Two calls that were taken and two that were not."""
    person = {"type": "identify", "userId": "u1", "messageId": "m0", "traits": {"email": SECRET, "name": "Berta Braun"}}
    send(inbox, person, track("Product Viewed", "m1", user="u1", product_id="p1"))
    send(inbox, track("", "m2", user="u1"), track("Order Completed", "m3", user="u1", order_id="o1", total="plenty", email=SECRET))
    tick(NOW)
    return inbox


class TestPages:
    def test_open_for_who_may_see_data_and_name_nobody_to_who_may_not_see_people(self, as_role, came) -> None:
        analyst = as_role("no_personal_data")
        for address in (*PAGES, "/data/live/rows/", "/data/quarantine/?source=web&code=" + next(iter(quarantine_counts()))[1]):
            answer = analyst.get(address)
            assert answer.status_code == 200, address
            # Among the characters that a token is drawn from, "u1" comes about by itself.
            page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
            for personal in (SECRET, "Berta", "u1", "plenty"):
                assert personal not in page, address

    @pytest.mark.parametrize("address", PAGES)
    def test_are_shut_for_others(self, as_role, inbox, address) -> None:
        assert as_role("support").get(address).status_code == 403


class TestSources:
    def test_are_made_switched_and_given_new_keys(self, as_role, inbox) -> None:
        owner = as_role("owner")
        made = owner.post("/data/new/", {"name": "My shop!", "kind": "server"})
        assert made["Location"] == "/data/sources/my-shop/"
        before = source("my-shop")
        owner.post("/data/sources/my-shop/switch/", {"enabled": "no"})
        owner.post("/data/sources/my-shop/key/")
        after = source("my-shop")
        assert (after.enabled, after.previous_key) == (False, before.write_key)
        assert b"switched off" in owner.get("/data/").content

    def test_keep_their_keys_from_pages_until_somebody_asks(self, as_role, inbox) -> None:
        key = source("web").write_key
        owner = as_role("owner")
        assert key not in owner.get("/data/sources/web/").content.decode()
        assert key in owner.get("/data/sources/web/secrets/").content.decode()
        assert as_role("analyst").get("/data/sources/web/secrets/").status_code == 403

    def test_say_why_settings_are_refused_and_change_nothing(self, as_role, inbox) -> None:
        owner = as_role("owner")
        said = {"name": "Web", "ip": "cut", "remember_days": "9999", "allowed_origins": "", "shop": ""}
        page = owner.post("/data/sources/web/settings/", said, follow=True).content.decode()
        assert "notice-warn" in page
        assert source("web").remember_days == 30

    def test_refuse_a_webhook_without_a_secret(self, as_role, inbox) -> None:
        answer = as_role("owner").post("/data/new/", {"name": "Stripe", "kind": "stripe"})
        assert answer.status_code == 422
        assert b"notice-warn" in answer.content


class TestLive:
    def test_shows_what_came_with_whom_it_concerns(self, as_role, came) -> None:
        page = as_role("read_only").get("/data/live/").content.decode()
        assert "Product Viewed" in page
        assert "/customers/" in page

    def test_sends_only_what_is_new(self, as_role, came) -> None:
        owner = as_role("owner")
        first = owner.get("/data/live/rows/").content.decode()
        after = first.split("after=")[1].split('"')[0]
        send(came, track("Cart Viewed", "m9", user="u1"))
        tick(NOW + timedelta(seconds=1))
        page = owner.get(f"/data/live/rows/?after={after}").content.decode()
        assert "Cart Viewed" in page
        assert "Product Viewed" not in page
        assert 'hx-swap-oob="afterbegin"' in page

    def test_stands_still_when_paused(self, as_role, came) -> None:
        assert "every 2s" in as_role("owner").get("/data/live/").content.decode()
        assert "every 2s" not in as_role("admin").get("/data/live/?paused=yes").content.decode()

    def test_is_one_look_in_the_audit_log_however_often_it_polls(self, as_role, came) -> None:
        owner = as_role("owner")
        for _ in range(3):
            owner.get("/data/live/rows/")
        deliver()
        assert AuditEntry.objects.filter(action="live.viewed").count() == 1

    def test_says_in_german_all_that_departs_from_the_plan(self, as_role, inbox) -> None:
        event = {
            "type": "object",
            "required": ["cup"],
            "properties": {"cup": {}, "price": {"type": "number"}},
            "additionalProperties": False,
        }
        save_plan(source="web", schema={"events": {"Tea Drunk": event}}, mode="mark", actor="user 1", now=NOW)
        send(inbox, track("Tea Drunk", "m1", price="many", sort="green", spoon="small"))
        tick(NOW)
        page = as_role("owner").get("/data/live/", headers={"accept-language": "de"}).content.decode()
        for text in ("cup fehlt", "price ist ein Text, nicht eine Zahl", "sort steht nicht im Plan", "spoon steht nicht im Plan"):
            assert text in page, text


class TestQuarantine:
    def test_replays_a_call_that_was_mended(self, as_role, came) -> None:
        owner = as_role("owner")
        call = next(one for one in quarantine() if one.message_id == "m3")
        mended = call.raw.replace('"plenty"', "25.0").replace("}", ', "currency": "EUR"}', 1)
        owner.post("/data/quarantine/replay/", {"id": call.id, "raw": mended})
        tick(NOW + timedelta(seconds=1))
        assert [one.message_id for one in quarantine()] == ["m2"]

    def test_says_why_a_change_is_refused(self, as_role, came) -> None:
        call = quarantine()[0]
        page = as_role("owner").post("/data/quarantine/replay/", {"id": call.id, "raw": "{"}, follow=True).content.decode()
        assert "not JSON" in page
        assert call.id in [one.id for one in quarantine()]

    def test_gives_up_what_was_chosen(self, as_role, came) -> None:
        first, second = quarantine()
        as_role("owner").post("/data/quarantine/dismiss/", {"id": [first.id]})
        assert [one.id for one in quarantine()] == [second.id]

    def test_does_neither_for_who_only_looks(self, as_role, came) -> None:
        looker = as_role("read_only")
        assert looker.get("/data/quarantine/").status_code == 200
        assert looker.post("/data/quarantine/dismiss/", {"id": [1]}).status_code == 403
        assert looker.post("/data/quarantine/replay/", {"id": 1}).status_code == 403


class TestPlans:
    def test_are_learned_looked_over_and_saved(self, as_role, came) -> None:
        owner = as_role("owner")
        page = owner.get("/data/plans/web/learn/")
        assert plan_of("web") is None
        owner.post("/data/plans/web/", {"schema": page.context["text"], "mode": "mark"})
        assert plan_of("web").mode == "mark"
        assert "Product Viewed" in owner.get("/data/plans/web/").content.decode()

    @pytest.mark.parametrize("schema", ["{", "[]", json.dumps({"Product Viewed": {"type": "no such type"}})])
    def test_refuse_what_is_no_schema_and_keep_what_was_written(self, as_role, inbox, schema) -> None:
        answer = as_role("owner").post("/data/plans/web/", {"schema": schema, "mode": "mark"})
        assert answer.status_code == 422
        assert answer.context["text"] == schema
        assert plan_of("web") is None


class TestQuality:
    def test_says_in_words_what_to_look_at(self, as_role, came) -> None:
        page = as_role("analyst").get("/data/quality/").content.decode()
        assert "calls went into quarantine" in page
        assert "came more than an hour after" not in page
