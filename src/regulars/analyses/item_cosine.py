"""Which products go with which: cosines between the customers of two products, beside plain popularity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

METHODS = ("popularity", "cosine", "blend")
MOST_PRODUCTS = 5000
"""Products compared at most: the most popular ones. A table of all pairs of them fits into memory."""
CHUNK = 512
REPLENISHED = 0.2
"""From this share of buyers who buy it again on a later day a product may be suggested to who has it."""
DIGITS = 9
"""Scores are equal when they agree so far: the order of a sum must not decide between products."""


@dataclass(frozen=True, slots=True)
class Purchases:
    """Customer, product and local day of each purchase as numbers, in that order and without repetition."""

    customer: NDArray[Any]
    product: NDArray[Any]
    day: NDArray[Any]

    def before(self, day: int) -> Purchases:
        """Those on earlier days."""
        early = self.day < day
        return Purchases(self.customer[early], self.product[early], self.day[early])

    def from_day(self, day: int) -> Purchases:
        """Those on that day and later."""
        late = self.day >= day
        return Purchases(self.customer[late], self.product[late], self.day[late])


@dataclass(frozen=True, slots=True)
class Basis:
    """What suggestions as of a day rest on: places 0, 1, ... stand for products, the most popular first (equals by number)."""

    products: NDArray[Any]
    """The product's number by place."""
    buyers: NDArray[Any]
    """How many customers bought it, by place."""
    cosines: Any
    """Sparse matrix by place and place: customers of both / sqrt(customers of a x customers of b), 0 on the diagonal."""
    wait: NDArray[Any]
    """Days after which it may be suggested again to who bought it; infinite where it may not."""
    customers: NDArray[Any]
    """The numbers of the customers who bought any of them, in order."""
    bought: Any
    """Sparse matrix by customer and place: the last day on which it was bought (1 more than the day number)."""

    @property
    def size(self) -> int:
        """How many products."""
        return len(self.products)


def basis_of(purchases: Purchases, min_customers: int) -> Basis:
    """Products with at least `min_customers` buyers, and cosines of pairs with at least as many common buyers."""
    import numpy as np
    from scipy import sparse

    first, last_days, gaps = _pairs(purchases)
    numbers, counts = np.unique(purchases.product[first], return_counts=True)
    often = np.flatnonzero(counts >= min_customers)
    often = often[np.lexsort((numbers[often], -counts[often]))][:MOST_PRODUCTS]
    products, buyers = numbers[often], counts[often]
    place = np.full(int(numbers.max(initial=-1)) + 1, -1)
    place[products] = np.arange(len(products))
    column = place[purchases.product[first]]
    known = column >= 0
    customers, row = np.unique(purchases.customer[first][known], return_inverse=True)
    shape = (len(customers), len(products))
    bought = sparse.csr_matrix((last_days[known] + 1.0, (row, column[known])), shape=shape)
    has = bought.copy()
    has.data[:] = 1.0
    both = (has.T @ has).tocoo()
    keep = (both.row != both.col) & (both.data >= min_customers)
    a, b = both.row[keep], both.col[keep]
    cosine = both.data[keep] / np.sqrt(buyers[a].astype(np.float64) * buyers[b])
    cosines = sparse.csr_matrix((cosine, (a, b)), shape=(len(products), len(products)))
    return Basis(products, buyers, cosines, _waits(place, *gaps, buyers, min_customers), customers, bought)


def _pairs(purchases: Purchases) -> tuple[NDArray[Any], NDArray[Any], tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Where each customer and product begins, its last day, and all (product, customer, gap)."""
    import numpy as np

    customer, product, day = purchases.customer, purchases.product, purchases.day
    fresh = np.ones(len(day), dtype=bool)
    fresh[1:] = (customer[1:] != customer[:-1]) | (product[1:] != product[:-1])
    first = np.flatnonzero(fresh)
    ends = np.append(first[1:], len(day))[: len(first)] - 1
    again = np.flatnonzero(~fresh)
    return first, day[ends].astype(np.float64), (product[again], customer[again], day[again] - day[again - 1])


def _waits(place: NDArray[Any], product: Any, customer: Any, gap: Any, buyers: NDArray[Any], min_customers: int) -> NDArray[Any]:
    """By place: the median gap of products that a fifth of their buyers buy again."""
    import numpy as np

    wait = np.full(len(buyers), np.inf)
    column = place[product] if len(product) else np.zeros(0, dtype=np.int64)
    order = np.lexsort((gap, column))
    column, gap, customer = column[order], gap[order], customer[order]
    for at in np.unique(column[column >= 0]):
        own = slice(*np.searchsorted(column, [at, at + 1]))
        again = len(np.unique(customer[own]))
        if again >= min_customers and again >= REPLENISHED * buyers[at]:
            wait[at] = np.median(gap[own])
    return wait


def ranked(basis: Basis, rows: NDArray[Any], day: int, top: int) -> Iterator[tuple[NDArray[Any], NDArray[Any], dict[str, Any]]]:
    """By chunks of `rows` of the basis: the rows, which products may be suggested as of `day`, and by method (places, scores) of the first `top`.

    A place of -1 stands for nothing more to suggest. Scores: popularity = buyers / most buyers; cosine = sum of cosines with what the
    customer bought; blend = half cosine over the customer's highest, half popularity. Equal scores go by popularity.
    """
    import numpy as np

    popularity = basis.buyers / max(1, int(basis.buyers.max(initial=1)))
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        bought = basis.bought[chunk]
        has = bought.copy()
        has.data[:] = 1.0
        last = bought.toarray()
        open_ = (last == 0) | (day - (last - 1) >= basis.wait)
        cosine = (has @ basis.cosines).toarray() * open_
        highest = cosine.max(axis=1, keepdims=True, initial=0.0)
        share = np.divide(cosine, highest, out=np.zeros_like(cosine), where=highest > 0)
        scores = {"popularity": np.broadcast_to(popularity, cosine.shape), "cosine": cosine, "blend": 0.5 * share + 0.5 * popularity}
        yield chunk, open_, {method: _first(score, open_, top) for method, score in scores.items()}


def _first(scores: NDArray[Any], open_: NDArray[Any], top: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Places and scores of the `top` highest scores of each row, of equals the more popular first."""
    import numpy as np

    # Places are in the order of popularity: a little less for each makes equals differ, and never overtakes a true difference.
    keys = np.where(open_, scores.round(DIGITS) - np.arange(scores.shape[1]) * 10.0 ** -(DIGITS + 4), -np.inf)
    top = min(top, keys.shape[1])
    if top == 0:
        nothing = np.zeros((len(keys), 0))
        return nothing.astype(np.int64), nothing
    best = np.argpartition(-keys, top - 1, axis=1)[:, :top]
    best = np.take_along_axis(best, np.argsort(-np.take_along_axis(keys, best, axis=1), axis=1), axis=1)
    found = np.take_along_axis(open_, best, axis=1)
    return np.where(found, best, -1), np.take_along_axis(scores, best, axis=1)
