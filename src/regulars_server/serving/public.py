"""What other apps use of this one."""

from regulars_server.serving.contracts import LIGHTS, SORTS, Built, CustomerQuery, Entry, Overview, Page
from regulars_server.serving.customers import built, choices, customer, customer_id_of, customers, lights, pieces, purchases_since
from regulars_server.serving.kinds import PREDICT, build
from regulars_server.serving.known import known
from regulars_server.serving.languages import language, reason
from regulars_server.serving.overview import chart_file, overview
from regulars_server.serving.reading import close
from regulars_server.serving.timelines import first_at, timeline

__all__ = [
    "LIGHTS",
    "PREDICT",
    "SORTS",
    "Built",
    "CustomerQuery",
    "Entry",
    "Overview",
    "Page",
    "build",
    "built",
    "chart_file",
    "choices",
    "close",
    "customer",
    "customer_id_of",
    "customers",
    "first_at",
    "known",
    "language",
    "lights",
    "overview",
    "pieces",
    "purchases_since",
    "reason",
    "timeline",
]
