"""What order exports of shops share: one order over several rows, order values on the first, refunds and cancellations beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import EXACT, ZERO, Draft, Rows, flags

if TYPE_CHECKING:
    from collections.abc import Mapping


def minus(left: pa.Array, *rights: pa.Array) -> pa.Array:
    """`left` less each of `rights`, exact; null counts as nothing on the right."""
    for right in rights:
        left = pc.subtract(left.cast(pa.decimal128(30, 10)), pc.fill_null(right, ZERO).cast(pa.decimal128(30, 10))).cast(EXACT)
    return left


def goods_part(refunded: pa.Array, order_value: pa.Array, paid_for_goods: pa.Array) -> pa.Array:
    """What a refund takes off the order value, in minor units.

    A refund is paid with tax: its part of what was paid for the goods is taken off the order value, and never more than all of it.
    All three are minor units; `paid_for_goods` is what was paid with tax and without shipping.
    """
    paid = pc.cast(pc.if_else(pc.less_equal(paid_for_goods, 0), order_value, paid_for_goods), pa.float64())
    share = pc.min_element_wise(pc.divide(refunded.cast(pa.float64()), paid), pa.scalar(1.0))
    share = pc.if_else(pc.is_finite(share), share, 0.0)
    # Halves away from zero, as all money is rounded.
    return pc.round(pc.multiply(order_value.cast(pa.float64()), share), round_mode="half_towards_infinity").cast(pa.int64())


def order_drafts(
    rows: Rows,
    *,
    order: Mapping[str, object],
    value: pa.Array,
    refunded: pa.Array,
    at: pa.Array,
    refunded_at: pa.Array,
    cancelled_at: pa.Array,
    identity: pa.Array,
) -> list[Draft]:
    """The purchase of each row, and its refund and cancellation where there are any. `value` and `refunded` are minor units.

    A cancellation takes off what had not been refunded, so that the rows of the order add up to nothing.
    """
    none = pa.scalar(None, pa.int64())
    drafts = [Draft("orders", rows, "purchase", at, {**order, "kind": "purchase", "linked": False, "amount_minor": value}, identity)]
    plain = {name: order[name] for name in ("order_id", "currency", "channel", "campaign", "country") if name in order}

    def taken_off(kind: str, amount: pa.Array, when: pa.Array, mask: pa.Array) -> None:
        if flags(mask).any():
            kept = {name: v.filter(mask) if isinstance(v, pa.Array) else v for name, v in plain.items()}
            kept |= {"kind": kind, "linked": True, "amount_minor": pc.negate(amount).filter(mask)}
            drafts.append(Draft("orders", rows.where(mask), kind, when.filter(mask), kept, identity.filter(mask)))

    was_refunded = pc.fill_null(pc.greater(refunded, 0), False)
    taken_off("refund", refunded, refunded_at, was_refunded)
    left = pc.subtract(value, pc.if_else(was_refunded, refunded, pa.scalar(0, pa.int64())))
    taken_off("cancellation", pc.if_else(pc.is_valid(cancelled_at), left, none), cancelled_at, pc.is_valid(cancelled_at))
    return drafts
