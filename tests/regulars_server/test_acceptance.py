"""From an SDK in a shop to a page that somebody reads, through all processes: the way a newcomer goes."""

from __future__ import annotations

import contextlib
import re
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from segment.analytics import request
from segment.analytics.client import Client

import regulars
from tests.regulars_server.running.conftest import Installation, make_installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["make_installation"]
PASSWORD = "a long password of an owner"


@contextlib.contextmanager
def owner_of(shop: Installation) -> Iterator[httpx.Client]:
    """Opens the one-time link that `up` printed, sets a password, and is signed in."""
    (link,) = [word for line in shop.said for word in line.split() if "/start/" in word]
    with httpx.Client(base_url=shop.address, follow_redirects=True, timeout=30) as reader:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', reader.get(link).text)[1]
        person = {"email": "owner@shop.example", "name": "Owner", "password": PASSWORD, "again": PASSWORD}
        answer = reader.post(link, data={"csrfmiddlewaretoken": token, **person}, headers={"Referer": link})
        assert answer.status_code == 200, answer.text
        yield reader


def eventually(found: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def orders_of(shop: Installation, customer: str) -> int:
    with regulars.open(shop.folder).session(as_of="2030-01-01") as session:
        t = session.tables()
        rows = session.run(t.kept_orders.filter(t.kept_orders.customer_id == customer))
    return rows.num_rows


@pytest.mark.suite
class TestFirstDay:
    def test_leads_from_an_sdk_to_the_page_of_a_customer(self, make_installation) -> None:
        shop = make_installation().start()
        with owner_of(shop) as reader:
            client = Client(shop.write_key(), host=shop.address, upload_interval=0.05)
            client.identify("anna", {"email": "Anna@Shop.example", "name": "Anna Acceptance"}, anonymous_id="visitor-1")
            client.track("anna", "Order Completed", {"order_id": "A-1", "revenue": 45.5, "currency": "EUR", "products": []})
            client.shutdown()
            request._session.close()

            eventually(lambda: "Order Completed" in reader.get("/data/live/").text)
            eventually(lambda: "Anna Acceptance" in reader.get("/customers/", params={"q": "anna@shop.example"}).text)
            address = re.search(r'href="(/customers/[a-z2-7]{16}/)"', reader.get("/customers/", params={"q": "anna@shop.example"}).text)[1]
            page = reader.get(address).text
            assert "Anna Acceptance" in page
            assert "45.50" in page
            assert "visitor-1" in page

        eventually(lambda: regulars.open(shop.folder).snapshot().files("orders") != ())
        assert orders_of(shop, "anna") == 1
        assert shop.end() == 0
        # Sent again after a restart, it is known: the message ids are remembered with the batch.
        shop.start()
        assert [row[0] for row in shop.rows("SELECT count(*) FROM loading_seenmessage")] == [2]
        assert shop.end() == 0
