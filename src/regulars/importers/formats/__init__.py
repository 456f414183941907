"""The formats, one file each; adding an importer is adding a file here and its name to `FORMATS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.importers.formats.accounts import ACCOUNTS
from regulars.importers.formats.costs import COSTS
from regulars.importers.formats.customers import CUSTOMERS
from regulars.importers.formats.events import EVENTS
from regulars.importers.formats.exchange_rates import EXCHANGE_RATES
from regulars.importers.formats.messages import MESSAGES
from regulars.importers.formats.points import POINTS
from regulars.importers.formats.shopify_orders import SHOPIFY_ORDERS
from regulars.importers.formats.stripe_customers import STRIPE_CUSTOMERS
from regulars.importers.formats.stripe_payments import STRIPE_PAYMENTS
from regulars.importers.formats.subscriptions import SUBSCRIPTIONS
from regulars.importers.formats.survey_answers import SURVEY_ANSWERS
from regulars.importers.formats.tickets import TICKETS
from regulars.importers.formats.transactions import TRANSACTIONS
from regulars.importers.formats.uci_online_retail import UCI_ONLINE_RETAIL
from regulars.importers.formats.woocommerce_orders import WOOCOMMERCE_ORDERS

if TYPE_CHECKING:
    from regulars.importers.declaration import Format

FORMATS: dict[str, Format] = {
    fmt.name: fmt
    for fmt in (
        SHOPIFY_ORDERS,
        WOOCOMMERCE_ORDERS,
        STRIPE_PAYMENTS,
        STRIPE_CUSTOMERS,
        UCI_ONLINE_RETAIL,
        TRANSACTIONS,
        SUBSCRIPTIONS,
        SURVEY_ANSWERS,
        COSTS,
        MESSAGES,
        TICKETS,
        POINTS,
        CUSTOMERS,
        ACCOUNTS,
        EXCHANGE_RATES,
        EVENTS,
    )
}

__all__ = ["FORMATS"]
