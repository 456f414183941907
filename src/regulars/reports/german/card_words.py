"""What the cards of the metrics in the review say, in German. A test compares names and symbols with the cards."""

from __future__ import annotations

from regulars.reports.language import CardWords

_YOUNG = "die Daten weniger als inactive_after_days vor dem Zeitraum beginnen"

CARDS = {
    "average_order_value": CardWords(
        question="Was ist eine Bestellung des Zeitraums nach ihren Erstattungen im Mittel wert?",
        formula="V / N",
        symbols={
            "V": "Nettowert der gültigen Bestellungen: nach Rabatten und Erstattungen, ohne Steuern und Versand",
            "N": "Zahl der gültigen Bestellungen",
        },
        undefined_when="N = 0",
    ),
    "churn_rate": CardWords(
        question="Welcher Anteil der Kunden, die zu Beginn des Zeitraums aktiv waren, war es an seinem Ende nicht mehr?",
        formula="L / S",
        symbols={"L": "Kunden zu Beginn, die am Ende nicht aktiv sind", "S": "Kunden, die zu Beginn aktiv sind"},
        undefined_when=f"S = 0, oder (bei Inaktivität) {_YOUNG}",
    ),
    "clv_historic": CardWords(
        question="Wie viel hat ein Kunde, der im Zeitraum gewonnen wurde, seither ausgegeben, Rücksendungen abgezogen?",
        formula="Summe V / N",
        symbols={
            "V": "Nettowert der gültigen Bestellungen eines Kunden von der ersten bis zur letzten, abzüglich Rücksendungen ohne Bestellung: Umsatz, nicht Marge",
            "N": "Kunden, deren erste gültige Bestellung im Zeitraum liegt",
        },
        undefined_when="im Zeitraum wurde niemand gewonnen",
    ),
    "csat": CardWords(
        question="Wie zufrieden sind die Kunden im Mittel auf der Skala der Umfrage, insgesamt und bei jedem Schritt?",
        formula="Summe score / N",
        symbols={"score": "eine Antwort auf der Skala der Umfrage", "N": "Antworten"},
        undefined_when="niemand hat geantwortet, oder die Antworten wurden auf mehr als einer Skala gegeben",
    ),
    "days_between_orders": CardWords(
        question="Wie viele Tage lagen bei den Bestellungen des Zeitraums zwischen einem Bestelltag eines Kunden und dem nächsten?",
        formula="Summe G / Anzahl G",
        symbols={"G": "Tage zwischen zwei aufeinanderfolgenden Bestelltagen eines Kunden, von denen der spätere im Zeitraum liegt"},
        undefined_when="im Zeitraum ist niemand wiedergekommen",
    ),
    "gross_revenue_retention": CardWords(
        question="Wie viel des wiederkehrenden Umsatzes vom Beginn des Zeitraums ist an seinem Ende noch da, Upgrades nicht gezählt?",
        formula="Summe min(e, s) / Summe s",
        symbols={
            "e": "monatlich wiederkehrender Umsatz eines Kunden am Ende",
            "s": "derselbe zu Beginn, von allen, die etwas zahlten",
        },
        undefined_when="Summe s = 0",
    ),
    "mrr": CardWords(
        question="Was bringen die Abonnements, die am Ende des Zeitraums laufen, im Monat?",
        formula="Summe M",
        symbols={
            "M": "monatlich wiederkehrender Umsatz eines Abonnements, das am Ende des Zeitraums läuft (am Stichtag, wo der Zeitraum noch nicht zu Ende ist)"
        },
        undefined_when="es gibt überhaupt keine Abonnements",
    ),
    "net_revenue_retention": CardWords(
        question="Was bringen die Kunden, die zu Beginn des Zeitraums zahlten, an seinem Ende, Upgrades mitgezählt, als Anteil dessen, was sie damals brachten?",
        formula="E / S",
        symbols={
            "E": "monatlich wiederkehrender Umsatz der Kunden aus S am Ende",
            "S": "monatlich wiederkehrender Umsatz zu Beginn, von allen, die etwas zahlten",
        },
        undefined_when="S = 0",
    ),
    "new_customers": CardWords(
        question="Wie viele Kunden haben im Zeitraum ihre erste gültige Bestellung aufgegeben?",
        formula="Anzahl F",
        symbols={"F": "Kunden, deren erste gültige Bestellung im Zeitraum liegt"},
        undefined_when=f"es gibt überhaupt keine Bestellungen, oder {_YOUNG}: Dann sehen alle neu aus",
    ),
    "nps": CardWords(
        question="Um wie viele Punkte übersteigen bei den nach der Weiterempfehlung Befragten die Förderer die Kritiker?",
        formula="100 x (P - D) / N",
        symbols={
            "P": "Förderer: Antworten 9 oder 10",
            "D": "Kritiker: Antworten 0 bis 6",
            "N": "alle Antworten, auch die Unentschiedenen (7 und 8); von jeder Person die letzte Antwort im Zeitraum",
        },
        undefined_when="niemand hat geantwortet",
    ),
    "purchase_frequency": CardWords(
        question="Wie viele Bestellungen gibt ein Kunde, der kauft, im Zeitraum auf (aufs Jahr: im Jahr bis zu seinem Ende)?",
        formula="N / B; aufs Jahr, wo die Daten kürzer als ein Jahr sind: N / Y",
        symbols={
            "N": "gültige Bestellungen bekannter Kunden im Zeitraum, oder in den 365 Tagen bis zu seinem Ende",
            "B": "Kunden mit einer dieser Bestellungen",
            "Y": "Kundenjahre: die Zeit von der ersten gültigen Bestellung jedes Kunden bis zum Ende des Zeitraums, in Jahren von 365 Tagen",
            "per_year": "ob aufs Jahr gefragt ist",
        },
        undefined_when="B = 0",
    ),
    "reactivation_rate": CardWords(
        question="Welcher Anteil der Kunden, die zu Beginn des Zeitraums verstummt waren, hat in ihm wieder bestellt?",
        formula="B / L",
        symbols={
            "B": "diejenigen aus L mit einer gültigen Bestellung im Zeitraum",
            "L": "Kunden mit einer gültigen Bestellung vor dem Zeitraum, die zu seinem Beginn nicht aktiv sind",
        },
        undefined_when=f"L = 0, oder {_YOUNG}",
    ),
    "refund_rate": CardWords(
        question="Welcher Anteil des im Zeitraum bestellten Werts wurde bis jetzt durch Erstattung oder Rücksendung zurückgegeben?",
        formula="G / V",
        symbols={
            "G": "Erstattungen zu den Bestellungen und ihnen zugeordnete Rücksendungen vor dem Stichtag, wann immer sie geschahen",
            "V": "Wert der nicht stornierten Bestellungen des Zeitraums, vor Erstattungen",
        },
        undefined_when="V = 0",
    ),
    "renewal_rate": CardWords(
        question="Welcher Anteil der im Zeitraum ausgelaufenen Abonnementlaufzeiten wurde vor Ende der Frist verlängert?",
        formula="R / D",
        symbols={
            "R": "diejenigen aus D mit einer späteren Änderung des Abonnements, weder Kündigung noch Pause, wirksam höchstens renewal_grace_days nach dem Ende der Laufzeit",
            "D": "Laufzeiten laufender Abonnements, die im Zeitraum enden und deren Frist am Stichtag vorüber war",
        },
        undefined_when="D = 0",
    ),
    "repeat_purchase_rate": CardWords(
        question="Welcher Anteil der Kunden, die im Zeitraum gekauft haben, hat es in ihm mindestens zweimal getan?",
        formula="R / B",
        symbols={
            "R": "Kunden mit zwei oder mehr gültigen Bestellungen im Zeitraum",
            "B": "Kunden mit einer gültigen Bestellung im Zeitraum",
        },
        undefined_when="B = 0",
    ),
    "revenue": CardWords(
        question="Was sind die Bestellungen des Zeitraums wert, abzüglich der Erstattungen und Stornierungen, die in ihn fallen?",
        formula="Summe V",
        symbols={
            "V": "Bestellwert nach Rabatten, ohne Steuern und Versand; negativ bei Erstattungen und Stornierungen, jede an ihrem eigenen Tag"
        },
        undefined_when="es gibt überhaupt keine Bestellungen",
    ),
    "revenue_churn_rate": CardWords(
        question="Welcher Anteil des Umsatzes der Kunden vom Beginn gehörte denen, die bis zum Ende des Zeitraums verloren gingen?",
        formula="L / S",
        symbols={
            "L": "der Teil von S, der Kunden gehörte, die am Ende nicht aktiv sind",
            "S": "bei Kündigung: monatlich wiederkehrender Umsatz zu Beginn, von denen, die etwas zahlen; bei Inaktivität: Nettowert der gültigen Bestellungen, "
            "die die Kunden vom Beginn in den inactive_after_days davor aufgegeben haben",
        },
        undefined_when=f"S = 0, oder (bei Inaktivität) {_YOUNG}",
    ),
    "second_order_rate": CardWords(
        question="Welcher Anteil der im Zeitraum gewonnenen Kunden hat binnen so vieler Tage nach der ersten eine zweite gültige Bestellung aufgegeben?",
        formula="R / C",
        symbols={
            "R": "diejenigen aus C, deren zweite gültige Bestellung höchstens `days` Tage nach der ersten kam",
            "C": "Kunden, deren erste gültige Bestellung im Zeitraum und mindestens `days` Tage vor dem Stichtag liegt",
            "days": "wie lange ein Kunde für die zweite Bestellung Zeit hat",
        },
        undefined_when="C = 0: Niemand wurde gewonnen, oder noch hatte niemand die Zeit",
    ),
}
