"""The front: what it hands to the web process, and what it answers itself. A real web server stands behind it, on a socket file."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socketserver
import tempfile
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from regulars_server.config import Config
from regulars_server.intake.door import front
from regulars_server.intake.door.front import Front


class Web(BaseHTTPRequestHandler):
    """Says what it was asked."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        digest, size, rest = hashlib.sha256(), 0, int(self.headers.get("Content-Length", 0))
        while rest and (piece := self.rfile.read(min(rest, 1 << 16))):
            digest.update(piece)
            size += len(piece)
            rest -= len(piece)
        said = {"path": self.path, "method": self.command, "headers": self.headers.items(), "size": size, "sha256": digest.hexdigest()}
        body = json.dumps(said).encode()
        self.send_response(302 if self.path == "/elsewhere" else 200)
        self.send_header("Location", "/there")
        self.send_header("Set-Cookie", "one=1")
        self.send_header("Set-Cookie", "two=2")
        if self.path == "/stream":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(64):
                self.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815 - the names are the library's

    def do_OPTIONS(self) -> None:
        may = "regulars_session=member" in self.headers.get("Cookie", "")
        self.send_response(400 if "%00" in self.path else 405 if may else 302)
        self.send_header("Location", "/sign-in/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass

    def address_string(self) -> str:
        return ""


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@pytest.fixture
def config():
    # A socket file's name must be short.
    with tempfile.TemporaryDirectory(prefix="front-") as folder:
        made = Config.from_environment({"REGULARS_WORKSPACE": folder, "REGULARS_TRUSTED_PROXIES": "10.0.0.0/8"})
        made.make_folders()
        yield made


@pytest.fixture
def web(config):
    with Server(str(config.web_socket), Web) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield config
        server.shutdown()
        thread.join()


def ask(config, path="/", *, method="GET", headers=(), pieces=(), client="203.0.113.9", query=b"", listen=None):
    """What the front answers to one request: status, headers, body."""

    async def run():
        sent, left = [], [*pieces]

        async def receive():
            if left:
                piece = left.pop(0)
                return {"type": "http.request", "body": piece, "more_body": bool(left)}
            await asyncio.sleep(30)
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if listen:
                listen(message)

        made = Front(config, "the front key")
        given = [(b"host", b"shop.example"), *((name.encode(), value.encode()) for name, value in headers)]
        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query, "scheme": "http"}
        try:
            await made.handle({**scope, "headers": given, "client": (client, 5)}, receive, send)
        finally:
            await made.transport.aclose()
        return sent

    # In a thread of its own: the browser's driver may have an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(lambda: asyncio.run(run())).result()
    start = sent[0]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return start["status"], [(name.decode(), value.decode()) for name, value in start["headers"]], body


