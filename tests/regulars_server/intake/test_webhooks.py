"""Webhooks of Shopify and Stripe: who has the secret is heard, and the same delivery counts once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING

from tests.regulars_server.intake.conftest import web

if TYPE_CHECKING:
    from tests.regulars_server.intake.conftest import Doors, Installation

SECRET = "whsec_test"
ORDER = json.dumps({"id": 5, "note": "Grüße", "total_price": "1.00"}, ensure_ascii=False).encode()
EVENT = json.dumps({"id": "evt_1", "type": "charge.refunded", "data": {"object": {"id": "ch_1"}}}).encode()


def shopify(body: bytes = ORDER, *, secret: str = SECRET, delivery: str = "d-1") -> dict[str, str]:
    signature = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    names = {"X-Shopify-Hmac-Sha256": signature, "X-Shopify-Topic": "orders/create", "X-Shopify-Shop-Domain": "a.myshopify.com"}
    return names | {"X-Shopify-Webhook-Id": delivery}


def stripe(body: bytes = EVENT, *, secret: str = SECRET, at: float | None = None, before: str = "") -> dict[str, str]:
    moment = str(int(time.time() if at is None else at))
    signature = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={moment},{before}v1={signature}"}


class TestShopify:
    def test_is_stored_raw_with_its_topic(self, installation: Installation, doors: Doors) -> None:
        installation.add("shop", kind="shopify", signing_secret=SECRET)
        reply = web.post(f"{doors.listen(installation)}/v1/webhooks/shop/", content=ORDER, headers=shopify())
        assert reply.status_code == 200
        (row,) = installation.rows()
        assert (row.source, row.kind, row.body) == ("shop", "shopify", ORDER)
        assert row.about == {"topic": "orders/create", "id": "d-1", "shop": "a.myshopify.com"}

    def test_sent_again_is_recognised(self, installation: Installation, doors: Doors) -> None:
        installation.add("shop", kind="shopify", signing_secret=SECRET)
        address = f"{doors.listen(installation)}/v1/webhooks/shop"
        codes = [web.post(address, content=ORDER, headers=shopify(delivery=name)).status_code for name in ("d-1", "d-1", "d-2", "d-1")]
        assert codes == [200] * 4
        assert [row.about["id"] for row in installation.rows()] == ["d-1", "d-2"]
        assert installation.counted() == [("accepted", 2, 2), ("replayed", 2, 2)]

    def test_without_the_secret_is_refused(self, on_sqlite: Installation, doors: Doors) -> None:
        on_sqlite.add("shop", kind="shopify", signing_secret=SECRET)
        wrong = [{}, shopify(secret="other"), shopify(b"{}"), {"X-Shopify-Hmac-Sha256": "?"}, {"X-Shopify-Hmac-Sha256": "\u00e9"}]
        for headers in wrong:
            raw = [(name.encode(), value.encode()) for name, value in headers.items()]
            assert web.post(f"{doors.listen(on_sqlite)}/v1/webhooks/shop/", content=ORDER, headers=raw).status_code == 401
        assert on_sqlite.rows() == []
        assert on_sqlite.counted() == [("refused.signature", 5, 0)]

    def test_of_a_source_without_a_secret_is_refused(self, on_sqlite: Installation, doors: Doors) -> None:
        on_sqlite.add("shop", kind="shopify")
        address = doors.listen(on_sqlite)
        assert web.post(f"{address}/v1/webhooks/shop/", content=ORDER, headers=shopify(secret="")).status_code == 401
        assert web.post(f"{address}/v1/webhooks/none/", content=ORDER, headers=shopify()).status_code == 404

    def test_to_a_source_of_another_kind_is_refused(self, on_sqlite: Installation, doors: Doors) -> None:
        on_sqlite.add("web", kind="browser", signing_secret=SECRET)
        assert web.post(f"{doors.listen(on_sqlite)}/v1/webhooks/web/", content=ORDER, headers=shopify()).status_code == 404

    def test_is_dropped_while_switched_off_and_taken_later(self, on_sqlite: Installation, doors: Doors) -> None:
        on_sqlite.add("shop", kind="shopify", signing_secret=SECRET, enabled=False)
        address = f"{doors.listen(on_sqlite)}/v1/webhooks/shop/"
        assert web.post(address, content=ORDER, headers=shopify()).status_code == 200
        on_sqlite.run("UPDATE intake_source SET enabled = %s", [True])
        assert web.post(address, content=ORDER, headers=shopify()).status_code == 200
        assert len(on_sqlite.rows()) == 1


class TestStripe:
    def test_is_stored_raw_with_its_topic_and_once(self, on_sqlite: Installation, doors: Doors) -> None:
        on_sqlite.add("bills", kind="stripe", signing_secret=SECRET)
        address = f"{doors.listen(on_sqlite)}/v1/webhooks/bills/"
        for headers in (stripe(), stripe(at=time.time() - 200), stripe(before="v0=zz,v1=00,")):
            assert web.post(address, content=EVENT, headers=headers).status_code == 200
        (row,) = on_sqlite.rows()
        assert (row.kind, row.body, row.about) == ("stripe", EVENT, {"topic": "charge.refunded", "id": "evt_1"})

    def test_without_the_secret_or_too_late_is_refused(self, on_sqlite: Installation, doors: Doors) -> None:
        on_sqlite.add("bills", kind="stripe", signing_secret=SECRET)
        for headers in (
            {},
            stripe(secret="other"),
            stripe(b"{}"),
            stripe(at=0),
            stripe(at=4e9),
            {"Stripe-Signature": "t=x,v1=y"},
            {"Stripe-Signature": f"t={'9' * 5000},v1=y"},
            {"Stripe-Signature": stripe()["Stripe-Signature"].replace("v1=", "v0=")},
            {"Stripe-Signature": f"t={int(time.time())}," + stripe(at=1)["Stripe-Signature"]},
        ):
            assert web.post(f"{doors.listen(on_sqlite)}/v1/webhooks/bills/", content=EVENT, headers=headers).status_code == 401
        assert on_sqlite.rows() == []
