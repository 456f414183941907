"""Where a person stands in what somebody sent."""

from __future__ import annotations

import json

import pytest

from regulars_server.shared.public import Forms

ANNA = Forms(["anon:7f", "4711", "anna@shop.eu", "+4930901820"])


class TestForms:
    @pytest.mark.parametrize(
        "value",
        [
            {"userId": 4711},
            {"anonymousId": "7F"},
            {"list": [{"mail": " Anna@Shop.EU "}]},
            {"anna@shop.eu": 1},
            {"phone": "+49 (30) 90 18-20"},
            {"phone": "0049 30 901820"},
            "4711",
            b'{"broken": "anna@shop.eu",,}',
            b'{"broken": call +49 30 901820}',
        ],
    )
    def test_find_a_value_of_its_own_however_it_is_written(self, value):
        assert ANNA.in_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())

    @pytest.mark.parametrize(
        "value",
        [{"x": True}, {"text": "the number 4711 is a scent"}, {"mail": "joanna@shop.eu"}, {"n": 47110}, b'{"broken": 47112,,}', None, []],
    )
    def test_leave_what_only_looks_like_one(self, value):
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        assert not ANNA.in_bytes(raw)
        assert ANNA.cleaned(raw) is raw

    @pytest.mark.parametrize(
        ("text", "clean"),
        [
            ("write to anna@shop.eu, or Anna@Shop.EU.", "write to [erased], or [erased]."),
            ("call +49 (30) 90-18-20 or 004930901820", "call [erased] or [erased]"),
            ("joanna@shop.eu, anna@shop.eu.org and +493090182011", "joanna@shop.eu, anna@shop.eu.org and +493090182011"),
        ],
    )
    def test_are_taken_out_of_texts_in_passing(self, text, clean):
        said = {"a": [{"b": text}], "n": 1}
        assert json.loads(ANNA.cleaned(json.dumps(said).encode())) == {"a": [{"b": clean}], "n": 1}

    def test_of_nobody_find_nothing(self):
        assert not Forms([]).in_bytes(b'{"a": ""}')
        assert not Forms(["", "anon:"]).in_bytes(b'{"a": ""}')

    @pytest.mark.parametrize("depth", [30, 600, 900])
    def test_are_taken_out_however_deep_it_is_nested(self, depth):
        raw = b'{"a":' * depth + b'"write to \\"anna\\u0040shop.eu\\""' + b"}" * depth
        clean = ANNA.cleaned(raw)
        assert not ANNA.in_bytes(raw)
        assert json.loads(clean.replace(b" ", b"").replace(b'{"a":', b"").rstrip(b"}")) == 'writeto"[erased]"'
        other = raw.replace(b"anna", b"joanna")
        assert ANNA.cleaned(other) is other

    @pytest.mark.parametrize(
        "value",
        [
            {"userId": 17}, {"user_id": " 17 "}, {"a": [{"previousId": "17"}]}, {"context": {"traits": {"id": 17}}},
            {"externalIds": [{"id": "99", "type": "shopify"}]}, {"order": {"customer": {"id": 99}}}, {"customer_id": 99},
            {"context": {"device": {"id": "5"}}}, b'{"broken": 1, "userId": "17",,}', b'{"broken": 1, "customer": {"id":99',
            {"total": 123456789}, "17",
        ],
    )  # fmt: skip
    def test_of_a_few_digits_are_found_where_ids_stand(self, value):
        assert Forms(["17", "shopify:99", "anon:5", "123456789"]).in_bytes(
            value if isinstance(value, bytes) else json.dumps(value).encode()
        )

    @pytest.mark.parametrize(
        "value",
        [
            {"event": "Order Completed", "properties": {"total": 17, "quantity": 99}}, {"17": "x"}, {"products": [{"id": 17}]}, {"range": "1-7"},
            17, {"userId": 170}, {"customer": {"orders": 17}}, b'{"broken": 17, "shop_id": 99, "userId": 170,,}', b"17 teas", {"userIds": {"n": 17}},
        ],
    )  # fmt: skip
    def test_of_a_few_digits_may_be_anything_elsewhere(self, value):
        assert not Forms(["17", "shopify:99"]).in_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())

    @pytest.mark.parametrize(
        ("text", "clean"),
        [
            ("/a?email=anna%40shop.eu&b=1", "/a?email=[erased]&b=1"),
            ("/a?q=%20Anna@shop.eu%20", "/a?q=%20[erased]%20"),
            ("/a?m%3Danna%2bb%40shop.eu", "/a?m%3D[erased]"),
            ("/a?tel=%2B49%2030901820", "/a?tel=[erased]"),
            ("/a?q=x%2Banna%40shop.eu&r=joanna%40shop.eu", "/a?q=x%2Banna%40shop.eu&r=joanna%40shop.eu"),
        ],
    )
    def test_are_taken_out_of_addresses_of_pages(self, text, clean):
        assert Forms(["anna@shop.eu", "anna+b@shop.eu", "+4930901820"]).without(text) == clean