def beside(config, slow, slow_headers, path, *, method="GET", headers=(), pieces=()):
    """The status that a request gets while others of `slow` clients send one byte and no more."""

    async def run():
        made, sent = Front(config, "the front key"), []

        def scope(method, given):
            raw = [(b"host", b"shop.example"), *((name.encode(), value.encode()) for name, value in given)]
            common = {"type": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http", "client": ("::1", 5)}
            return {**common, "method": method, "headers": raw}

        def receiving(pieces):
            left = [*pieces]

            async def receive():
                if not left:
                    await asyncio.sleep(30)
                return {"type": "http.request", "body": left.pop(0), "more_body": True}

            return receive

        async def send(message):
            sent.append(message)

        others = [asyncio.create_task(made.handle(scope("POST", slow_headers), receiving([b"x"]), send)) for _ in range(slow)]
        await asyncio.sleep(0.02)
        await made.handle(scope(method, headers), receiving(pieces), send)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await made.transport.aclose()
        return [message["status"] for message in sent if "status" in message]

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result()


def seen(answer):
    """What the web process was told."""
    said = json.loads(answer[2])
    return {**said, "headers": {name.lower(): value for name, value in said["headers"]}}


class TestForwarding:
    def test_hands_over_method_address_and_body(self, web) -> None:
        pieces = [os.urandom(70_000) for _ in range(30)]
        size = str(sum(map(len, pieces)))
        answer = ask(web, "/customers/%C3%A4/", method="POST", headers=[("content-length", size)], pieces=pieces, query=b"q=a%20b&x=")
        said = seen(answer)
        assert answer[0] == 200
        assert (said["method"], said["path"], said["size"]) == ("POST", "/customers/%C3%A4/?q=a%20b&x=", int(size))
        assert said["sha256"] == hashlib.sha256(b"".join(pieces)).hexdigest()

    def test_tells_who_asked_and_shows_its_key(self, web) -> None:
        headers = seen(ask(web))["headers"]
        assert headers["host"] == headers["x-forwarded-host"] == "shop.example"
        assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("203.0.113.9", "http")
        assert headers["x-regulars-front"] == "the front key"

    def test_drops_what_strangers_claim(self, web) -> None:
        claimed = [
            ("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.example"), ("x-real-ip", "1.2.3.4"),
            ("forwarded", "for=1.2.3.4"), ("x-regulars-front", "guessed"), ("x_forwarded_for", "1.2.3.4"), ("x-forwarded-port", "1"),
        ]  # fmt: skip
        headers = seen(ask(web, headers=claimed))["headers"]
        assert "1.2.3.4" not in str(headers)
        assert "evil" not in str(headers)
        assert headers["x-regulars-front"] == "the front key"
        assert headers["x-forwarded-proto"] == "http"

    def test_believes_a_trusted_proxy_and_only_as_far_as_it_saw(self, web) -> None:
        said = [
            ("x-forwarded-for", "6.6.6.6, 198.51.100.4"), ("x-forwarded-for", "10.1.1.1"), ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "regulars.example.com"),
        ]  # fmt: skip
        headers = seen(ask(web, headers=said, client="10.0.0.7"))["headers"]
        assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("198.51.100.4", "https")
        assert headers["host"] == "regulars.example.com"

    def test_ends_headers_of_one_hop_on_both_sides(self, web) -> None:
        asked = [("connection", "keep-alive, x-secret"), ("x-secret", "1"), ("te", "trailers"), ("upgrade", "h2c"), ("x-kept", "1")]
        _, headers, _ = answer = ask(web, headers=asked)
        told = seen(answer)["headers"]
        assert told["x-kept"] == "1"
        assert {"x-secret", "te", "upgrade"} & told.keys() == set()
        assert {"connection", "transfer-encoding", "server", "date"} & {name for name, _ in headers} == set()

    def test_hands_back_redirects_and_every_cookie(self, web) -> None:
        status, headers, _ = ask(web, "/elsewhere")
        assert status == 302
        assert [value for name, value in headers if name == "set-cookie"] == ["one=1", "two=2"]

    @pytest.mark.parametrize("path", ["//evil.example/x", "/http://evil.example/", "/@evil.example"])
    def test_never_leads_to_another_host(self, web, path) -> None:
        said = seen(ask(web, path))
        # The test's server makes one slash of two.
        assert (said["path"].lstrip("/"), said["headers"]["host"]) == (path.lstrip("/"), "shop.example")

    def test_streams_answers_piece_by_piece(self, web) -> None:
        sizes = []
        _, _, body = ask(web, "/stream", listen=lambda message: sizes.append(len(message.get("body", b""))))
        assert len(body) == 64 * 0x10000
        assert max(sizes) <= 1 << 20
        assert len(sizes) > 8


