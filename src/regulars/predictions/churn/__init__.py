"""Churn risk: how likely is it that a customer does nothing within the horizon, why, and did that hold when it was looked at later?"""

from regulars.predictions.churn.audit import ChurnAudit, audit_churn
from regulars.predictions.churn.card import ModelCard
from regulars.predictions.churn.features import FACT_GROUPS, REASONS
from regulars.predictions.churn.fitting import fit
from regulars.predictions.churn.frames import SeasonedSnapshot, take
from regulars.predictions.churn.model import ChurnModel
from regulars.predictions.churn.season import seasonal_buyers

__all__ = [
    "FACT_GROUPS",
    "REASONS",
    "ChurnAudit",
    "ChurnModel",
    "ModelCard",
    "SeasonedSnapshot",
    "audit_churn",
    "fit",
    "seasonal_buyers",
    "take",
]
