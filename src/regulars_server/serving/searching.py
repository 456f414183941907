"""Whom words mean among all that may be searched: the texts of some customers lie together as one, which is looked through at once.

To look into a million texts one by one takes four times as long as into thirty thousand longer ones, of which then a few are looked through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars_server.serving.engine import BuildingEngine
    from regulars_server.serving.reading import Reader

TOGETHER = 32
"""Customers whose texts lie together. Longer texts are packed in another way, which takes many times as long to read."""
AT_ONCE = 4096 * TOGETHER
"""Customers whose texts are put together in one statement, so that it takes little memory."""
MOST = 500
"""Where words are found in more of the texts, each customer is looked at."""


def write(engine: BuildingEngine) -> None:
    """Make the table `serving.searches` from the column `search` of the customers, in their order."""
    engine.do("create table serving.searches (first bigint, texts varchar)")
    for start in range(0, engine.number("select count(*) from serving.customers"), AT_ONCE):
        engine.do(f"""
            insert into serving.searches
            select rowid // {TOGETHER} * {TOGETHER} as first, string_agg(replace(search, chr(10), ' '), chr(10) order by rowid)
            from serving.customers where rowid >= {start} and rowid < {start + AT_ONCE} group by 1 order by 1""")


def places(file: Reader, words: Sequence[str]) -> list[int] | None:
    """Where the customers lie whose texts hold all of the words, which have no spaces; None where they may be very many."""
    everywhere = " and ".join("contains(texts, ?)" for _ in words)
    found = file.rows(f"select first, texts from searches where {everywhere} limit {MOST + 1}", words)
    if len(found) > MOST:
        return None
    return sorted(
        row["first"] + place for row in found for place, text in enumerate(row["texts"].split("\n")) if all(word in text for word in words)
    )
