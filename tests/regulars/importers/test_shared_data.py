"""The real and synthetic data sets; expected figures are those of their README.md and of the issue."""

from __future__ import annotations

from collections import Counter

import pytest

from regulars.importers import import_files, recognise
from tests.regulars.importers.conftest import Shop

pytestmark = pytest.mark.suite


@pytest.fixture
def usd(tmp_path):
    return Shop(tmp_path, currency="USD")


def load(shop, path, **options):
    report = import_files(shop.ws, path, **options)
    assert report.reconciles
    return report.files[0]


class TestCdnow:
    def test_every_row_becomes_an_order(self, shared_data, usd):
        report = load(usd, shared_data / "cdnow" / "cdnow_master.csv.gz")
        assert (report.read, report.imported, report.repeated) == (69_659, 69_659, 255)
        assert (report.money[0].currency, report.money[0].imported) == ("USD", 250_031_563)
        summary = usd.rows(
            "orders", "count(*), count(distinct identity_id), sum(amount_minor), count(*) filter (where amount_minor = 0)", "1"
        )
        assert summary == [(69_659, 23_570, 250_031_563, 80)]

    def test_leaves_the_kept_orders_of_the_known_buyers(self, shared_data, usd):
        load(usd, shared_data / "cdnow" / "cdnow_master.csv.gz")
        (orders,) = usd.ws.metric("orders")
        assert orders.value == 69_579
        by_month = {v.group: v.value for v in usd.ws.metric("customer_count", group_by="cohort")}
        assert by_month == {"1997-01": 7_814, "1997-02": 8_455, "1997-03": 7_231, "1997-11": 2}
        assert sum(by_month.values()) == 23_502

    def test_both_layouts_are_the_same_orders(self, shared_data, usd):
        load(usd, shared_data / "cdnow" / "CDNOW_master.txt.gz")
        again = load(usd, shared_data / "cdnow" / "cdnow_master.csv.gz")
        assert (again.imported, again.already_there) == (0, 69_659)

    def test_an_overlapping_later_export_adds_only_what_is_new(self, shared_data, usd):
        import gzip

        lines = gzip.decompress((shared_data / "cdnow" / "cdnow_master.csv.gz").read_bytes()).splitlines(keepends=True)
        early = [lines[0], *(line for line in lines[1:] if line.split(b",")[1] < b"19971001")]
        load(usd, usd.file("early.csv", b"".join(early)))
        report = load(usd, shared_data / "cdnow" / "cdnow_master.csv.gz")
        assert (report.already_there, report.imported) == (len(early) - 1, 69_659 - len(early) + 1)
        assert usd.rows("orders", "count(*), sum(amount_minor)", "1") == [(69_659, 250_031_563)]


@pytest.fixture(scope="module")
def retail(shared_data, tmp_path_factory):
    shop = Shop(tmp_path_factory.mktemp("retail"), currency="GBP", time_zone="Europe/London")
    return shop, load(shop, shared_data / "online_retail" / "online_retail.parquet")


