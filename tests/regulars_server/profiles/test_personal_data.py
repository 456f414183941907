"""What the app holds of a person is handed out and erased."""

from __future__ import annotations

import pytest
from django.db import connection

from regulars.identities.identifiers import Identifier
from regulars_server.profiles.models import Decision, Identity
from regulars_server.profiles.personal_data import HOLDINGS
from regulars_server.profiles.public import add_note, dismiss, identities_of, merge, suggestions
from tests.regulars_server.profiles.arrivals import NOW, seen

ANN, BOB, CYD = (Identifier("user", name) for name in ("ann-canary", "bob", "cyd"))
WEB, MAIL, PHONE = Identifier("anonymous", "canary-7"), Identifier("email", "canary@x.eu"), Identifier("phone", "+491511111111")

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


@pytest.fixture
def held(loader):
    """A canary in every table, beside two others."""
    loader.load(
        seen([ANN, WEB, MAIL], 10, "m1", "identify", traits={"name": "Canary"}, account_id="acme", account_traits={"name": "Acme"}),
        seen([BOB, WEB], 20, "m2", "identify"),
        seen([BOB, MAIL], 30, "m3"),
        seen([ANN, PHONE], 40, "m4"),
        seen([BOB, PHONE], 50, "m5"),
    )
    dismiss(suggestion_id=next(one.suggestion_id for one in suggestions() if one.code == "same_email"), actor="user 1", now=NOW)
    add_note(customer_id="ann-canary", text="canary", actor="user 1", now=NOW)
    loader.load(seen([CYD], 60, "m6"))
    merge(left="ann-canary", right="cyd", actor="user 1", now=NOW)
    return frozenset({*identities_of("ann-canary")})


class TestHoldings:
    def test_hand_out_what_is_held(self, held):
        told = {holding.name: list(holding.export(held)) for holding in HOLDINGS if holding.export}
        empty = {name for name, rows in told.items() if not rows}
        assert empty == {"profiles.Account", "profiles.AccountTrait"}
        assert "bob" not in str(told["profiles.Decision"])

    def test_erase_all_of_it_and_keep_the_others(self, held):
        for holding in HOLDINGS:
            if holding.erase:
                holding.erase(held)
        with connection.cursor() as cursor:
            for holding in HOLDINGS:
                cursor.execute(f"SELECT * FROM {holding.name.lower().replace('.', '_')}")
                left = [row for row in cursor.fetchall() if "canary" in str(row).lower()]
                assert [row for row in left if "canary-7" not in str(row)] == [], holding.name
        assert Decision.objects.count() == 0
        # The telephone was shared with the person who is gone; now it is Bob's.
        assert Identity.objects.get(identity="+491511111111").customer_id == "bob"

    def test_hand_out_and_erase_somebody_whom_a_decision_took_in_from_a_file(self, loader):
        loader.load(seen([CYD], 60, "m6"))
        merge(left="filed-canary", right="cyd", actor="user 1", now=NOW, in_files={"filed-canary": 5})
        (holding,) = (one for one in HOLDINGS if one.name == "profiles.Decision")
        (told,) = holding.export(frozenset({"filed-canary"}))
        assert told["seen"] == ["filed-canary"]
        Decision.objects.update(right=["cyd", "dora"], left=["ben", "filed-canary"])
        holding.erase(frozenset({"filed-canary"}))
        assert [(row.left, row.seen) for row in Decision.objects.all()] == [(["ben"], {})]
