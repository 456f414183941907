"""Erasure: the person is found in every store before, and nowhere after; everything else stays."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.errors import PersonUnknown
from regulars.identities import customer_of, map_rows, merge
from regulars.tables import TABLES, Erase
from regulars.workspace import Workspace
from tests.regulars.warehouse.erasure.decoding import decoded, files_saying
from tests.regulars.warehouse.rows import order, put, read, rows

ID, WEB, EMAIL, PHONE, NAME = "cust-quist-77", "web-visitor-4711", "anna.quist@example.org", "+49 170 5558877", "Anna Quist"
ORDER, TICKET, ANSWER = "ORD-QUIST-1", "CASE-QUIST-9", "FORM-QUIST-3"
pytestmark = pytest.mark.suite

FRIEND = "mary.anna.quist@example.org"
NEEDLES = [ID, WEB, EMAIL, PHONE, NAME, ORDER, TICKET, ANSWER, "allergic to nuts"]
JULY = datetime(2024, 7, 1, 2, 30)  # 30 June, 22:30, in New York
SPARED = {"exchange_rates", "costs"}  # tables whose rows concern nobody


def raw(**values):
    return pa.table(
        {"file": ["a.csv"], "row_number": [7], "reason": ["bad_date"], "explanation": [f"of {NAME}"], "raw": [json.dumps(values)]}
    )


def orders_of_two():
    mine = [order(ORDER, ID, 1000, JULY), order("ORD-QUIST-2", WEB, 500, JULY + timedelta(hours=1)), order("ORD-QUIST-3", EMAIL, 250, JULY)]
    others = [order("B-1", "berta", 300, JULY), order("B-2", "berta", 200, JULY + timedelta(days=40)), order("N-1", None, 50, JULY)]
    return rows("orders", *mine, *others)


def fill(shop):
    """Anna in every table, in quarantine, in a load's report, in the mappings, in the cache; Berta in most of them."""
    her = {"identity_id": ID, "occurred_at": JULY}
    first = put(
        shop,
        {"read": 9, "examples": [f"row 3: {NAME} <{EMAIL}>", ORDER, "1997"]},
        orders=orders_of_two(),
        order_lines=rows(
            "order_lines",
            {**her, "order_id": ORDER, "row_key": f"{ORDER}:1", "amount_minor": 1000, "product_name": f"Gift card for {EMAIL}"},
            {"order_id": "ORD-QUIST-2", "row_key": "ORD-QUIST-2:1", "amount_minor": 500, "product_name": "Lamp"},  # known by its order only
            {"identity_id": "berta", "order_id": "B-1", "row_key": "B-1:1", "amount_minor": 300, "product_name": "Lamp"},
        ),
        customers=rows(
            "customers",
            {
                **her,
                "email": EMAIL,
                "phone": PHONE,
                "name": NAME,
                "country": "DE",
                "traits": '{"note": "allergic to nuts"}',
                "row_key": f"c:{EMAIL}",
            },
            {"identity_id": "berta", "email": FRIEND, "phone": "+49 170 1", "name": "Berta", "country": "US", "row_key": "c:b"},
        ),
        accounts=rows("accounts", {"account_id": "acme", "members": json.dumps([ID, "berta"]), "seats": 2}),
        events=rows(
            "events", {**her, "name": "Signed In", "properties": f'{{"mail": "{EMAIL}"}}'}, {"identity_id": "berta", "name": "Signed In"}
        ),
        subscriptions=rows(
            "subscriptions", {**her, "subscription_id": f"sub-{ID}", "effective_at": JULY, "term_end": JULY, "mrr_after_minor": 900}
        ),
        messages=rows("messages", {**her, "message_id": f"m-{ID}", "step": "bounced", "reason": f"550 no such user: <{EMAIL}>"}),
        responses=rows("responses", {**her, "response_id": ANSWER, "text": "allergic to nuts", "score": 9.0}),
        points=rows("points", {**her, "points": 5, "reason": "for being allergic to nuts", "order_id": ORDER, "expires_at": JULY}),
        tickets=rows(
            "tickets",
            {**her, "ticket_id": TICKET, "step": "opened", "text": "I am allergic to nuts"},
            {"ticket_id": TICKET, "step": "replied", "text": "allergic to nuts, noted", "row_key": f"{TICKET}:2"},
            {"identity_id": "berta", "ticket_id": "CASE-B", "step": "opened", "text": f"my friend {NAME} is unhappy, call {PHONE}"},
            {"identity_id": "berta", "ticket_id": "CASE-B2", "step": "opened", "text": "where is my lamp?"},
        ),
        assignments=rows("assignments", {**her, "experiment": "e", "arm": "a", "row_key": f"e:{ID}"}),
        predictions=rows("predictions", {**her, "name": "p", "value": 0.5, "reasons": f'["ordered {ORDER.lower()}", "{EMAIL}"]'}),
        costs=rows("costs", {"amount_minor": 99}),
        exchange_rates=rows("exchange_rates", {"rate": 1.1}),
    )
    with shop.stage(source="csv") as load:
        load.add("orders", rows("orders", order(ORDER, ID, 900, JULY), order("B-1", "berta", 310, JULY)))
        load.add("supersessions", rows("supersessions", *(replaced(key, first, number) for number, key in enumerate((ORDER, "B-1")))))
        load.quarantine(raw(Customer=ID, Email=EMAIL.upper(), Amount="x"))
        load.quarantine(raw(Customer="berta", Amount="y").set_column(3, "explanation", pa.array(["of Berta"])))
        load.commit({}, [{"path": f"export of {NAME}.csv"}])
    merge(shop, WEB, ID, at=JULY + timedelta(days=1), evidence=f"signed in as {EMAIL}")
    merge(shop, "tablet-b", "berta", at=JULY + timedelta(days=1), evidence="signed in")
    (shop.folder / "mappings.json").write_text(json.dumps({"a.csv": {"mapped": {EMAIL: "email"}, "sample": NAME}}))
    (shop.folder / "cache" / "facts.json.gz").write_bytes(
        gzip.compress(json.dumps([ID, EMAIL, PHONE, NAME, ORDER, TICKET, ANSWER, WEB]).encode())
    )


