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
