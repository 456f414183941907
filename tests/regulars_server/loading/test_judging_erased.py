"""A call that cannot be read, of somebody who was erased."""

from __future__ import annotations

import json

import pytest

from regulars.warehouse.erasure.hashes import ErasedHashes
from regulars_server.loading.judging import Erased


class Everybody(ErasedHashes):
    """The hashes of these ids, as an erasure keeps them."""

    def __init__(self, *ids: str) -> None:
        none = ErasedHashes(b"key", ())
        super().__init__(b"key", [one for text in ids for one in none._of(text)])


ERASED = Erased(Everybody("17", "anna", "7012345678901"))


class TestErased:
    @pytest.mark.parametrize(
        "said",
        [
            {"userId": 17}, {"batch": [{"context": {"traits": {"id": "17"}}}]}, {"customer": {"id": 17}}, {"customer_id": "17"}, {"who": "Anna"},
            {"number": 7012345678901}, b'{"userId": 17, "broken', b'{"who": "anna", "broken',
        ],
    )  # fmt: skip
    def test_concern_what_names_them_where_ids_stand(self, said):
        assert ERASED.concern(said if isinstance(said, bytes) else json.dumps(said).encode())

    @pytest.mark.parametrize("said", [{"total": "17"}, {"17": 1}, {"products": [{"id": 17}]}, {"userId": 170}, b'{"total": "17", "broken'])
    def test_leave_what_only_has_the_same_digits(self, said):
        assert not ERASED.concern(said if isinstance(said, bytes) else json.dumps(said).encode())