class TestLimits:
    def test_a_large_body_is_for_imports_only(self, web) -> None:
        large = [("content-length", str(front.BODY_BYTES + 1))]
        assert ask(web, "/sign-in/", method="POST", headers=large)[0] == 413
        assert ask(web, "/import/", method="POST", headers=[("content-length", str(front.UPLOAD_BYTES + 1))])[0] == 413

    @pytest.mark.parametrize("header", [("transfer-encoding", "chunked"), ("content-length", "-1"), ("content-length", "1e9")])
    def test_a_body_says_its_length_beforehand(self, web, header) -> None:
        assert ask(web, method="POST", headers=[header], pieces=[b"x"])[0] == 411

    @pytest.mark.parametrize("header", [("content-length", "0" * 5000 + "1"), ("content-length", "9" * 20)])
    def test_a_length_of_thousands_of_digits_is_none(self, web, header) -> None:
        assert ask(web, method="POST", headers=[header], pieces=[b"x"])[0] == 411

    def test_what_is_no_address_goes_nowhere(self, web) -> None:
        assert ask(web, "*", method="OPTIONS")[0] == 400

    def test_signs_beyond_ascii_are_handed_over(self, web) -> None:
        said = seen(ask(web, headers=[("user-agent", "caf\xe9")]))
        assert said["headers"]["user-agent"].encode("latin-1").decode() == "caf\xe9"

    def test_who_sends_slowly_takes_no_place(self, web, monkeypatch) -> None:
        monkeypatch.setattr(front, "REQUESTS_AT_ONCE", 1)
        slow = [("content-length", "2")]
        assert beside(web, 3, slow, "/sign-in/") == [200]

    def test_bodies_that_wait_are_bounded_together(self, web, monkeypatch) -> None:
        monkeypatch.setattr(front, "HELD_BYTES", 2)
        monkeypatch.setattr(front, "FORM_BYTES", 0)
        assert beside(web, 2, [("content-length", "2")], "/sign-in/", method="POST", headers=[("content-length", "1")], pieces=[b"x"]) == [
            503
        ]
        assert ask(web, "/sign-in/", method="POST", headers=[("content-length", "2")], pieces=[b"xx"])[0] == 200

    def test_a_form_passes_beside_whatever_waits(self, web, monkeypatch) -> None:
        monkeypatch.setattr(front, "HELD_BYTES", 2)
        waiting = (web, 5, [("content-length", "9")], "/sign-in/")
        form = {"method": "POST", "headers": [("content-length", str(front.FORM_BYTES))], "pieces": [b"x" * front.FORM_BYTES]}
        assert beside(*waiting, **form) == [200]
        large = {"method": "POST", "headers": [("content-length", str(front.FORM_BYTES + 1))], "pieces": [b"x" * front.FORM_BYTES, b"x"]}
        assert beside(*waiting, **large) == [503]

    def test_a_body_is_held_once(self, web) -> None:
        pieces = [b"x" * (1 << 16)] * 64
        headers = [("content-length", str(front.BODY_BYTES))]
        ask(web, method="POST", headers=headers, pieces=pieces)
        tracemalloc.start()
        try:
            assert seen(ask(web, method="POST", headers=headers, pieces=pieces))["size"] == front.BODY_BYTES
            assert tracemalloc.get_traced_memory()[1] < 1.75 * front.BODY_BYTES
        finally:
            tracemalloc.stop()

    def test_a_file_is_taken_only_where_the_pages_say_so(self, web, monkeypatch) -> None:
        monkeypatch.setattr(front, "BODY_BYTES", 2)
        headers = [("content-length", "3"), ("cookie", "regulars_session=member")]
        assert ask(web, "/import/", method="POST", headers=headers, pieces=[b"abc"])[0] == 200
        assert ask(web, "/import/", method="POST", headers=headers, pieces=[b"abc"], query=b"%00")[0] == 400

    def test_a_file_is_taken_from_nobody_who_may_not_bring_one(self, web, monkeypatch) -> None:
        monkeypatch.setattr(front, "BODY_BYTES", 2)
        large = [("content-length", "3")]
        status, headers, _ = ask(web, "/import/upload/", method="POST", headers=large)
        assert (status, dict(headers)["location"]) == (302, "/sign-in/")
        said = seen(
            ask(web, "/import/upload/", method="POST", headers=[*large, ("cookie", "regulars_session=member")], pieces=[b"a", b"bc"])
        )
        assert (said["method"], said["size"]) == ("POST", 3)


class TestWithoutTheWebProcess:
    def test_people_get_a_page_that_tries_again_and_programs_an_error(self, config) -> None:
        status, headers, body = ask(config, headers=[("accept", "text/html,*/*")])
        assert status == 503
        assert dict(headers)["retry-after"] == "2"
        assert b"refresh" in body
        assert b"startet gerade" in body
        status, headers, body = ask(config)
        assert (status, dict(headers)["content-type"]) == (503, "application/json")

    def test_a_form_is_not_sent_again(self, config) -> None:
        headers = [("accept", "text/html"), ("content-length", "1")]
        _, _, body = ask(config, method="POST", headers=headers, pieces=[b"x"])
        assert b"refresh" not in body


class TestSocketFile:
    def test_far_down_in_the_tree_is_named_from_where_one_is(self, config, tmp_path, monkeypatch) -> None:
        deep = replace(config, workspace=tmp_path / ("d" * 60) / ("e" * 60))
        deep.make_folders()
        monkeypatch.chdir(deep.run)
        assert deep.web_address == "web.sock"
        assert Path(deep.web_address).absolute() == deep.web_socket
