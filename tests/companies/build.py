"""Rows for the canonical tables, one call a row: fills the envelope and every column that is not given."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from regulars.tables import TABLES

SOURCE = "shop"


class Builder:
    """Collects rows; `tables` maps table names to lists of them."""

    def __init__(self, zone="UTC"):
        self.zone = ZoneInfo(zone)
        self.tables = {name: [] for name in TABLES}

    def at(self, day, clock="12:00"):
        """The instant (UTC, without zone) of a wall clock time in company time."""
        return datetime.combine(date.fromisoformat(str(day)), time.fromisoformat(clock), self.zone).astimezone(UTC).replace(tzinfo=None)

    def add(self, table, key, occurred_at, identity=None, *, load="load-1", source=SOURCE, account=None, **columns):
        """Append a row of `table`."""
        row = dict.fromkeys(column.name for column in TABLES[table].columns)
        row |= {
            "occurred_at": occurred_at,
            "recorded_at": occurred_at,
            "source": source,
            "row_key": key,
            "row_hash": f"{key}@{load}",
            "load_id": load,
            "identity_id": identity,
            "account_id": account,
        }
        unknown = set(columns) - set(row)
        assert not unknown, f"{table} has no column {unknown}"
        row |= columns
        self.tables[table].append(row)
        return row

    # -- orders -----------------------------------------------------------------------------------------------------------

    def order(self, order_id, occurred_at, identity=None, *lines, amount=None, currency="EUR", load="load-1", account=None, **columns):
        """A purchase with its lines, each (product, quantity, amount) or with a dict of further columns at the end."""
        if amount is None:
            amount = sum(line[2] for line in lines)
        shared = {"load": load, "account": account, "currency": currency}
        row = self.add(
            "orders",
            f"{order_id} purchase",
            occurred_at,
            identity,
            order_id=order_id,
            kind="purchase",
            linked=True,
            amount_minor=amount,
            **shared,
            **columns,
        )
        self._lines(order_id, "purchase", occurred_at, identity, lines, shared)
        return row

    def refund(
        self, order_id, occurred_at, identity=None, *lines, amount=None, linked=True, part=1, currency="EUR", load="load-1", account=None
    ):
        """A refund of an order, or (`linked=False`) a return under an id of its own; amounts and quantities are given as positive numbers."""
        if amount is None:
            amount = sum(line[2] for line in lines)
        shared = {"load": load, "account": account, "currency": currency}
        row = self.add(
            "orders",
            f"{order_id} refund {part}",
            occurred_at,
            identity,
            order_id=order_id,
            kind="refund",
            linked=linked,
            amount_minor=-amount,
            **shared,
        )
        back = [(product, -quantity, -value, *rest) for product, quantity, value, *rest in lines]
        self._lines(order_id, "refund", occurred_at, identity, back, shared, part=part)
        return row

    def cancel(self, order_id, occurred_at, load="load-1"):
        """Cancel an order: takes off what had not been refunded of it."""
        own = [r for r in self.tables["orders"] if r["order_id"] == order_id and r["linked"] and r["load_id"] == load]
        bought = next(r for r in own if r["kind"] == "purchase")
        rest = sum(r["amount_minor"] for r in own)
        shared = {"load": load, "currency": bought["currency"], "account": bought["account_id"]}
        return self.add(
            "orders",
            f"{order_id} cancellation",
            occurred_at,
            bought["identity_id"],
            order_id=order_id,
            kind="cancellation",
            linked=True,
            amount_minor=-rest,
            **shared,
        )

    def _lines(self, order_id, kind, occurred_at, identity, lines, shared, part=1):
        for position, (product, quantity, amount, *rest) in enumerate(lines, start=1):
            columns = {"is_goods": True, **(rest[0] if rest else {})}
            at = columns.pop("occurred_at", occurred_at)
            self.add(
                "order_lines",
                f"{order_id} {kind} {part} {position:02d}",
                at,
                identity,
                order_id=order_id,
                kind=kind,
                product_id=product,
                product_name=product and product.title(),
                quantity=float(quantity),
                amount_minor=amount,
                **shared,
                **columns,
            )

    def supersede(self, table, key, load, at):
        """Say that a row of a load is replaced since."""
        self.add(
            "supersessions",
            f"{table} {key} {load}",
            at,
            load="load-2",
            table_name=table,
            superseded_key=key,
            superseded_source=SOURCE,
            superseded_load_id=load,
        )

    # -- the rest ------------------------------------------------------------------------------------------------------------

    def belongs(self, identity, customer, at, rule="merge"):
        """Say from an instant on that an identity is this customer."""
        self.add("identities", f"{identity} {len(self.tables['identities']):03d}", at, identity, customer_id=customer, rule=rule)

    def subscribe(
        self, subscription, change, effective_at, mrr, identity=None, *, decided_at=None, before=0, term_end=None, currency="EUR", **columns
    ):
        """A change of a subscription."""
        self.add(
            "subscriptions",
            f"{subscription} {len(self.tables['subscriptions']):03d}",
            decided_at or effective_at,
            identity,
            subscription_id=subscription,
            change=change,
            effective_at=effective_at,
            term_end=term_end,
            mrr_before_minor=before,
            mrr_after_minor=mrr,
            currency=currency,
            **columns,
        )

    def cost(self, starts_on, days, amount, *, kind="media", purpose="acquisition", paid=True, currency="EUR", **columns):
        """Money spent over some days."""
        start = date.fromisoformat(str(starts_on))
        self.add(
            "costs",
            f"cost {len(self.tables['costs']):03d}",
            self.at(start, "00:00"),
            starts_on=start,
            ends_on=start + timedelta(days=days),
            kind=kind,
            purpose=purpose,
            paid=paid,
            amount_minor=amount,
            currency=currency,
            **columns,
        )

    def rate(self, day, currency, rate, to="EUR"):
        """What a currency is worth from a day on."""
        on = date.fromisoformat(str(day))
        self.add("exchange_rates", f"{currency} {to} {day}", self.at(on, "00:00"), on_date=on, currency=currency, to_currency=to, rate=rate)

    def answer(self, response, at, state, identity=None, **columns):
        """A step of a questionnaire."""
        self.add("responses", f"{response} {len(self.tables['responses']):03d}", at, identity, response_id=response, state=state, **columns)

    def ticket(self, ticket, at, step, by=None, identity=None, **columns):
        """A step of a support case."""
        self.add(
            "tickets", f"{ticket} {len(self.tables['tickets']):03d}", at, identity, ticket_id=ticket, step=step, handled_by=by, **columns
        )

    def event(self, name, at, identity=None, **columns):
        """Something a customer did."""
        self.add("events", f"event {len(self.tables['events']):03d}", at, identity, name=name, **columns)
