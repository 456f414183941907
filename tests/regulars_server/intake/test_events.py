"""Events at the door: Segment's HTTP API."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import time
import zlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.regulars_server.intake.conftest import wait_until, web

if TYPE_CHECKING:
    from tests.regulars_server.intake.conftest import Doors, Installation

EVENT = {"type": "track", "event": "Signed Up", "userId": "u1", "anonymousId": None, "messageId": "m1", "sentAt": "2026-01-01T00:00:00Z"}


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


class TestDoor:
    def test_stores_each_kind_of_call(self, installation: Installation, doors: Doors) -> None:
        headers, address = basic(installation.add("shop")), doors.listen(installation)
        kinds = ["track", "identify", "page", "screen", "group", "alias"]
        for path in kinds + [kind[0] for kind in kinds]:
            reply = web.post(f"{address}/v1/{path}", json=EVENT, headers=headers)
            assert (reply.status_code, reply.json()) == (200, {"success": True})
        stored = [(row.source, row.kind, json.loads(row.body), row.about) for row in installation.rows()]
        assert stored == [("shop", kind, EVENT, {}) for kind in [*kinds, *kinds]]

    def test_stores_a_batch_as_one_row(self, on_sqlite: Installation, doors: Doors) -> None:
        body = {"batch": [EVENT, 7, None, {"bad": True}], "writeKey": on_sqlite.add("shop"), "sentAt": None}
        for path in ("batch", "import", "b", "batch/"):
            assert web.post(f"{doors.listen(on_sqlite)}/v1/{path}", json=body).status_code == 200
        assert [(row.kind, json.loads(row.body)) for row in on_sqlite.rows()] == [("batch", body)] * 4

    def test_stores_nothing_of_an_empty_batch(self, on_sqlite: Installation, doors: Doors) -> None:
        body = {"batch": [], "writeKey": on_sqlite.add("shop")}
        assert web.post(f"{doors.listen(on_sqlite)}/v1/batch", json=body).status_code == 200
        assert on_sqlite.rows() == []

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
        assert web.post(f"{doors.listen(on_sqlite)}/v1/batch", content=body, headers=headers).status_code == 200
        assert json.loads(on_sqlite.rows()[0].body)["batch"] == [{"value": None}, {"value": None}, {"value": 1.5}]

    def test_takes_texts_that_were_cut_within_a_character(self, on_sqlite: Installation, doors: Doors) -> None:
        body = rb'{"batch":[{"value":"cut \ud83d"},{"value":"whole \ud83c\udf75"}]}'
        headers = basic(on_sqlite.add("shop"))
        assert web.post(f"{doors.listen(on_sqlite)}/v1/batch", content=body, headers=headers).status_code == 200
        assert json.loads(on_sqlite.rows()[0].body)["batch"] == [{"value": "cut \ufffd"}, {"value": "whole \U0001f375"}]

    def test_answers_a_switched_off_source_with_success_counts_and_drops(self, installation: Installation, doors: Doors) -> None:
        key, address = installation.add("shop", enabled=False), doors.listen(installation)
        for _ in range(2):
            assert web.post(f"{address}/v1/batch", json={"batch": [EVENT] * 3}, headers=basic(key)).json() == {"success": True}
        assert installation.counted() == [("dropped", 2, 6)]
        assert installation.rows() == []

    def test_notices_a_new_key_and_a_switch_within_a_second(self, installation: Installation, doors: Doors) -> None:
        address = doors.listen(installation)
        assert web.post(f"{address}/v1/track", json=EVENT, headers=basic("key-of-late")).status_code == 401
        key = installation.add("late")
        wait_until(lambda: web.post(f"{address}/v1/track", json=EVENT, headers=basic(key)).status_code == 200, 1)
        installation.run("UPDATE intake_source SET enabled = %s", [False])
        time.sleep(1 if installation.config.uses_postgres else 0)
        before = len(installation.rows())
        assert web.post(f"{address}/v1/track", json=EVENT, headers=basic(key)).status_code == 200
        assert len(installation.rows()) == before

    def test_opens_for_the_key_before_until_its_time_is_over(self, installation: Installation, doors: Doors) -> None:
        installation.add("shop", previous_key="old", previous_until="2099-01-01 00:00:00")
        installation.add("web", previous_key="older", previous_until="2020-01-01 00:00:00")
        address = doors.listen(installation)
        codes = [web.post(f"{address}/v1/track", json=EVENT, headers=basic(key)).status_code for key in ("old", "older", "key-of-web")]
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
            ("batch", b'{"batch":[' + b"0," * 50_000 + b"0]}", {}, 413, "refused.too_large"),
            ("track", b"{}", {"Content-Encoding": "gzip"}, 400, "refused.no_json"),
            ("track", b"{}", {"Content-Encoding": "br"}, 400, "refused.no_json"),
            ("track", b"{}", {"Authorization": "Basic Og=="}, 401, "refused.unknown_key"),
            ("track", b"{}", {"Authorization": "Basic ?"}, 401, "refused.unknown_key"),
            ("track", b'{"writeKey":"nope"}', {"Authorization": ""}, 401, "refused.unknown_key"),
            ("track", b'{"writeKey":{"a":[]}}', {"Authorization": ""}, 401, "refused.unknown_key"),
            ("track", b'{"a":"' + b"x" * (4 << 20) + b'"}', {}, 413, "refused.too_large"),
            ("track", gzip.compress(b" " * (5 << 20), mtime=0), {"Content-Encoding": "gzip"}, 413, "refused.too_large"),
            (
                "track",
                gzip.compress(gzip.compress(b" " * (64 << 20), mtime=0), mtime=0),
                {"Content-Encoding": "gzip, gzip"},
                413,
                "refused.too_large",
            ),
            (
                "track",
                gzip.compress(gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), mtime=0),
                {"Content-Encoding": "gzip, gzip, gzip"},
                400,
                "refused.no_json",
            ),
            (
                "track",
                gzip.compress(b"", mtime=0) * 64 + gzip.compress(b"{}", mtime=0),
                {"Content-Encoding": "gzip"},
                400,
                "refused.no_json",
            ),
        ],
    )
    def test_are_for_bodies_that_never_pass(
        self, on_sqlite: Installation, doors: Doors, path: str, content: bytes, headers: dict[str, Any], status: int, outcome: str
    ) -> None:
        key = on_sqlite.add("shop")
        reply = web.post(f"{doors.listen(on_sqlite)}/v1/{path}", content=content, headers=basic(key) | headers)
        assert reply.status_code == status, reply.text
        assert reply.json()["success"] is False
        assert on_sqlite.rows() == []
        assert on_sqlite.counted() == [(outcome, 1, 0)]

    def test_name_other_methods_and_addresses(self, on_sqlite: Installation, doors: Doors) -> None:
        address = doors.listen(on_sqlite)
        other = web.get(f"{address}/v1/track")
        assert (other.status_code, other.headers["allow"]) == (405, "POST, OPTIONS")
        assert web.post(f"{address}/v1/other").status_code == 404
        assert web.get(f"{address}/v1/").status_code == 404

    def test_are_no_refusals_while_the_sources_cannot_be_read(self, alone_on_sqlite: Installation, doors: Doors) -> None:
        gone = dataclasses.replace(alone_on_sqlite.config, workspace=alone_on_sqlite.config.workspace / "not-yet")
        gone.make_folders()
        empty = object.__new__(type(alone_on_sqlite))
        object.__setattr__(empty, "config", gone)
        object.__setattr__(empty, "others", [])
        reply = web.post(f"{doors.listen(empty)}/v1/track", json=EVENT, headers=basic("any"))
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
