"""Which identities a call names."""

from __future__ import annotations

from typing import Any

import pytest

from regulars.tracking import identifiers
from tests.regulars.tracking.sending import one


def identities(**call: Any) -> list[str]:
    return [identifier.identity for identifier in identifiers(one(**call))]


class TestIdentifiers:
    def test_go_from_the_surest_to_the_least_sure(self) -> None:
        found = identities(
            type="identify",
            userId="4711",
            anonymousId="7f",
            traits={"email": "Eva@Shop.eu", "phone": "030 901820", "country": "DE"},
            context={"externalIds": [{"type": "shopify", "id": 99}], "device": {"id": "dev"}},
        )
        assert found == ["4711", "shopify:99", "eva@shop.eu", "+4930901820", "device:dev", "anon:7f"]

    def test_are_few_for_most_calls(self) -> None:
        assert identities(anonymousId="7f", properties={"email": "friend@shop.eu"}) == ["anon:7f"]
        assert identities() == []

    @pytest.mark.parametrize("event", ["Order Completed", "Checkout Started", "Email Opened", "Signed Up"])
    def test_take_an_address_in_properties_where_it_is_the_persons_own(self, event: str) -> None:
        assert identities(event=event, properties={"email": "eva@shop.eu"}) == ["eva@shop.eu"]
        assert identities(event="Invite Sent", properties={"email": "eva@shop.eu"}) == []

    def test_leave_out_what_names_nobody(self) -> None:
        assert identities(userId="null", anonymousId="7f", context={"traits": {"email": "info@shop.eu"}}) == ["anon:7f"]

    def test_of_an_alias_are_both(self) -> None:
        assert identities(type="alias", userId="4711", previousId="7f") == ["4711", "anon:7f"]

    def test_of_a_group_call_are_not_in_the_companys_traits(self) -> None:
        assert identities(type="group", userId="4711", groupId="g", traits={"email": "hello@firm.eu"}) == ["4711"]

    @pytest.mark.parametrize("kind", ["user", "email", "anon", "USER", "a b", "", "x" * 50])
    def test_of_other_systems_cannot_claim_to_be_ours(self, kind: str) -> None:
        assert identities(context={"externalIds": [{"type": kind, "id": "eva@shop.eu"}]}) == []

    @pytest.mark.parametrize("rubbish", [5, "x", [], [5], [{"type": 1, "id": 2}], [{"type": "shopify"}], {"type": "shopify"}])
    def test_bear_with_rubbish(self, rubbish: Any) -> None:
        assert (
            identities(context={"externalIds": rubbish, "device": rubbish, "traits": rubbish}, traits={"email": rubbish, "phone": rubbish})
            == []
        )
