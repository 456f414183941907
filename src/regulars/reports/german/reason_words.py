"""What reasons say, in German. The codes are those of `regulars.predictions.health.words`; a test compares codes and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.predictions.health.words import Words
from regulars.reports.german.notation import NOTATION
from regulars.reports.language import Amount

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXTS = {
    "silent": "Seit {days:Tagen} keine Bestellung; sonst alle {usual}.",
    "in_time": "Vor {days:Tagen} bestellt; sonst alle {usual}.",
    "silent_others": "Seit {days:Tagen} keine Bestellung; andere sonst alle {others}.",
    "in_time_others": "Vor {days:Tagen} bestellt; andere sonst alle {others}.",
    "last_order": "Vor {days:Tagen} bestellt.",
    "last_active": "Zuletzt vor {days:Tagen} aktiv.",
    "orders": "{orders:Bestellungen} in {days:Tagen}; andere eine alle {others}.",
    "risk": "Geht mit einer Wahrscheinlichkeit von {risk:percent}.",
    "risk_others": "Geht mit einer Wahrscheinlichkeit von {risk:percent}; andere mit {others:percent}.",
    "orders_lately": "{recent:Bestellungen} in den letzten 90 Tagen; sonst {usual}.",
    "order_value": "{value:money} je Bestellung; andere {others:money}.",
    "order_value_lately": "{recent:money} je Bestellung in den letzten 90 Tagen; sonst {usual:money}.",
    "tenure": "Seit {days:Tagen} Kunde.",
    "sent_back": "{share:percent} des Einkaufswerts gingen zurück; bei anderen {others:percent}.",
    "nothing_back": "Nichts wurde zurückgeschickt.",
    "discounts": "{share:percent} der Bestellungen mit Rabatt; bei anderen {others:percent}.",
    "cases": "{recent:Supportfälle} in den letzten 90 Tagen; davor {before}.",
    "use_days": "An {recent:Tagen} der letzten 30 genutzt; sonst an {usual}.",
    "use_last": "Zuletzt vor {days:Tagen} genutzt.",
    "features": "{features:Funktionen} in Gebrauch; bei eifrigen Nutzern {others}.",
    "users": "{users:Personen} von {seats:Plätzen} haben es in den letzten 30 Tagen genutzt.",
    "people": "{people:Personen} in den letzten 180 Tagen in Kontakt.",
    "e_mails": "{engaged} von {delivered:E-Mails} in 180 Tagen geöffnet.",
    "recommendation": "Auf die Frage nach der Weiterempfehlung {score} von 10 geantwortet.",
    "answers": "Letzte Antworten bei {place:percent} der Skala.",
    "texts": "Die Texte der letzten 90 Tage lesen sich nach einem Modell wie {polarity} auf einer Skala von -1 bis 1.",
    "rating_by_hand": "Von Hand mit {rating} von 100 bewertet.",
    "roi": "Nimmt das {roi}-Fache der Ausgaben ein.",
    "season": "Hat im Vorjahr um diese Zeit bestellt.",
    "no_season": "Im Vorjahr um diese Zeit keine Bestellung.",
    "term_ends": "Die Laufzeit endet in {days:Tagen}.",
    "seats": "{seats:Plätze}.",
    "complaint_open": "{cases:Beschwerden} offen.",
    "complaint_recent": "Beschwerde vor {days:Tagen} gelöst.",
    "dissatisfied": "Unzufriedene Antwort vor {days:Tagen}.",
    "no_use": "Seit {days:Tagen} nicht genutzt.",
    "no_use_ever": "Nie genutzt; vor {days:Tagen} abonniert.",
    "dormant": "Seit {days:Tagen} keine E-Mail geöffnet.",
    "dormant_ever": "Keine E-Mail geöffnet; die erste kam vor {days:Tagen}.",
    "new": "Erste Bestellung vor {days:Tagen}; die Hälfte derer, die wieder bestellen, tut es binnen {usual:Tagen}.",
    "lapsed": "Seit {days:Tagen} keine Bestellung oder Aktivität.",
    "cancelled": "Abonnement vor {days:Tagen} gekündigt.",
    "lapsed_subscription": "Kein laufendes Abonnement.",
    "too_little": "Zu wenig bekannt für einen Wert.",
    "never_active": "Noch keine Bestellung oder Aktivität.",
    "withheld_green": "Nach dem Wert grün, aber zurückgehalten: An früheren Daten erprobt, ging die Hälfte der Grünen oder mehr.",
    "withheld_amber": "Nach dem Wert gelb, aber zurückgehalten.",
    "withheld_red": "Nach dem Wert rot, aber zurückgehalten: An früheren Daten erprobt, ging weniger als die Hälfte der Roten.",
    "changed": "War am {on:date} {before}; Wert von {score_before} auf {score} in {days:Tagen}.",
    "changed_by": "War am {on:date} {before}; Wert von {score_before} auf {score} in {days:Tagen}, das meiste davon {most}.",
    "changed_light": "War am {on:date} {before}.",
}
NOUNS: Mapping[str, str] = {
    "Tagen": "Tag",
    "Bestellungen": "Bestellung",
    "Supportfälle": "Supportfall",
    "Funktionen": "Funktion",
    "Personen": "Person",
    "Plätzen": "Platz",
    "Plätze": "Platz",
    "E-Mails": "E-Mail",
    "Beschwerden": "Beschwerde",
}
"""The plural, in the case of its sentence, and its singular."""


def _number(number: float) -> str:
    whole = abs(number) >= 10 or round(number, 1) == int(round(number, 1))
    return NOTATION.number(round(number) if whole else round(number, 1), 0 if whole else 1)


GERMAN_REASONS = Words(
    texts=TEXTS,
    inputs={
        "churn_risk": "Abwanderungsrisiko",
        "engagement": "Engagement",
        "product_usage": "Nutzung",
        "relationship": "Beziehung",
        "advocacy": "Fürsprache",
        "sentiment": "Stimmung",
        "customer_roi": "eigener Ertrag des Kunden",
    },
    lights={"green": "grün", "amber": "gelb", "red": "rot", "new": "neu", "lapsed": "verstummt", "unknown": "unbekannt"},
    number=_number,
    noun=lambda plural, one: NOUNS[plural] if one else plural,
    money=lambda major, currency: NOTATION.amount(Amount(major, currency), "exact"),
    day=NOTATION.day,
)
