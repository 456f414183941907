"""Value models on arrays: how often buyers will order, what they will spend, and what that is worth. No customer ids come in or go out."""

from regulars.predictions.clv.against_data import Calibration, Tracking, calibration, tracking
from regulars.predictions.clv.histories import Histories
from regulars.predictions.clv.maximum import FitReport, Parameter
from regulars.predictions.clv.model import ValueModel, fit
from regulars.predictions.clv.shifted_beta_geometric import ShiftedBetaGeometric, fit_contracts, fit_survivors
