"""E-mail addresses that several customers of files bear: the importer joins nobody by them, and neither does the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from regulars_server.intake.public import sources
from regulars_server.loading.moving import in_force
from regulars_server.loading.workspace import stored, workspace
from regulars_server.profiles.public import suggest_from_files

if TYPE_CHECKING:
    from regulars.warehouse.loads import LoadRecord

MOST = 1000
"""Somebody looks at each of them."""
_OWNERS_AT_MOST = 10
"""An address of more is a company's, or a placeholder."""
_MEMORY = "256MB"


def tells_of_people(record: LoadRecord) -> bool:
    """Whether a load brought, or took with it, rows about people."""
    return "customers" in record.rows


def suggest_shared() -> int:
    """Suggest anew whom files give one address, by the latest that they say of each; says how many suggestions there are."""
    if not workspace().snapshot().files("customers"):
        return suggest_from_files({})
    with stored("customers", memory=_MEMORY, threads=1) as engine:
        engine.load("tracking", pa.table({"source": pa.array([one.slug for one in sources()], pa.string())}))
        of_files = in_force(
            "customers", "r.email is not null and r.identity_id is not null and r.source not in (select source from tracking)"
        )
        latest = f"select identity_id, lower(trim(arg_max(email, (occurred_at, row_key)))) as address from ({of_files}) group by 1"
        shared = f"""select address, list(identity_id order by identity_id) as owners from ({latest}) where address <> identity_id
            group by 1 having count(*) between 2 and {_OWNERS_AT_MOST} order by address limit {MOST}"""
        rows = engine.run(shared).to_pylist()
    return suggest_from_files({row["address"]: row["owners"] for row in rows})
