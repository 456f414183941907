"""An IP address that stands in a body is nowhere but in the inbox, unless its source keeps all of it."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta

import pytest
from django.apps import apps

from regulars.tables import TABLES
from regulars_server.intake.public import configure, create_source, cut_within
from regulars_server.loading.public import flush, learn_plan, live, quarantine, save_plan, tick
from tests.regulars_server.loading.calls import NOW, send, table, track

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
CANARY = "198.51.100.177"
NETWORK = "198.51.100.0"


def everything():
    """What the tables and the application's rows hold, as one text."""
    rows = [str(table(f"select * from {name}")) for name in TABLES]
    for model in apps.get_models():
        kept = model._default_manager.values_list()
        rows += [str([bytes(value) if isinstance(value, memoryview) else value for value in row]) for row in kept]
    return "".join(rows)


def calls():
    named = {"context": {"ip": CANARY, "device": {"ip": CANARY}}}
    return (
        {**track("Tea Drunk", "m1", ip=CANARY, clientIp=CANARY, browser_ip=CANARY, note="kept"), **named},
        {"type": "identify", "messageId": "m2", "userId": "anna", "traits": {"name": "Anna", "ip_address": CANARY}, **named},
        {**track("Order Completed", "m3"), **named},
        {**track("Off Plan", "m4", ip=CANARY), **named},
        track("Tea Spilt", "m6", hops=[{"at": [{"ips": [None, CANARY, f"[::ffff:{CANARY}]:80"], "ip": f" {CANARY}:80, {CANARY}, proxy"}]}]),
        json.dumps({"type": "mystery", "messageId": "m5", **named})[:-1] + ', "ipAddress" : "%s"}' % CANARY,  # noqa: UP031 - braces belong to the JSON
    )


class TestAnAddressInABody:
    @pytest.mark.parametrize(("how", "left"), [("cut", NETWORK), ("none", None)])
    def test_is_cut_or_left_out_before_anything_keeps_it(self, inbox, how, left):
        configure(slug="web", ip=how, actor="test", now=NOW)
        save_plan(source="web", schema={"events": {"Off Plan": {"required": ["cups"]}}}, mode="quarantine", actor="test", now=NOW)
        for kind in ("batch", "import"):
            send(inbox, *calls(), kind=kind)
            tick(NOW)
        flush(NOW, force=True)
        found = everything()
        assert {"m4", "m5", "m3"} <= {one.message_id for one in quarantine()}
        assert CANARY not in found + str(live()) + str(quarantine()) + str(learn_plan("web", now=NOW))
        assert (NETWORK in found) == (left is not None)
        assert next(one for one in live() if one.message_id == "m1").properties == {
            "ip": left, "clientIp": left, "browser_ip": left, "note": "kept",
        }  # fmt: skip
        together = "proxy" if left is None else f"{left}, {left}, proxy"
        assert next(one for one in live() if one.message_id == "m6").properties == {
            "hops": [{"at": [{"ips": [None, left, left], "ip": together}]}]
        }

    @pytest.mark.parametrize(
        ("said", "left"),
        [
            ({"ips": [CANARY, 3, None, True]}, {"ips": [NETWORK, 3, None, True]}),
            ({"ips": [CANARY, [CANARY, 4], "a:b"]}, {"ips": [NETWORK, [NETWORK, 4], "a:b"]}),
            ({"ip": f"{CANARY};{CANARY} proxy"}, {"ip": f"{NETWORK};{NETWORK} proxy"}),
            ({"ip": {"address": CANARY, "at": {"v": CANARY}}}, {"ip": {"address": NETWORK, "at": {"v": NETWORK}}}),
            ({"ip": [{"address": CANARY, CANARY: "\\"}], "n": CANARY}, {"ip": [{"address": NETWORK, CANARY: "\\"}], "n": CANARY}),
            ({"ip": ", ".join([CANARY] * 200), "ips": ["é\\", CANARY]}, {"ip": ", ".join([NETWORK] * 200), "ips": ["é\\", NETWORK]}),
        ],
    )
    def test_is_cut_in_whatever_a_field_of_that_name_holds(self, said, left):
        assert json.loads(cut_within(json.dumps(said).encode(), "cut")) == left
        assert CANARY not in re.sub(r'"n": .*|"[\d.]+":', "", cut_within(json.dumps(said).encode(), "none").decode())

    def test_that_is_written_with_escapes_is_cut(self):
        assert json.loads(cut_within(rb'{"ip":"\u00319.51.100.177\t"}', "cut")) == {"ip": "19.51.100.0"}

    def test_costs_no_more_than_its_length_where_a_body_was_made_to_cost(self):
        for piece in (b'"ip":[', b'"ip":{"a":1,', b'"ip":"', b'"ip":{},', b'"ip":[["a",', b'"ip":[1],', b'"ip":[[1],'):
            began = time.process_time()
            for start in (b"", b'"ip":[', b'"ip":{'):
                body = start + piece * 30_000
                assert cut_within(body, "cut") == body
            assert time.process_time() - began < 2

    def test_of_a_webhook_is_cut_too(self, inbox):
        create_source(slug="shop", name="Shop", kind="shopify", signing_secret="s", actor="test", now=NOW)
        order = {"id": 7, "name": "#7", "browser_ip": CANARY, "client_details": {"browser_ip": CANARY}}
        send_whole(inbox, order, topic="orders/create", id="d1")
        tick(NOW)
        flush(NOW + timedelta(seconds=20))
        assert CANARY not in everything()

    def test_is_kept_where_the_source_keeps_all_of_it(self, inbox):
        configure(slug="web", ip="full", actor="test", now=NOW)
        send(inbox, track("Tea Drunk", "m1", ip=CANARY))
        tick(NOW)
        assert live()[0].properties == {"ip": CANARY}


def send_whole(inbox, body, **about):
    from regulars_server.intake.public import InboxRow

    inbox.append([InboxRow(0, int(NOW.timestamp() * 1e6), "shop", "shopify", json.dumps(body).encode(), about)])
