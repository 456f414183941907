"""What other apps use of this one."""

from regulars_server.serving.contracts import LIGHTS, SORTS, Built, CustomerQuery, Entry, Overview, Page
from regulars_server.serving.customers import choices, customer, customer_id_of, customers, lights, pieces
from regulars_server.serving.languages import language
from regulars_server.serving.timelines import timeline

__all__ = [
    "LIGHTS",
    "SORTS",
    "Built",
    "CustomerQuery",
    "Entry",
    "Overview",
    "Page",
    "choices",
    "customer",
    "customer_id_of",
    "customers",
    "language",
    "lights",
    "pieces",
    "timeline",
]
