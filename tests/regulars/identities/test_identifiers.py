"""Identifiers: what a raw value is, and what names nobody."""

from __future__ import annotations

import re

import pytest

from regulars.identities.evidence import DEFAULT_RULES
from regulars.identities.identifiers import BLOCKED, Identifier, from_text, identify, narrowest


class TestIdentify:
    @pytest.mark.parametrize(
        ("kind", "raw", "region", "identity"),
        [
            ("user", " 4711 ", None, "4711"),
            ("user", 4711, None, "4711"),
            ("user", 4711.0, None, "4711"),
            ("user", "1", None, "1"),
            ("email", "Anna.Berg+News@Shop.EU", None, "anna.berg+news@shop.eu"),
            ("phone", "0049 30 901820", "DE", "+4930901820"),
            ("phone", "(030) 90 18 20", "DE", "+4930901820"),
            ("phone", "+49 30 901820", None, "+4930901820"),
            ("anonymous", "7f", None, "anon:7f"),
            ("device", "A-1", None, "device:A-1"),
            ("shopify", 99, None, "shopify:99"),
            ("stripe", "cus_9", None, "cus_9"),
            ("user", "Ann: 7", None, "Ann: 7"),
            ("user", "a>b", None, "a>b"),
        ],
    )
    def test_makes_values_comparable(self, kind, raw, region, identity):
        assert identify(kind, raw, region=region).identity == identity

    @pytest.mark.parametrize("raw", ["", "  ", "0", "000-0", "NULL", "Undefined", "[object Object]", "guest", "test", "-1", "{0000-00}"])
    @pytest.mark.parametrize("kind", ["user", "anonymous", "device"])
    def test_blocks_what_names_nobody(self, kind, raw):
        assert identify(kind, raw) is None

    @pytest.mark.parametrize(
        "raw", ["info@shop.eu", "No-Reply@shop.eu", "support+7@shop.eu", "null@shop.eu", "anna", "anna@shop", "a b@c.eu"]
    )
    def test_blocks_addresses_of_many_and_what_is_none(self, raw):
        assert identify("email", raw) is None

    @pytest.mark.parametrize("raw", ["030 901820", "123", "+1 555 0100", "phone"])
    def test_takes_no_number_that_is_none_or_has_no_country(self, raw):
        assert identify("phone", raw) is None

    @pytest.mark.parametrize("raw", [None, True, False, {}, [], "a\0b", "\ud800", "x" * 256, float("nan"), float("inf")])
    def test_takes_nothing_that_is_no_text_or_number(self, raw):
        assert identify("user", raw) is None

    def test_takes_what_bears_the_mark_of_a_browser_for_one(self):
        assert identify("user", "anon:7f") == Identifier("anonymous", "7f")
        assert identify("user", "device:d") == Identifier("device", "d")

    @pytest.mark.parametrize(
        ("kind", "raw"), [("user", "anon:7f>4711"), ("anonymous", "7f>4711"), ("user", "anon:"), ("user", "anon:null")]
    )
    def test_takes_nothing_for_what_a_browser_lends(self, kind, raw):
        assert identify(kind, raw) is None


class TestFromText:
    @pytest.mark.parametrize("kind", ["anonymous", "device", "shopify", "stripe", "email", "phone"])
    def test_reads_back_what_identities_say(self, kind):
        raw = {"email": "a@x.eu", "phone": "+4930901820", "stripe": "cus_9"}.get(kind, "7f")
        assert from_text(identify(kind, raw).identity) == Identifier(kind, raw)


class TestNarrowest:
    def test_takes_the_kind_with_the_least_rank_then_the_smaller_text(self):
        ids = [Identifier(kind, "1") for kind in ("device", "phone", "anonymous", "email", "file", "customer", "shopify", "user")]
        assert [narrowest(tuple(ids[: count + 1])).kind for count in range(len(ids))] == [one.kind for one in ids]
        assert narrowest((Identifier("email", "b@x.eu"), Identifier("email", "a@x.eu"))).value == "a@x.eu"


class TestDocumentation:
    def test_lists_every_blocked_value_and_the_limits(self, repository):
        text = (repository / "docs" / "server" / "identities.md").read_text()
        listed = set(re.findall(r"`([^`]+)`", text))
        assert (BLOCKED.values | BLOCKED.local_parts | BLOCKED.domains) - listed == set()
        rows = {
            name.strip(): tuple(int(number.replace(",", "")) for number in numbers)
            for name, *numbers in re.findall(r"^\| ([\w ,-]+?) \| ([\d,]+) \| ([\d,]+) \|$", text, re.MULTILINE)
        }
        said = {kind: (limit.identities, limit.anonymous) for kind, limit in DEFAULT_RULES.limits.items()}
        assert said["user"] == rows["user"]
        assert said["email"] == rows["e-mail"]
        assert {said[kind] for kind in ("phone", "device", "anonymous")} == {rows["phone, device, anonymous id"]}
        assert (DEFAULT_RULES.other.identities, DEFAULT_RULES.other.anonymous) == rows["other kinds"]
