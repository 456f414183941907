"""What a value is, without saying what it holds: explanations are read by people who may see no personal data."""

from __future__ import annotations

from typing import Any


def kind_of(value: Any) -> str:
    """The value's kind in plain words.

    >>> kind_of("anna@shop.eu"), kind_of([1]), kind_of(None)
    ('a text of 12 characters', 'a list', 'empty')
    """
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return f"a text of {len(value)} characters" if value else "an empty text"
    return "a list" if isinstance(value, list) else "an object"
