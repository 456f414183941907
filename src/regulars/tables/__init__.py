"""The canonical tables, one file each; `TABLES` maps their names to them."""

from regulars.tables.accounts import ACCOUNTS
from regulars.tables.assignments import ASSIGNMENTS
from regulars.tables.costs import COSTS
from regulars.tables.customers import CUSTOMERS
from regulars.tables.events import EVENTS
from regulars.tables.exchange_rates import EXCHANGE_RATES
from regulars.tables.identities import IDENTITIES
from regulars.tables.messages import MESSAGES
from regulars.tables.order_lines import ORDER_LINES
from regulars.tables.orders import ORDERS
from regulars.tables.points import POINTS
from regulars.tables.predictions import PREDICTIONS
from regulars.tables.responses import RESPONSES
from regulars.tables.schema import ENVELOPE, Column, Erase, Table, Type
from regulars.tables.subscriptions import SUBSCRIPTIONS
from regulars.tables.supersessions import SUPERSESSIONS
from regulars.tables.tickets import TICKETS

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        CUSTOMERS,
        ACCOUNTS,
        IDENTITIES,
        EVENTS,
        ORDERS,
        ORDER_LINES,
        SUBSCRIPTIONS,
        MESSAGES,
        RESPONSES,
        POINTS,
        TICKETS,
        COSTS,
        EXCHANGE_RATES,
        ASSIGNMENTS,
        PREDICTIONS,
        SUPERSESSIONS,
    )
}

__all__ = ["ENVELOPE", "TABLES", "Column", "Erase", "Table", "Type"]
