"""The German catalogue, with the notation of the language."""

from __future__ import annotations

from regulars.reports.german.appendix_words import APPENDIX
from regulars.reports.german.customer_words import CUSTOMERS
from regulars.reports.german.prediction_words import PREDICTIONS
from regulars.reports.german.review_words import REVIEW
from regulars.reports.language import Language

GERMAN = Language(
    code="de",
    catalogue={**REVIEW, **CUSTOMERS, **PREDICTIONS, **APPENDIX},
    months=("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sep.", "Okt.", "Nov.", "Dez."),
    long_months=("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"),
    weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    number_words=("keinem", "einem", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn"),
    thousands=".",
    decimal=",",
    date_form="{day}.\N{NO-BREAK SPACE}{month}\N{NO-BREAK SPACE}{year}",
    magnitudes=("Tsd.", "Mio.", "Mrd."),
)
