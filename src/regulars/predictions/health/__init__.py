"""Health: a score from 0 to 100, the light of every customer with its reasons, money at risk, and the audit of the lights."""

from regulars.predictions.health.assessment import Assessment, assess
from regulars.predictions.health.audit import LightsAudit, audit_lights, standards_of, untested
from regulars.predictions.health.calls import call_list, ranked, revenue_at_risk
from regulars.predictions.health.inputs import INPUTS
from regulars.predictions.health.lights import LIGHTS, RULES, replay
from regulars.predictions.health.observing import left_after, observe, risks_of
from regulars.predictions.health.reasons import Reason
from regulars.predictions.health.standards import Standards, freeze

__all__ = [
    "INPUTS",
    "LIGHTS",
    "RULES",
    "Assessment",
    "LightsAudit",
    "Reason",
    "Standards",
    "assess",
    "audit_lights",
    "call_list",
    "freeze",
    "left_after",
    "observe",
    "ranked",
    "replay",
    "revenue_at_risk",
    "risks_of",
    "standards_of",
    "untested",
]
