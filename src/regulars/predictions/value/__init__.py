"""What customers are worth: the models of value on a session's data, with intervals from backtests, their audit, and the forecast."""

from regulars.predictions.value.buying import Bought, histories
from regulars.predictions.value.company import CompanyValue, fit_company
from regulars.predictions.value.notes import Note
