"""The German catalogue, with the notation of the language."""

from __future__ import annotations

from dataclasses import replace

from regulars.reports.german.appendix_words import APPENDIX
from regulars.reports.german.card_words import CARDS
from regulars.reports.german.customer_words import CUSTOMERS
from regulars.reports.german.notation import NOTATION
from regulars.reports.german.prediction_words import PREDICTIONS
from regulars.reports.german.reason_words import GERMAN_REASONS
from regulars.reports.german.review_words import REVIEW

GERMAN = replace(NOTATION, catalogue={**REVIEW, **CUSTOMERS, **PREDICTIONS, **APPENDIX}, cards=CARDS, reasons=GERMAN_REASONS)
