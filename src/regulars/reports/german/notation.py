"""How German writes numbers, money and dates."""

from __future__ import annotations

from regulars.reports.language import Language

NOTATION = Language(
    code="de",
    catalogue={},
    months=("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sep.", "Okt.", "Nov.", "Dez."),
    long_months=("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"),
    weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    number_words=("keinem", "einem", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn"),
    thousands=".",
    decimal=",",
    date_form="{day}.\N{NO-BREAK SPACE}{month}\N{NO-BREAK SPACE}{year}",
    magnitudes=("Tsd.", "Mio.", "Mrd."),
)
