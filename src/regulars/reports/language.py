"""How a report speaks: sentences by code with parameters, numbers in the reader's notation; another language is another catalogue."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regulars import money
from regulars.predictions.health.words import ENGLISH as ENGLISH_REASONS, sentence as reason_sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from regulars.metrics import Card
    from regulars.predictions.health.reasons import Reason
    from regulars.predictions.health.words import Words

MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Amount:
    """Money in major units with its currency, as a parameter of a sentence."""

    value: float
    currency: str | None


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is to be said: a code of the catalogue and its parameters; the language finds the words."""

    code: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def sentence(code: str, **parameters: Any) -> Sentence:
    """A sentence from its code and parameters."""
    return Sentence(code, parameters)


class _Words(string.Formatter):
    """`{name:format}` where format is one of the language's own number formats."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if not format_spec:
            return self._language.say(value) if isinstance(value, Sentence) else str(value)
        name, _, option = format_spec.partition(" ")
        shown = getattr(self._language, name)
        return str(shown(value, option) if option else shown(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class CardWords:
    """What the card of a metric says, in another language than its own; the symbols are those of the card."""

    question: str
    formula: str
    symbols: Mapping[str, str]
    undefined_when: str


@dataclass(frozen=True)
class Language:
    """A catalogue of sentences with the notation of one language."""

    code: str
    catalogue: Mapping[str, str]
    months: Sequence[str]
    """Short names, for tables and axes."""
    long_months: Sequence[str]
    weekdays: Sequence[str]
    number_words: Sequence[str]
    """The words for 0 to 10."""
    thousands: str = ","
    decimal: str = "."
    percent_sign: str = THIN + "%"
    date_form: str = "{day}\N{NO-BREAK SPACE}{month}\N{NO-BREAK SPACE}{year}"
    magnitudes: tuple[str, str, str] = ("k", "m", "bn")
    """What stands for a thousand, a million and a thousand millions."""
    cards: Mapping[str, CardWords] = field(default_factory=dict)
    """Cards of metrics by name, where they are not said in English."""
    reasons: Words = ENGLISH_REASONS
    """What the reasons of a light say."""

    def card(self, card: Card) -> CardWords | Card:
        """What the card of a metric says; in English it speaks for itself."""
        return self.cards.get(card.name, card)

    def reason(self, reason: Reason) -> str:
        """The sentence of a reason."""
        return reason_sentence(reason.says, reason.values, reason.currency, self.reasons)

    def say(self, said: Sentence | str, **parameters: Any) -> str:
        """The sentence in words; an unknown code is a fault of ours and raises `KeyError`."""
        code, values = (said.code, {**said.parameters, **parameters}) if isinstance(said, Sentence) else (said, parameters)
        return _Words(self).vformat(self.catalogue[code], (), values)

    def quarantine_reason(self, code: str) -> str:
        """Why a row of a file is in quarantine."""
        return self.catalogue.get(f"quarantined.{code}", code.replace("_", " "))

    def reason_title(self, code: str) -> str:
        """What a reason of a light is about, in a few words."""
        return self.catalogue.get(f"reason.{code}", self.capital(code.replace("_", " ")))

    def number(self, value: float, decimals: int | str = 0) -> str:
        """A number with thousands apart.

        >>> from regulars.reports.words import ENGLISH
        >>> ENGLISH.number(-12345.678, 1)
        '−12,345.7'
        """
        text = f"{abs(value):,.{int(decimals)}f}"
        sign = MINUS if value < 0 and any(c in "123456789" for c in text) else ""
        return sign + "".join({",": self.thousands, ".": self.decimal}.get(letter, letter) for letter in text)

    def count(self, value: float) -> str:
        """A whole number."""
        return self.number(value)

    def percent(self, value: float, decimals: int | str = "") -> str:
        r"""A share as per cent; one decimal below 10 per cent.

        >>> from regulars.reports.words import ENGLISH
        >>> ENGLISH.percent(0.0612), ENGLISH.percent(0.263)
        ('6.1\u202f%', '26\u202f%')
        """
        places = int(decimals) if decimals != "" else (1 if abs(value) < 0.0995 else 0)
        return self.number(100 * value, places) + self.percent_sign

    def points(self, value: float) -> str:
        """A difference of shares in percentage points, with its sign."""
        return self.signed(100 * value, 1)

    def signed(self, value: float, decimals: int | str = 0) -> str:
        """A number that always has its sign."""
        return ("+" if value > 0 else "") + self.number(value, decimals)

    def amount(self, value: Amount, precision: str = "") -> str:
        r"""Money: whole units from a thousand on, exact where `exact` is asked for, shortened where `short` is.

        >>> from regulars.reports.words import ENGLISH
        >>> (
        ...     ENGLISH.amount(Amount(2500315.63, "USD")),
        ...     ENGLISH.amount(Amount(2500315.63, "USD"), "short"),
        ...     ENGLISH.amount(Amount(35.9, "USD")),
        ... )
        ('2,500,316\xa0USD', '2.50\u202fm\xa0USD', '35.90\xa0USD')
        """
        behind = f"\N{NO-BREAK SPACE}{value.currency}" if value.currency else ""
        places = money.exponent(value.currency) if value.currency else 2
        if precision == "short":
            return self.short(value.value, places) + behind
        return self.number(value.value, places if precision == "exact" or abs(value.value) < 1000 else 0) + behind

    def column(self, values: Sequence[float | None]) -> list[str]:
        """Numbers of one column, all with the same decimals: none where one of them reaches a thousand.

        >>> from regulars.reports.words import ENGLISH
        >>> ENGLISH.column([42.77, None]), ENGLISH.column([1236.1, 671.5])
        (['42.77', ''], ['1,236', '672'])
        """
        places = 2 if max((abs(v) for v in values if v is not None), default=0) < 1000 else 0
        return ["" if v is None else self.number(v, places) for v in values]

    def short(self, value: float, small_places: int | str = 0) -> str:
        r"""A number in three digits with k or m.

        >>> from regulars.reports.words import ENGLISH
        >>> ENGLISH.short(76109.3), ENGLISH.short(948), ENGLISH.short(35.929, 2)
        ('76.1\u202fk', '948', '35.93')
        """
        thousand, million, milliard = self.magnitudes
        for least, size, letter in ((1e9, 1e9, milliard), (1e6, 1e6, million), (1e4, 1e3, thousand)):
            if abs(value) >= least * 0.9995:
                scaled = value / size
                return self.number(scaled, 2 if abs(scaled) < 9.995 else 1 if abs(scaled) < 99.95 else 0) + THIN + letter
        return self.number(value, small_places if abs(value) < 1000 else 0)

    def day(self, value: date) -> str:
        """A date, the month in letters."""
        return self.date_form.format(day=value.day, month=self.months[value.month - 1], year=value.year)

    def month(self, value: date) -> str:
        """Month and year of a date, in a sentence."""
        return f"{self.long_months[value.month - 1]}\N{NO-BREAK SPACE}{value.year}"

    def in_ten(self, share: float) -> str:
        """A share as so many in ten; halves and edges in words of their own.

        >>> from regulars.reports.words import ENGLISH
        >>> [ENGLISH.in_ten(s) for s in (0.03, 0.43, 0.5, 0.97)]
        ['fewer than one in ten', 'four in ten', 'half', 'nearly all']
        """
        tenths = round(share * 10)
        special = {0: "in_ten.none", 5: "in_ten.half", 10: "in_ten.all"}
        return self.say(special[tenths]) if tenths in special else self.say("in_ten.some", word=self.number_words[tenths])

    def capital(self, text: str) -> str:
        """The text with a capital first letter."""
        return text[:1].upper() + text[1:]

    def short_month(self, value: date) -> str:
        """Month and year in a table."""
        return f"{self.months[value.month - 1]}\N{NO-BREAK SPACE}{value.year}"

    def axis_month(self, value: date) -> str:
        """Month and year for an axis."""
        return f"{self.months[value.month - 1]} {value.year % 100:02d}"