def replaced(key, load_id, number):
    names = {"table_name": "orders", "superseded_source": "csv", "superseded_key": f"{key}:purchase", "superseded_load_id": load_id}
    return {**names, "row_key": f"replaced:{key}:{number}"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """The shop as it was, to be read only."""
    shop = Workspace.create(tmp_path_factory.mktemp("filled") / "shop", name="Shop", currency="EUR", time_zone="America/New_York")
    fill(shop)
    return shop


@pytest.fixture
def shop(filled, tmp_path):
    """A copy to be changed."""
    return Workspace.open(shutil.copytree(filled.folder, tmp_path / "shop"))


@pytest.fixture(scope="module")
def anonymised(filled, tmp_path_factory):
    """The shop and the report after she was anonymised, to be read only."""
    shop = Workspace.open(shutil.copytree(filled.folder, tmp_path_factory.mktemp("anonymised") / "shop"))
    return shop, shop.erase(ID)


def traces(shop):
    """Where she still is. The e-mail address of her friend contains hers."""
    files = {name: text.replace(FRIEND, "") for name, text in decoded(shop.folder).items()}
    return {
        needle: found for needle in NEEDLES if (found := [name for name, text in files.items() if needle.lower() in text + name.lower()])
    }


IN_FORCE = """orders where (source, row_key, load_id) not in
    (select (superseded_source, superseded_key, superseded_load_id) from supersessions where table_name = 'orders')"""
TOTALS = {
    "orders in force": f"select kind, count(*), sum(amount_minor)::bigint from {IN_FORCE} group by all",
    "by company month": f"""select month((occurred_at - interval 4 hour)::timestamp) m, count(*), sum(amount_minor)::bigint from {IN_FORCE}
        group by all order by all""",
    "by company day": f"select ((occurred_at - interval 4 hour)::date) d, sum(amount_minor)::bigint from {IN_FORCE} group by all order by all",
    "customers": f"""select count(distinct coalesce(m.customer_id, o.identity_id)) from (select * from {IN_FORCE}) o
        left join (select identity_id, arg_max(customer_id, (occurred_at, row_key)) customer_id from identities group by 1) m using (identity_id)""",
    "by country": "select country, count(*) from customers group by all order by all",
    "subscriptions": "select sum(mrr_after_minor)::bigint, count(*) from subscriptions",
    "lines": "select product_name = 'Lamp', count(*), sum(amount_minor)::bigint from order_lines group by all order by all",
    "lines joined": "select count(*) from order_lines join orders using (order_id)",
    "points": "select sum(points)::bigint, count(*) from points join (select distinct order_id from orders) using (order_id)",
    "scores": "select avg(score), count(*) from responses",
    "cases": "select count(distinct ticket_id), count(*) from tickets",
    "members": "select json_array_length(members) from accounts",
    "rows": "select " + ", ".join(f"(select count(*) from {table})" for table in TABLES),
}
BERTA = {
    "orders": "select * from orders where identity_id = 'berta' order by all",
    "lines": "select * from order_lines where identity_id = 'berta'",
    "customers": "select * from customers where identity_id = 'berta'",
    "cases": "select * from tickets where ticket_id = 'CASE-B2'",
    "map": "select * from identities where customer_id = 'berta'",
    "nobody's": "select * from orders where identity_id is null",
    "costs": "select * from costs",
    "supersessions": "select * from supersessions where superseded_key = 'B-1:purchase'",
}


def answers(shop, queries):
    return {name: read(shop, query) for name, query in queries.items()}


class TestBefore:
    def test_she_is_in_every_store(self, shop):
        files = decoded(shop.folder)
        for store in [*(f"tables/{table}/" for table in TABLES if table not in SPARED), "quarantine/", "loads/", "mappings.json", "cache/"]:
            said = [text for name, text in files.items() if name.startswith(store)]
            assert any(needle.lower() in text for needle in NEEDLES for text in said), store
        for needle in NEEDLES:
            assert files_saying(shop.folder, needle), needle

    def test_every_table_that_erasure_touches_has_her(self, shop):
        personal = {table.name for table in TABLES.values() if any(c.erase is not Erase.KEEP for c in table.columns)}
        assert personal - SPARED == set(TABLES) - SPARED


@pytest.mark.suite
@pytest.mark.parametrize("given", [ID, WEB, EMAIL.upper(), PHONE, "+49 (170) 555-8877"])
class TestErase:
    def test_leaves_no_trace_in_any_file(self, shop, given):
        shop.erase(given)
        assert traces(shop) == {}

    def test_strictly_leaves_no_trace_either(self, shop, given):
        shop.erase(given, strict=True)
        assert traces(shop) == {}


class TestAnonymise:
    def test_leaves_no_trace_in_any_file(self, anonymised, filled):
        assert set(traces(filled)) == set(NEEDLES)
        assert traces(anonymised[0]) == {}

    def test_keeps_all_totals(self, anonymised, filled):
        assert answers(anonymised[0], TOTALS) == answers(filled, TOTALS)

    def test_keeps_everybody_else_as_they_are(self, anonymised, filled):
        assert answers(anonymised[0], BERTA) == answers(filled, BERTA)

    def test_takes_her_out_of_what_others_wrote(self, anonymised):
        shop, _ = anonymised
        assert read(shop, "select text from tickets where ticket_id = 'CASE-B'") == [(None,)]
        assert read(shop, "select reason from messages") == [(None,)]

    def test_keeps_only_the_company_day_and_the_order_of_things(self, anonymised):
        shop, _ = anonymised
        instants = [row[0] for row in read(shop, "select distinct occurred_at from orders where identity_id like 'erased-%' order by 1")]
        midnight = datetime(2024, 6, 30, 4)  # 30 June, 00:00, in New York
        assert instants == [midnight, midnight + timedelta(microseconds=1)]

    def test_keeps_the_map_flat_and_her_identities_united(self, anonymised):
        shop, _ = anonymised
        table = pa.concat_tables([pq.read_table(path) for path in shop.snapshot().files("identities")])
        known = customer_of(map_rows(table))
        hers = {identity: customer for identity, customer in known.items() if identity.startswith("erased-")}
        assert len(set(hers.values())) == 1
        assert set(hers.values()) <= {row[0] for row in read(shop, "select distinct identity_id from orders")}

    def test_reports_what_it_did_and_names_nobody(self, anonymised):
        _, report = anonymised
        assert report.rows["orders"] == 4
        assert report.rows["order_lines"] == 2
        assert report.quarantined == 1
        assert not report.strict
        assert not any(needle in repr(report) for needle in NEEDLES)

    def test_keeps_the_rows_of_quarantine_without_what_they_held(self, anonymised):
        shop, _ = anonymised
        (path,) = (shop.folder / "quarantine").iterdir()
        kept = pq.read_table(path).to_pylist()
        assert [row["reason"] for row in kept] == ["bad_date", "bad_date"]
        assert kept[0]["raw"] is None
        assert json.loads(kept[1]["raw"]) == {"Customer": "berta", "Amount": "y"}

    def test_keeps_the_rest_of_the_reports(self, anonymised):
        shop, _ = anonymised
        assert shop.loads()[0].report == {"read": 9, "examples": ["row 3: [erased] <[erased]>", "[erased]", "1997"]}

    def test_reaches_files_that_undo_and_compaction_left(self, shop):
        extra = put(shop, orders=rows("orders", order("ORD-QUIST-8", ID, 1)))
        shop.undo(extra)
        shop.compact()
        assert files_saying(shop.folder, ID)
        shop.erase(ID)
        assert not files_saying(shop.folder, ID)
        assert not files_saying(shop.folder, "ORD-QUIST-8")

    def test_leaves_one_version_of_each_table(self, shop):
        shop.erase(ID)
        for table in shop.snapshot().versions:
            log = shop.folder / "tables" / table / "_delta_log"
            assert len(list(log.glob("*.json"))) == 1
            assert len(list(log.glob("*.checkpoint.parquet"))) == 1
        put(shop, orders=rows("orders", order("B-9", "berta", 1)))
        assert read(shop, "select count(*) from orders where order_id = 'B-9'") == [(1,)]

    def test_can_be_followed_by_another(self, shop):
        shop.erase(ID)
        before = answers(shop, TOTALS)
        shop.erase("berta")
        assert answers(shop, {name: query for name, query in TOTALS.items() if name != "by country"}).items() <= before.items()
        assert not files_saying(shop.folder, "berta")

    def test_does_not_take_a_customer_number_for_an_amount(self, shop):
        put(shop, orders=rows("orders", order("17", "350", 350), order("350", "berta", 17850, channel="350")))
        shop.erase("350")
        assert read(shop, "select identity_id, amount_minor, channel from orders where order_id = '350'") == [("berta", 17850, "350")]
        assert read(shop, "select count(*) from orders where order_id = '17'") == [(0,)]


class TestStrict:
    def test_deletes_her_rows_and_no_others(self, shop):
        berta, counts = answers(shop, BERTA), {table: read(shop, f"select count(*) from {table}")[0][0] for table in TABLES}
        report = shop.erase(ID, strict=True)
        assert answers(shop, BERTA) == berta
        assert {table: read(shop, f"select count(*) from {table}")[0][0] for table in TABLES} == {
            table: count - report.rows.get(table, 0) for table, count in counts.items()
        }
        assert read(shop, "select members from accounts") == [('["berta"]',)]

    def test_does_not_bring_back_what_her_order_had_replaced(self, shop):
        """A version of the order under another customer was replaced by hers: it stays replaced."""
        first = put(shop, orders=rows("orders", order("X-1", "clara", 70)))
        put(
            shop,
            orders=rows("orders", order("X-1", ID, 70)),
            supersessions=rows("supersessions", {**replaced("X-1", first, 9), "identity_id": ID}),
        )
        shop.erase(ID, strict=True)
        assert read(shop, f"select count(*) from {IN_FORCE} and identity_id = 'clara'") == [(0,)]


class TestRefusal:
    def test_of_somebody_unknown_changes_nothing(self, shop):
        before = {name: text for name, text in decoded(shop.folder).items() if not name.startswith("locks/")}
        with pytest.raises(PersonUnknown) as refused:
            shop.erase("nobody@example.org")
        assert {name: text for name, text in decoded(shop.folder).items() if not name.startswith("locks/")} == before
        assert "nobody" not in str(refused.value)
        assert len(shop.erased()) == 0


class TestErasedHashes:
    def test_know_her_again_whatever_she_comes_as(self, shop):
        shop.erase(ID)
        erased = shop.erased()
        for value in (ID, WEB, EMAIL, f" {EMAIL.upper()} ", PHONE, "+491705558877"):
            assert erased.contains(value), value
        for value in ("berta", FRIEND, "", None, "DE"):
            assert not erased.contains(value), value

    def test_mask_a_column(self, shop):
        assert shop.erased().mask(pa.array([ID, None])).to_pylist() == [False, False]
        shop.erase(ID)
        erased = Workspace.open(shop.folder).erased()
        values = [ID, "berta", None, EMAIL, ID]
        expected = [True, False, False, True, True]
        assert erased.mask(pa.array(values)).to_pylist() == expected
        assert erased.mask(pa.chunked_array([values[:2], values[2:]], pa.string())).to_pylist() == expected
        assert erased.mask(pa.chunked_array([], pa.string())).to_pylist() == []

    def test_mean_nothing_without_the_key(self, shop):
        shop.erase(ID)
        assert (shop.folder / "secret.key").stat().st_mode & 0o777 == 0o600
        (shop.folder / "secret.key").write_bytes(b"another")
        assert not shop.erased().contains(ID)
