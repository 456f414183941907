"""Money: integer minor units with a currency, and how they are shown."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

# ISO 4217 currencies whose minor unit is not a hundredth.
_EXPONENTS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def exponent(currency: str) -> int:
    """Number of decimals of `currency` (ISO 4217).

    >>> exponent("EUR"), exponent("JPY"), exponent("KWD")
    (2, 0, 3)
    """
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """`amount` in major units as integer minor units, halves away from zero.

    >>> to_minor(Decimal("11.765"), "USD"), to_minor(Decimal("-0.005"), "USD")
    (1177, -1)
    """
    return int(amount.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def to_major(minor: float, currency: str) -> float:
    """Minor units as major units.

    >>> to_major(1177, "USD")
    11.77
    """
    return minor / float(10 ** exponent(currency))


def show(minor: float, currency: str, *, decimals: int | None = None) -> str:
    """Money as read by people: thousands apart, the currency's code behind.

    >>> show(250031563, "USD"), show(-1234, "JPY")
    ('2,500,315.63 USD', '-1,234 JPY')
    """
    places = exponent(currency) if decimals is None else decimals
    return f"{to_major(minor, currency):,.{places}f} {currency}"
