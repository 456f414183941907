"""docs/server/team.md says of the roles what the table of roles says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars_server.team.roles import ROLES, Permission, Role
from regulars_server.team.wording import PERMISSION_NAMES, ROLE_NAMES

if TYPE_CHECKING:
    from pathlib import Path


def table_of_roles() -> list[str]:
    head = ["", *(str(ROLE_NAMES[role]) for role in Role)]
    rows = [
        [str(PERMISSION_NAMES[permission]), *("yes" if permission in ROLES[role] else "" for role in Role)] for permission in Permission
    ]
    lines = [f"| {' | '.join(row)} |".replace("|  |", "| |").replace("|  |", "| |") for row in [head, *rows]]
    return [lines[0], "|" + "---|" * len(head), *lines[1:]]


class TestTeamPage:
    def test_has_the_table_of_roles(self, repository: Path) -> None:
        page = (repository / "docs" / "server" / "team.md").read_text(encoding="utf-8")
        assert [line for line in page.splitlines() if line.startswith("|")] == table_of_roles()
