"""Ids of files may be longer than those of calls: they stay as the file says, and nothing stops because of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulars_server.loading.models import AdoptedLoad, KnownPart
from regulars_server.loading.public import flush
from regulars_server.profiles.public import customer_of
from tests.regulars_server.loading.calls import NOW, table, track
from tests.regulars_server.loading.test_versions import completed, load

pytestmark = [pytest.mark.django_db(databases=["default", "audit"]), pytest.mark.suite]
FAR = "ü" * 600
"""Longer than any column of the application, in few letters more bytes than PostgreSQL puts into an index."""
ENDLESS = "".join(f"{number:04}" for number in range(2500))


@pytest.fixture
def bring(shop, tmp_path):
    def made(*rows: str, header: str = "order_id,customer_id,email,date,amount") -> None:
        path = tmp_path / f"{len(shop.loads())}.csv"
        path.write_text("\n".join([header, *rows]))
        shop.import_file(path)

    return made


class TestALongId:
    @pytest.mark.parametrize("long", [FAR, ENDLESS])
    def test_of_a_customer_stays_with_the_file_and_stops_nobody(self, bring, long):
        bring(f"1,{long},long@shop.eu,2026-11-20,10", "2,c2,anna@shop.eu,2026-11-20,10", f"3,c3,{'x' * 300}@shop.eu,2026-11-20,10")
        flush(NOW, force=True)
        assert AdoptedLoad.objects.get().is_whole
        assert customer_of("anna@shop.eu") == "c2"
        assert customer_of("long@shop.eu") == "long@shop.eu"
        assert ("long@shop.eu", long) in table("select identity_id, customer_id from identities")

    @pytest.mark.parametrize("long", [FAR, ENDLESS])
    def test_of_an_order_or_of_who_ordered_stops_no_other_order(self, inbox, bring, long):
        load(inbox, ([completed("m1", "1001")], "web"))
        bring(f"{long},c1,,2026-11-20,10", f"1001,{long},,2026-11-20,11", f"1002,{long},,2026-11-20,12")
        flush(NOW + timedelta(minutes=1), force=True)
        bring(f"{long},c1,,2026-11-20,13")
        flush(NOW + timedelta(minutes=2), force=True)
        load(inbox, ([track("Order Refunded", "m2", None, order_id="1002", refund_id="r", total=12)], "web"))
        found = table("select left(order_id, 4), kind, amount_minor from orders_in_force order by 1, 2")
        assert found == sorted(
            [("1001", "purchase", 1100), ("1002", "purchase", 1200), ("1002", "refund", -1200), (long[:4], "purchase", 1300)]
        )
        assert AdoptedLoad.objects.filter(is_whole=True).count() == 2
        assert KnownPart.objects.filter(thing__startswith=long[:20]).count() == 0
