"""The page of one customer."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from regulars_server.console.customer import timeline
from regulars_server.console.customer.selectors import found
from regulars_server.console.templatetags.timeline_entries import timeline_entry
from regulars_server.loading.public import flush, tick
from regulars_server.loading.workspace import workspace
from regulars_server.profiles import models, public as profiles
from regulars_server.serving import public as serving
from regulars_server.serving.building import build_here
from regulars_server.serving.public import Entry
from regulars_server.serving.reading import close
from regulars_server.shared.audit import deliver
from regulars_server.shared.models import AuditEntry
from regulars_server.shared.public import reference_of
from tests.regulars_server.loading.calls import NOW, send, track

pytestmark = [pytest.mark.django_db(databases=["default", "audit"], transaction=True), pytest.mark.suite]


def identify(user: str, message: str, anonymous: str | None = None, **traits: str) -> dict:
    return {"type": "identify", "userId": user, "anonymousId": anonymous, "messageId": message, "traits": traits}


@pytest.fixture
def anna(inbox):
    """Anna on the web and by e-mail, and Ben."""
    send(inbox, identify("anna", "m1", "browser", email="anna@post.example", name="Anna Berg"))
    order = {
        "order_id": "o1",
        "total": 31.5,
        "tax": 4,
        "shipping": 2.5,
        "currency": "EUR",
        "products": [{"product_id": "p", "price": 12.5, "quantity": 2}],
    }
    send(inbox, track("Order Completed", "m2", user="anna", **order), track("Product Viewed", "m3", user="anna", product_id="p"))
    send(inbox, identify("ben", "m4", email="ben@post.example", name="Ben"))
    tick(NOW)
    return reference_of("anna")


class TestPage:
    def test_says_who_they_are_and_why(self, as_role, anna) -> None:
        page = as_role("support").get(f"/customers/{anna}/").content.decode()
        for text in ("Anna Berg", "anna@post.example", "anon:browser", "Named together in one call of web", "Order", "25.00"):
            assert text in page, text
        assert "31.5" not in page

    def test_is_shut_for_who_may_not_see_people(self, as_role, anna) -> None:
        barred = as_role("no_personal_data")
        for address in ("", "timeline/", "merge/", "unmerge/"):
            answer = barred.get(f"/customers/{anna}/{address}")
            assert answer.status_code == 403
            assert "Anna" not in answer.content.decode()

    def test_is_a_look_in_the_audit_log(self, as_role, anna) -> None:
        support = as_role("support")
        support.get(f"/customers/{anna}/")
        support.get(f"/customers/{anna}/timeline/")
        deliver()
        assert [entry.subjects for entry in AuditEntry.objects.filter(action="customer.viewed")] == [[anna]]

    def test_knows_nobody_under_a_wrong_reference(self, as_role, anna) -> None:
        assert as_role("support").get("/customers/aaaaaaaaaaaaaaaa/").status_code == 404

    def test_holds_no_id_in_its_addresses(self, as_role, anna) -> None:
        page = as_role("owner").get(f"/customers/{anna}/").content.decode()
        addresses = re.findall(r'(?:href|action|hx-get)="([^"]*)"', page)
        assert [one for one in addresses if "anna" in one or "@" in one or "anon" in one] == []


class TestTimeline:
    def test_shows_what_came_just_now_latest_first(self, anna) -> None:
        entries = timeline.page(found(anna).identities).entries
        assert [str(entry.title) for entry in entries] == ["Said who they are", "Product Viewed", "Order"]
        assert [entry.amount_minor for entry in entries] == [None, None, 2500]

    def test_shows_one_kind(self, anna) -> None:
        assert [str(entry.title) for entry in timeline.page(found(anna).identities, group="orders").entries] == ["Order"]

    def test_goes_together_with_a_merge(self, as_role, anna) -> None:
        profiles.merge(left="anna", right="ben", actor="test", now=NOW)
        assert len(timeline.page(found(reference_of("anna")).identities).entries) == 4


def entry(table: str, kind: str, *, minute: int = 0, amount: int | None = None, **detail) -> Entry:
    at = NOW + timedelta(minutes=minute)
    return Entry(
        occurred_at=at, identity="anna", account=None, table=table, kind=kind, amount_minor=amount, currency="EUR", detail=detail,
        source="web", row_key=f"{table}#{minute}", load_id="l", cursor="",
    )  # fmt: skip


class TestTelling:
    def test_tells_an_order_once_with_its_lines(self) -> None:
        rows = [
            entry("orders", "purchase", amount=2500, order_id="o1", linked=True),
            entry("order_lines", "purchase", amount=2500, order_id="o1", product_name="Mug", quantity=2.0),
            entry("events", "Order Completed", properties={"order_id": "o1"}),
            entry("events", "Product Viewed", minute=-1, product_id="p", properties={"product_id": "p"}),
        ]
        order, viewed = timeline._told(rows)
        assert (str(order.title), order.lines, order.mark) == ("Order", ["2 × Mug"], "money")
        assert [name for name, _value in order.detail] == ["Number"]
        assert viewed.title == "Product Viewed"
        assert [value for _name, value in viewed.detail] == ["p"]

    def test_marks_money_that_goes_back(self) -> None:
        assert [shown.mark for shown in timeline._told([entry("orders", "refund", amount=-500)])] == ["back"]

    def test_says_no_time_of_day_where_only_the_day_is_known(self) -> None:
        noon, midnight = timeline._told([entry("orders", "purchase"), entry("orders", "purchase", minute=-720)])
        assert (noon.clock, midnight.clock) == ("12:00", "")

    def test_says_what_came_as_it_is(self) -> None:
        rows = [
            entry("orders", "purchase", amount=2500, order_id="<o>"),
            *(entry("order_lines", "purchase", order_id="<o>", product_name=f"<{n}>", quantity=1.0) for n in range(7)),
            entry("events", '<b>"x"', minute=-1, properties={"<name>": "a & b"}),
        ]
        order, event = (timeline_entry(shown) for shown in timeline._told(rows))
        assert "<strong>Order</strong>" in order
        assert '<span class="muted">1 × &lt;0&gt;, 1 × &lt;1&gt;, 1 × &lt;2&gt;, 1 × &lt;3&gt;, 1 × &lt;4&gt; …</span>' in order
        assert "Number: &lt;o&gt;" in order
        assert '<li class="money"><time datetime=' in order
        assert '<span class="amount">25.00' in order
        assert "<strong>&lt;b&gt;&quot;x&quot;</strong>" in event
        assert "&lt;name&gt;: a &amp; b" in event

    def test_speaks_the_readers_language_each_time(self) -> None:
        said = []
        for code in ("en", "de", "en"):
            with override(code):
                (shown,) = timeline._told([entry("orders", "purchase", amount=2500, order_id="o1")])
                said.append((shown.title, shown.detail))
        assert said == [("Order", [("Number", "o1")]), ("Bestellung", [("Nummer", "o1")]), ("Order", [("Number", "o1")])]


class TestNotes:
    def test_are_kept_with_who_wrote_them(self, as_role, anna) -> None:
        support = as_role("support")
        page = support.post(f"/customers/{anna}/notes/", {"text": "Likes <tea>"}, follow=True).content.decode()
        assert "Likes &lt;tea&gt;" in page
        assert "Support" in page

    def test_say_why_one_is_refused(self, as_role, anna) -> None:
        page = as_role("support").post(f"/customers/{anna}/notes/", {"text": " "}, follow=True).content.decode()
        assert "notice-warn" in page
        assert profiles.notes(["anna"]) == []

    def test_are_not_written_by_who_only_reads(self, as_role, anna) -> None:
        assert as_role("read_only").post(f"/customers/{anna}/notes/", {"text": "x"}).status_code == 403


class TestMerge:
    def test_finds_the_other_shows_what_changes_and_joins_them(self, as_role, anna) -> None:
        support, ben = as_role("support"), reference_of("ben")
        listed = support.get(f"/customers/{anna}/merge/?q=ben@post.example").content.decode()
        assert f"?with={ben}" in listed
        preview = support.get(f"/customers/{anna}/merge/?with={ben}").content.decode()
        assert "What would change" in preview
        assert profiles.customer_of("anna") != profiles.customer_of("ben")
        done = support.post(f"/customers/{anna}/merge/", {"with": ben, "evidence": "Same telephone"}, follow=True)
        assert profiles.customer_of("anna") == profiles.customer_of("ben")
        assert "Decided by Support" in done.content.decode()

    def test_leads_an_old_address_to_whom_they_are_now(self, as_role, anna) -> None:
        customer = profiles.merge(left="anna", right="ben", actor="test", now=NOW)
        other = "ben" if customer == "anna" else "anna"
        answer = as_role("support").get(f"/customers/{reference_of(other)}/")
        assert (answer.status_code, answer["Location"]) == (302, f"/customers/{reference_of(customer)}/")

    def test_says_that_they_are_one_already(self, as_role, anna) -> None:
        answer = as_role("support").get(f"/customers/{anna}/merge/?with={anna}")
        assert answer.status_code == 422
        assert b"one person already" in answer.content

    def test_can_be_taken_back(self, as_role, anna) -> None:
        support = as_role("support")
        profiles.merge(left="anna", right="ben", actor="test", now=NOW)
        here = reference_of(profiles.customer_of("anna"))
        token = {"identity": reference_of("ben")}
        assert b"What would change" in support.get(f"/customers/{here}/unmerge/", token).content
        assert profiles.customer_of("ben") == profiles.customer_of("anna")
        support.post(f"/customers/{here}/unmerge/", token | {"evidence": "Two people"})
        assert profiles.customer_of("ben") != profiles.customer_of("anna")

    def test_is_not_for_who_only_reads(self, as_role, anna) -> None:
        assert as_role("read_only").post(f"/customers/{anna}/merge/", {"with": reference_of("ben")}).status_code == 403
        assert profiles.customer_of("anna") != profiles.customer_of("ben")


class TestSuggestions:
    def test_are_shown_and_put_aside(self, as_role, anna, inbox) -> None:
        send(inbox, identify("ben", "m8", email="anna@post.example"))
        tick(NOW + timedelta(seconds=1))
        assert profiles.suggestion_count() == 1
        marketer = as_role("marketer")
        assert "Anna Berg" in marketer.get("/data/suggestions/").content.decode()
        assert b"Not the same person" in marketer.get(f"/customers/{anna}/").content
        marketer.post("/data/suggestions/dismiss/", {"id": profiles.suggestions()[0].suggestion_id})
        assert profiles.suggestion_count() == 0

    def test_on_the_page_of_a_customer_are_those_of_them_and_take_no_more_queries_when_there_are_more(self, as_role, anna) -> None:
        support = as_role("support")

        def page_of(owners: dict[str, list[str]]) -> tuple[str, int]:
            profiles.suggest_from_files(owners)
            with CaptureQueriesContext(connection) as queries:
                page = support.get(f"/customers/{anna}/").content.decode()
            return page, len(queries)

        page_of({})
        alone, few = page_of({"a@x.eu": ["anna", "ben"]})
        others = {f"{n:03}@x.eu": [f"l{n}", f"r{n}", f"s{n}"] for n in range(150)}
        among_many, many = page_of({**others, "a@x.eu": ["anna", "ben"], "b@x.eu": ["anna", "c1", "c2", "c3"]})
        assert (alone.count("Not the same person"), among_many.count("Not the same person")) == (1, 2)
        assert many == few
        assert "l149" not in among_many

    def test_are_shut_for_who_may_not_see_people(self, as_role, anna) -> None:
        assert as_role("no_personal_data").get("/data/suggestions/").status_code == 403


class TestSomebodyOfAFile:
    """No call has named them: they are on the list because a file holds their orders."""

    @pytest.fixture
    def files(self, shop, tmp_path):
        rows = [f"o{n},{who},2026-{month:02}-05,{10 * n}" for n, (who, month) in enumerate([("c2", 3), ("c1", 2), ("c1", 8), ("c3", 4)], 1)]
        (tmp_path / "orders.csv").write_text("\n".join(["order_id,customer_id,date,amount", *rows]))
        shop.import_file(tmp_path / "orders.csv")
        self.build()
        yield
        close()

    @staticmethod
    def build() -> dict[str, int]:
        """The list built anew: orders by customer."""
        flush(timezone.now(), force=True)
        build_here(workspace(), timezone.now() + timedelta(days=1))
        page = serving.customers(serving.CustomerQuery())
        return {row["customer_id"]: serving.customer(row["customer_id"])["orders"] for row in page.rows}

    def test_is_merged_and_parted_on_the_same_pages_as_others(self, as_role, files) -> None:
        support, here, other = as_role("support"), reference_of("c2"), reference_of("c1")
        before = self.build()
        assert before == {"c1": 2, "c2": 1, "c3": 1}
        assert f'href="/customers/{here}/merge/"' in support.get(f"/customers/{here}/").content.decode()
        assert f"?with={other}" in support.get(f"/customers/{here}/merge/?q=c1").content.decode()
        preview = support.get(f"/customers/{here}/merge/?with={other}").content.decode()
        assert "What would change" in preview
        assert "would be called c1" in preview
        assert models.Identity.objects.count() == 0
        done = support.post(f"/customers/{here}/merge/", {"with": other, "evidence": "Same telephone"}, follow=True).content.decode()
        assert "Decided by Support" in done
        assert support.get(f"/customers/{here}/")["Location"] == f"/customers/{other}/"
        assert self.build() == {"c1": 3, "c3": 1}
        assert len(timeline.page(found(other).identities).entries) == 3
        token = {"identity": here, "evidence": "Two people"}
        assert f'/customers/{other}/unmerge/?identity={here}"' in support.get(f"/customers/{other}/").content.decode()
        support.post(f"/customers/{other}/unmerge/", token)
        assert self.build() == before
        assert [len(timeline.page(found(one).identities).entries) for one in (here, other)] == [1, 2]

    def test_is_written_about(self, as_role, files) -> None:
        page = as_role("support").post(f"/customers/{reference_of('c3')}/notes/", {"text": "Likes tea"}, follow=True).content.decode()
        assert "Likes tea" in page
