"""Events at the door: Segment's HTTP API."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.regulars_server.intake.conftest import Doors, Installation

EVENT = {"type": "track", "event": "Signed Up", "userId": "u1", "anonymousId": None, "messageId": "m1", "sentAt": "2026-01-01T00:00:00Z"}


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


class TestDoor:
    @pytest.mark.parametrize("kind", ["track", "identify", "page", "screen", "group", "alias"])
    def test_stores_each_kind_of_call(self, installation: Installation, doors: Doors, kind: str) -> None:
        key = installation.add("shop")
        reply = httpx.post(f"{doors.listen(installation)}/v1/{kind}", json=EVENT, headers=basic(key))
        assert (reply.status_code, reply.json()) == (200, {"success": True})
        (row,) = installation.rows()
        assert (row.source, row.kind, json.loads(row.body), row.about) == ("shop", kind, EVENT, {})

    @pytest.mark.parametrize("path", ["batch", "import", "b", "batch/"])
    def test_stores_a_batch_as_one_row(self, on_sqlite: Installation, doors: Doors, path: str) -> None:
        body = {"batch": [EVENT, 7, None, {"bad": True}], "writeKey": on_sqlite.add("shop"), "sentAt": None}
        assert httpx.post(f"{doors.listen(on_sqlite)}/v1/{path}", json=body).status_code == 200
        (row,) = on_sqlite.rows()
        assert (row.kind, json.loads(row.body)) == ("batch", body)

    def test_takes_what_is_packed(self, on_sqlite: Installation, doors: Doors) -> None:
        headers, plain = basic(on_sqlite.add("shop")), json.dumps(EVENT).encode()
        raw = zlib.compressobj(wbits=-15)
        packed = {"gzip": gzip.compress(plain), "deflate": zlib.compress(plain), "DEFLATE": raw.compress(plain) + raw.flush()}
        with httpx.Client(base_url=doors.listen(on_sqlite), headers=headers) as client:
            for encoding, body in packed.items():
                assert client.post("/v1/track", content=body, headers={"Content-Encoding": encoding}).status_code == 200
        assert [row.body for row in on_sqlite.rows()] == [plain] * 3

    def test_takes_numbers_that_are_none(self, on_sqlite: Installation, doors: Doors) -> None:
        body = b'{"batch":[{"value":NaN},{"value":-Infinity},{"value":1.5}]}'
        headers = basic(on_sqlite.add("shop"))
        assert httpx.post(f"{doors.listen(on_sqlite)}/v1/batch", content=body, headers=headers).status_code == 200
        assert json.loads(on_sqlite.rows()[0].body)["batch"] == [{"value": None}, {"value": None}, {"value": 1.5}]

    def test_answers_a_switched_off_source_with_success_counts_and_drops(self, installation: Installation, doors: Doors) -> None:
        key, address = installation.add("shop", enabled=False), doors.listen(installation)
        for _ in range(2):
            assert httpx.post(f"{address}/v1/batch", json={"batch": [EVENT] * 3}, headers=basic(key)).json() == {"success": True}
        doors.stack.close()
        assert installation.rows() == []
        with installation.inbox() as inbox:
            counts = inbox.counts(0, 1 << 40)
        assert {c.outcome for c in counts} == {"dropped"}
        assert (sum(c.requests for c in counts), sum(c.events for c in counts)) == (2, 6)

    def test_notices_a_new_key_and_a_switch_within_a_second(self, installation: Installation, doors: Doors) -> None:
        import time

        address = doors.listen(installation)
        assert httpx.post(f"{address}/v1/track", json=EVENT, headers=basic("key-of-late")).status_code == 401
        key = installation.add("late")
        time.sleep(0.06)
        assert httpx.post(f"{address}/v1/track", json=EVENT, headers=basic(key)).status_code == 200
        installation.run("UPDATE intake_source SET enabled = %s", [False])
        time.sleep(1)
        assert httpx.post(f"{address}/v1/track", json=EVENT, headers=basic(key)).status_code == 200
        assert len(installation.rows()) == 1

    def test_opens_for_the_key_before_until_its_time_is_over(self, installation: Installation, doors: Doors) -> None:
        installation.add("shop", previous_key="old", previous_until="2099-01-01 00:00:00")
        installation.add("web", previous_key="older", previous_until="2020-01-01 00:00:00")
        address = doors.listen(installation)
        codes = [httpx.post(f"{address}/v1/track", json=EVENT, headers=basic(key)).status_code for key in ("old", "older", "key-of-web")]
        assert codes == [200, 401, 200]


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "content", "headers", "status", "outcome"),
        [
            ("track", b"no json", {}, 400, "refused.no_json"),
            ("track", b"[1]", {}, 400, "refused.no_json"),
            ("track", b"", {}, 400, "refused.no_json"),
            ("track", b"[" * 100_000, {}, 400, "refused.no_json"),
            ("track", b'{"a":' * 100_000, {}, 400, "refused.no_json"),
            ("batch", b'{"batch":{}}', {}, 400, "refused.no_json"),
            ("batch", b"{}", {}, 400, "refused.no_json"),
            ("track", b"{}", {"Content-Encoding": "gzip"}, 400, "refused.no_json"),
            ("track", b"{}", {"Content-Encoding": "br"}, 400, "refused.no_json"),
            ("track", b"{}", {"Authorization": "Basic Og=="}, 401, "refused.unknown_key"),
            ("track", b"{}", {"Authorization": "Basic ?"}, 401, "refused.unknown_key"),
            ("track", b'{"writeKey":"nope"}', {"Authorization": ""}, 401, "refused.unknown_key"),
            ("track", b'{"writeKey":{"a":[]}}', {"Authorization": ""}, 401, "refused.unknown_key"),
            ("track", b'{"a":"' + b"x" * (4 << 20) + b'"}', {}, 413, "refused.too_large"),
            ("track", gzip.compress(b" " * (5 << 20)), {"Content-Encoding": "gzip"}, 413, "refused.too_large"),
            ("track", gzip.compress(gzip.compress(b" " * (64 << 20))), {"Content-Encoding": "gzip, gzip"}, 413, "refused.too_large"),
        ],
    )
    def test_are_for_bodies_that_never_pass(
        self, on_sqlite: Installation, doors: Doors, path: str, content: bytes, headers: dict[str, Any], status: int, outcome: str
    ) -> None:
        key = on_sqlite.add("shop")
        reply = httpx.post(f"{doors.listen(on_sqlite)}/v1/{path}", content=content, headers=basic(key) | headers)
        assert reply.status_code == status, reply.text
        assert reply.json()["success"] is False
        doors.stack.close()
        assert on_sqlite.rows() == []
        with on_sqlite.inbox() as inbox:
            assert [(c.outcome, c.requests) for c in inbox.counts(0, 1 << 40)] == [(outcome, 1)]

    def test_name_other_methods_and_addresses(self, on_sqlite: Installation, doors: Doors) -> None:
        address = doors.listen(on_sqlite)
        assert httpx.get(f"{address}/v1/track").status_code == 405
        assert httpx.post(f"{address}/v1/other").status_code == 404
        assert httpx.get(f"{address}/v1/").status_code == 404

    def test_are_no_refusals_while_the_sources_cannot_be_read(self, on_sqlite: Installation, doors: Doors) -> None:
        gone = dataclasses.replace(on_sqlite.config, workspace=on_sqlite.config.workspace / "not-yet")
        gone.make_folders()
        empty = object.__new__(type(on_sqlite))
        object.__setattr__(empty, "config", gone)
        reply = httpx.post(f"{doors.listen(empty)}/v1/track", json=EVENT, headers=basic("any"))
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
