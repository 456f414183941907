"""A company in a workspace of its own, as the serving tests and the pages' tests need it."""

from __future__ import annotations

import dataclasses
import random
from datetime import datetime, timedelta

from regulars.workspace import Workspace
from tests.builders import arrow

START = datetime(2026, 1, 1)
CANARY = "canary"
"""Stands in every personal field of the company."""


def install(settings, folder, *, tables, **rules):
    """Make the folder the installation of this test, with a workspace that holds the rows."""
    workspace = Workspace.create(folder / "data", **{"name": "Shop", "currency": "EUR", **rules})
    settings.CONFIG = dataclasses.replace(settings.CONFIG, workspace=folder / "data")
    settings.CONFIG.make_folders()
    if tables:
        add(workspace, tables)
    return workspace


def add(workspace, tables):
    """One load of rows by table."""
    with workspace.stage(source="test") as load:
        for name, rows in tables.items():
            load.add(name, arrow(name, rows).drop(["load_id"]))
        return load.commit({}, [{"file": "made.csv"}])


def company(customers=40, seed=3):
    """People who order, write, answer and are told; some under several identities, some renamed, some rows replaced."""
    dice = random.Random(seed)
    tables = {name: [] for name in ("orders", "order_lines", "events", "customers", "identities", "tickets", "responses", "messages")}
    tables |= {"subscriptions": [], "points": []}
    number = 0
    for who in range(customers):
        own = [f"c{who:03}", f"anon:{who}"] if who % 3 else [f"c{who:03}"]
        tables["customers"] += [person(who, version) for version in range(1 + who % 2)]
        if len(own) > 1:
            tables["identities"].append({"at": START.isoformat(), "customer": own[1], "customer_id": own[0], "row_key": f"map-{who}"})
        for _ in range(dice.randrange(6)):
            number += 1
            at = (START + timedelta(minutes=dice.randrange(200_000))).isoformat()
            order = f"o{number}"
            amount = dice.randrange(100, 9000)
            identity = dice.choice(own)
            tables["orders"].append({"at": at, "customer": identity, "order": order, "amount": amount, "channel": "shop", "row_key": order})
            tables["order_lines"].append({"at": at, "customer": identity, "order": order, "amount": amount, "row_key": f"l-{order}"})
            if dice.random() < 0.2:
                back = {"at": at, "customer": own[0], "order": order, "kind": "refund", "amount": -amount // 2, "row_key": f"r-{order}"}
                tables["orders"].append(back)
        for step in range(dice.randrange(4)):
            at = (START + timedelta(days=dice.randrange(100))).isoformat()
            key = f"{who}-{step}"
            tables["events"].append(
                {"at": at, "customer": dice.choice(own), "name": "Page Viewed", "properties": f'{{"note": "{CANARY}"}}', "row_key": key}
            )
            tables["messages"].append({"at": at, "customer": own[0], "message_id": key, "step": "sent", "channel": "email", "row_key": key})
    tables["tickets"].append({"at": "2026-03-01", "customer": "c001", "ticket_id": "t1", "step": "opened", "text": CANARY, "row_key": "t1"})
    tables["responses"].append(
        {
            "at": "2026-03-02",
            "customer": "c002",
            "response_id": "r1",
            "measure": "nps",
            "score": 9.0,
            "scale_min": 0.0,
            "scale_max": 10.0,
            "text": CANARY,
            "row_key": "r1",
        }
    )
    tables["points"].append({"at": "2026-03-03", "customer": "c003", "entry": "earn", "points": 20, "row_key": "p1"})
    tables["events"].append({"at": "2026-03-04", "customer": None, "name": "Nobody Came", "row_key": "nobody"})
    return {name: rows for name, rows in tables.items() if rows}


def person(who, version):
    """A version of what is known of a person; the second has another name, and no phone number."""
    return {
        "at": (START + timedelta(days=version)).isoformat(),
        "customer": f"c{who:03}",
        "name": f"{CANARY} Person {who} v{version}",
        "email": f"{CANARY}.{who}@example.com",
        "phone": None if version else f"+49 30 {CANARY} {who}",
        "country": ("DE", "AT", None)[who % 3],
        "acquisition_channel": ("search", "social")[who % 2],
        "row_key": f"person-{who}-{version}",
    }
