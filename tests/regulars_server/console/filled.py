"""A small company for pages to be looked at: two years of orders, and calls of people, visitors and machines that came just now."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("Anna Berg", "Ben Krüger", "Çiğdem Yılmaz", "David O’Neill", "Émile Zola", "Fatima El-Sayed", "Grace Hopper", "Håkon Ødegård")
PRODUCTS = ("Coffee, 1 kg", "Green tea", "Mug", "Hand grinder", "Filter papers")
CUSTOMERS = 240


def write_orders(path: Path, now: datetime) -> Path:
    """A file of orders: customers who come, buy at their own pace and leave."""
    dice = random.Random(4)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["order", "customer", "date", "amount", "country"])
        number = 0
        for who in range(CUSTOMERS):
            day = dice.uniform(30, 720)
            gap, leaves = dice.uniform(12, 80), dice.uniform(0.04, 0.3)
            country = dice.choice(["DE", "AT", "FR", "US"])
            while day > 1:
                number += 1
                at = now - timedelta(days=day)
                rows.writerow([f"f-{number}", f"customer-{who:03d}", f"{at:%Y-%m-%d}", f"{dice.uniform(8, 140):.2f}", country])
                if dice.random() < leaves:
                    break
                day -= dice.expovariate(1 / gap) + 1
    return path


def calls(now: datetime) -> list[dict[str, Any]]:
    """What people and visitors did today, some of it not as it should be."""
    dice = random.Random(5)
    found: list[dict[str, Any]] = []

    def add(minutes: float, **call: Any) -> None:
        at = (now - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
        found.append({"messageId": f"walk-{len(found)}", "timestamp": at, **call})

    for who in range(12):
        user, visitor, name = f"customer-{who:03d}", f"visitor-{who}", NAMES[who % len(NAMES)]
        email = f"{name.split()[0].lower()}.{who}@post.example"
        start = 600 - 40 * who
        add(start, type="page", anonymousId=visitor, name="Home", context={"page": {"path": "/", "url": "https://shop.example/"}})
        traits = {"email": email, "name": name, "phone": f"+49301234{who:04d}", "plan": "club" if who % 2 else "free"}
        add(start - 2, type="identify", userId=user, anonymousId=visitor, traits=traits)
        add(start - 3, type="group", userId=user, groupId=f"company-{who % 3}", traits={"name": f"Company {who % 3} GmbH"})
        product = dice.choice(PRODUCTS)
        add(start - 4, type="track", userId=user, event="Product Viewed", properties={"product_id": f"p{who}", "name": product})
        lines = [{"product_id": f"p{who}", "name": product, "price": 12.5, "quantity": 2}]
        order = {"order_id": f"web-{who}", "total": 25.0, "currency": "EUR", "products": lines}
        add(start - 6, type="track", userId=user, event="Order Completed", properties=order)
    add(40, type="track", userId="customer-001", event="Order Refunded", properties={"order_id": "web-1", "total": 12.5, "currency": "EUR"})
    add(35, type="identify", anonymousId="tablet", traits={"email": "anna.0@post.example", "phone": "+493012340003"})
    add(30, type="track", anonymousId="tablet", event="Ticket Opened", properties={"ticket_id": "t1", "subject": "Where is my parcel?"})
    # Not as it should be: nobody named, no name of the event, an amount that is none, a clock far off.
    add(20, type="track", event="Product Viewed", properties={})
    add(20, type="track", userId="customer-002", properties={})
    add(20, type="track", userId="customer-003", event="Order Completed", properties={"order_id": "x", "total": "a lot"})
    return found


def send(address: str, key: str, now: datetime) -> None:
    """All calls, as one batch."""
    batch = {"batch": calls(now), "sentAt": now.isoformat()}
    httpx.post(f"{address}/v1/batch", json=batch, auth=(key, ""), timeout=30).raise_for_status()


def today() -> datetime:
    """Now, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
