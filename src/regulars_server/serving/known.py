"""Which customers the serving file has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars_server.serving.reading import reader

if TYPE_CHECKING:
    from collections.abc import Collection


def known(customer_ids: Collection[str]) -> set[str]:
    """Those of these customers whom the file has; nobody where it was not built yet."""
    with reader() as file:
        if file is None or not customer_ids:
            return set()
        asked = "select unnest(?::varchar[]) as id"
        query = f"select c.customer_id from customers c join ({asked}) a on c.key = hash(a.id) and c.customer_id = a.id"
        return {str(row["customer_id"]) for row in file.rows(query, [list(customer_ids)])}