@pytest.mark.suite
class TestOnlineRetail:
    def test_lines_and_money(self, retail):
        _, report = retail
        assert report.format == "uci_online_retail"
        assert (report.read, report.imported, report.repeated) == (541_909, 541_909, 5_268)
        assert (report.without_customer, report.taken_back) == (135_080, 9_288)
        assert report.money[0].imported == 974_774_793
        assert report.money[0].read_before_rounding == "9747747.934"

    def test_invoices(self, retail):
        shop, _ = retail
        counts = "count(*), count(*) filter (where amount_minor > 0), count(distinct identity_id), sum(amount_minor), count(*) filter (where kind = 'adjustment')"
        assert shop.rows("orders", counts, "1") == [(25_900, 19_960, 4_372, 974_774_793, 3)]
        assert shop.rows("orders", "sum(amount_minor) filter (where identity_id is not null)", "1") == [(830_006_581,)]
        assert shop.rows("orders", "count(*) filter (where linked)", "1") == [(0,)]

    def test_lines(self, retail):
        shop, _ = retail
        assert shop.rows("order_lines", "count(*), sum(amount_minor)", "1") == [(541_909, 974_774_793)]
        kept = "identity_id is not null and quantity > 0 and amount_minor > 0"
        counts = ", ".join(
            f"{what} filter (where {kept})" for what in ("count(distinct order_id)", "count(distinct identity_id)", "sum(amount_minor)")
        )
        assert shop.rows("order_lines", counts, "1") == [(18_532, 4_338, 891_140_790)]
        # 397,884 lines have a price above zero; four of them, of a tenth of a penny, come to less than half a penny in all.
        assert shop.rows("order_lines", f"count(*) filter (where {kept})", "1") == [(397_884 - 4,)]

    def test_invoices_at_two_instants(self, retail):
        shop, _ = retail
        instants = Counter(order_id for order_id, _ in shop.rows("order_lines", "distinct order_id, occurred_at"))
        assert sum(n > 1 for n in instants.values()) == 43

    def test_what_is_no_goods(self, retail):
        shop, _ = retail
        assert {code for code, goods in shop.rows("order_lines", "distinct product_id, is_goods") if not goods} == {
            "AMAZONFEE", "B", "BANK CHARGES", "C2", "CRUK", "D", "DOT", "M", "PADS", "POST", "S", "gift_0001_10", "gift_0001_20", "gift_0001_30",
            "gift_0001_40", "gift_0001_50", "m",
        }  # fmt: skip

    def test_importing_again_changes_nothing(self, retail, shared_data):
        shop, _ = retail
        again = load(shop, shared_data / "online_retail" / "online_retail.parquet")
        assert (again.imported, again.already_there, again.written) == (0, 541_909, {})


class TestOtherSets:
    def test_companies_subscriptions_and_tickets(self, shared_data, usd):
        folder = shared_data / "ravenstack_saas"
        reports = [load(usd, folder / f"ravenstack_{name}.csv.gz") for name in ("accounts", "subscriptions", "support_tickets")]
        assert [(r.format, r.imported) for r in reports] == [("accounts", 500), ("subscriptions", 5_000), ("tickets", 2_000)]
        assert usd.rows("subscriptions", "count(*) filter (where change = 'cancel'), count(distinct account_id)", "1") == [(486, 500)]
        assert usd.rows("tickets", "count(score), round(avg(score), 3)", "1") == [(1_175, 3.981)]

    def test_answers_are_ratings_unless_told_that_they_are_recommendations(self, shared_data, usd):
        report = load(usd, shared_data / "nps_bank" / "nps_bank.csv.gz", mapping={"rating": "nps"})
        assert report.imported == 5_000
        promoters, detractors = usd.rows("responses", "count(*) filter (where score >= 9), count(*) filter (where score <= 6)", "1")[0]
        assert (promoters, detractors) == (2_309, 1_719)
        assert usd.rows("responses", "distinct measure, scale_min, scale_max") == [("nps", 0.0, 10.0)]
        assert usd.rows("responses", "min(occurred_at)::date::varchar, max(occurred_at)::date::varchar", "1") == [
            ("2021-01-01", "2021-12-30")
        ]

    def test_spending_by_day_and_channel(self, shared_data, usd):
        report = load(usd, shared_data / "marketing_spend" / "marketing_daily_channels.csv.gz")
        assert (report.format, report.imported, report.money[0].imported) == ("costs", 308, 3_059_087_982)
        assert usd.rows("costs", "sum(leads), sum(actions), min(starts_on)::varchar, max(starts_on)::varchar", "1") == [
            (65_579, 8_043, "2021-02-01", "2021-02-28")
        ]

    def test_a_click_stream(self, shared_data, usd):
        report = load(usd, shared_data / "retentioneering_ecom" / "ecom.csv.gz")
        assert (report.format, report.imported) == ("events", 31_106)
        assert usd.rows("events", "count(distinct identity_id), count(distinct json_extract_string(properties, '$.session_id'))", "1") == [
            (600, 3_605)
        ]

    @pytest.mark.parametrize(
        "header",
        ["ID,frequency,recency,T", "churn_event_id,account_id,churn_date,reason_code,refund_amount_usd", "text,category"],
    )
    def test_what_is_nothing_of_ours_is_not_taken_for_something(self, header):
        from regulars.errors import FormatUnrecognised

        with pytest.raises(FormatUnrecognised):
            recognise(header.split(","))
