"""Keyed hashes of erased people, so that a later import does not bring them back."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

_PHONE_SIGNS = frozenset("+()-./ 0123456789")
_FEWEST_PHONE_DIGITS = 7


class ErasedHashes:
    """Says whether an id, e-mail address or phone number belongs to somebody who was erased, without knowing who they were.

    Spaces around a value and the case of letters do not matter, nor how a phone number is grouped.
    """

    def __init__(self, key: bytes, hashes: Iterable[str]) -> None:
        self._key = key
        self._hashes = frozenset(hashes)

    def __len__(self) -> int:
        return len(self._hashes)

    def __iter__(self) -> Any:
        return iter(sorted(self._hashes))

    def contains(self, value: str | None) -> bool:
        """Whether `value` belonged to an erased person."""
        return bool(self._hashes) and value is not None and any(h in self._hashes for h in self._of(value))

    def mask(self, values: pa.Array | pa.ChunkedArray) -> pa.BooleanArray:
        """For each of `values` (strings) whether it belonged to an erased person; false for null."""
        if not self._hashes:
            return pa.repeat(pa.scalar(value=False), len(values))
        flat = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        if isinstance(flat, pa.ChunkedArray):
            flat = pa.concat_arrays(flat.chunks)
        encoded = flat.dictionary_encode()
        known = pa.array([self.contains(value) for value in encoded.dictionary.to_pylist()], pa.bool_())
        return pc.fill_null(known.take(encoded.indices), False)

    def including(self, values: Iterable[str]) -> ErasedHashes:
        """These and the hashes of `values`."""
        return ErasedHashes(self._key, {*self._hashes, *(h for value in values for h in self._of(value))})

    def _of(self, value: str) -> list[str]:
        forms = [value.strip().lower()]
        digits = phone_digits(value)
        if digits:
            forms.append(f"tel:{digits}")
        # What anybody may send holds halves of surrogate pairs, too.
        return [hmac.new(self._key, form.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest() for form in forms]


def phone_digits(value: str) -> str | None:
    """The digits of what is written like a phone number, else None. A bare number is an id unless it begins with 0.

    >>> phone_digits("+49 (30) 901820"), phone_digits("17850"), phone_digits("030/901820")
    ('4930901820', None, '030901820')
    """
    text = value.strip()
    digits = "".join(sign for sign in text if sign in "0123456789")
    if len(digits) < _FEWEST_PHONE_DIGITS or not set(text) <= _PHONE_SIGNS or (text == digits and not text.startswith("0")):
        return None
    return digits
