"""What customers are worth: the models of value on a session's data, with intervals from backtests, their audit, and the forecast."""

from regulars.predictions.value.audit import ValueAudit, audit_value
from regulars.predictions.value.buying import Bought, histories
from regulars.predictions.value.company import CompanyValue, fit_company
from regulars.predictions.value.forecasting import Forecast, forecast
from regulars.predictions.value.notes import Note
from regulars.predictions.value.subscribers import SubscriberValue, fit_subscribers

__all__ = [
    "Bought",
    "CompanyValue",
    "Forecast",
    "Note",
    "SubscriberValue",
    "ValueAudit",
    "audit_value",
    "fit_company",
    "fit_subscribers",
    "forecast",
    "histories",
]
