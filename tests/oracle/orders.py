"""Orders and what came back of them: refunds on the order, returns matched to earlier purchases, kept orders, buyers."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict


class Order:
    """A purchase with what is known of it before as-of."""

    __slots__ = ("amount", "at", "campaign", "cancelled", "channel", "customer", "day", "discount", "hour", "id", "refunded")

    def __init__(self, company, row):
        self.id = row["order_id"]
        self.customer = company.customer(row)
        self.at = row["occurred_at"]
        self.day = company.day(row)
        self.hour = company.clock.hour(self.at)
        self.amount = company.money(row)
        self.discount = company.money(row, "discount_minor")
        self.channel = row.get("channel")
        self.campaign = row.get("campaign")
        self.cancelled = False
        self.refunded = 0

    @property
    def net(self):
        return self.amount + self.refunded

    @property
    def kept(self):
        return not self.cancelled and self.net > 0


class Line:
    """A line of an order, refund or cancellation."""

    __slots__ = (
        "amount",
        "at",
        "category",
        "customer",
        "day",
        "goods",
        "key",
        "kind",
        "left",
        "order_id",
        "product",
        "quantity",
        "source",
        "unit_cost",
    )

    def __init__(self, company, row):
        self.order_id, self.kind, self.source, self.key = row["order_id"], row["kind"], row["source"], row["row_key"]
        self.customer = company.customer(row)
        self.at = row["occurred_at"]
        self.day = company.day(row)
        self.amount = company.money(row)
        self.quantity = row["quantity"]
        self.product = row.get("product_id")
        self.category = row.get("category")
        self.goods = row["is_goods"]
        cost = row.get("unit_cost_minor")
        self.unit_cost = None if cost is None else cost * company.factor(row["currency"], self.day)


class Book:
    """Orders, lines and buyers of a company."""

    def __init__(self, company):
        self.company = company
        rows = company.rows("orders")
        self.rows = [(row, company.customer(row), company.day(row), company.money(row)) for row in rows]
        self.orders = {row["order_id"]: Order(company, row) for row in rows if row["kind"] == "purchase"}
        self.lines = [Line(company, row) for row in company.rows("order_lines")]
        self.unlinked_of = defaultdict(int)
        """Per customer: what was returned and belongs to no order (negative)."""
        self.unlinked_rows = []
        """(refund row, customer, day, amount, amount that belongs to no order)."""
        self._book_linked()
        self._book_unlinked()
        self.kept = sorted((o for o in self.orders.values() if o.kept), key=lambda o: (o.at, o.id))
        self.by_customer = defaultdict(list)
        for order in self.kept:
            if order.customer is not None:
                self.by_customer[order.customer].append(order)
        self.days = {customer: sorted({o.day for o in orders}) for customer, orders in self.by_customer.items()}
        self.lines_of = defaultdict(list)
        for line in self.lines:
            if line.kind == "purchase":
                self.lines_of[line.order_id].append(line)

    def _book_linked(self):
        for row, _customer, _day, amount in self.rows:
            order = self.orders.get(row["order_id"])
            if order is None or not row["linked"]:
                continue
            if row["kind"] == "refund":
                order.refunded += amount
            elif row["kind"] == "cancellation":
                order.cancelled = True

    def _book_unlinked(self):
        refunds = {(r["order_id"], r["source"]): r for r, _, _, _ in self.rows if r["kind"] == "refund" and not r["linked"]}
        matched = defaultdict(int)
        stock = self._stock()
        returns = [x for x in self.lines if x.kind == "refund" and (x.order_id, x.source) in refunds]
        for line in sorted(returns, key=lambda x: (x.at, x.key)):
            if line.customer is None or line.product is None or not line.quantity < 0:
                continue
            for order_id, amount in give_back(line, stock.get((line.customer, line.product), [])):
                if order_id in self.orders:
                    self.orders[order_id].refunded += amount
                matched[line.order_id, line.source] += amount
        for row, customer, day, amount in self.rows:
            if row["kind"] == "refund" and not row["linked"]:
                rest = amount - matched[row["order_id"], row["source"]]
                self.unlinked_rows.append((row, customer, day, amount, rest))
                if customer is not None:
                    self.unlinked_of[customer] += rest

    def _stock(self):
        stock = defaultdict(list)
        for line in self.lines:
            if line.kind == "purchase" and line.customer is not None and line.product is not None:
                line.left = line.quantity
                stock[line.customer, line.product].append(line)
        for lines in stock.values():
            lines.sort(key=lambda x: (x.at, x.key))
        return stock

    # -- buyers -----------------------------------------------------------------------------------------------------------

    def first(self, customer):
        return self.by_customer[customer][0]

    def value(self, customer):
        """Net value of the customer's kept orders, less what they gave back without a link."""
        return sum(o.net for o in self.by_customer[customer]) + self.unlinked_of.get(customer, 0)

    def has_order_day(self, customer, start, end):
        """Whether the customer has a kept order on a day from `start` to before `end`."""
        days = self.days.get(customer, [])
        at = bisect_left(days, start)
        return at < len(days) and days[at] < end


def give_back(line, stock):
    """(order_id, amount) of the purchases that a return takes from, latest first; the amounts are negative."""
    wanted = left = -line.quantity
    taken = {}
    for bought in reversed(stock):
        if left > 0 and bought.at < line.at and bought.left > 0:
            pieces = min(left, bought.left)
            bought.left -= pieces
            left -= pieces
            taken[bought.order_id] = taken.get(bought.order_id, 0) + pieces
    shares = {order_id: half_away_from_zero(line.amount * pieces / wanted) for order_id, pieces in taken.items()}
    if taken and left <= 0:
        last = list(taken)[-1]
        shares[last] = line.amount - sum(share for order_id, share in shares.items() if order_id != last)
    return shares.items()


def half_away_from_zero(value):
    return int(abs(value) + 0.5) * (1 if value >= 0 else -1)
