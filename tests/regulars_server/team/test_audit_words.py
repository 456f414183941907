"""Every action that the application enters in the audit log has words for its page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import regulars_server
from regulars_server.team.audit_words import ACTIONS, action_words

CODE = re.compile(r"[a-z]+\.[a-z_]+")


def _entered() -> set[str]:
    """Codes that stand as an action anywhere in the sources: given by name, or kept under the name `action`."""
    found: set[str] = set()
    for path in Path(regulars_server.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (isinstance(node, ast.keyword) and node.arg == "action") or (
                isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "action"
            ):
                values = [node.value]
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_note":
                values = list(node.args)
            else:
                continue
            found |= {
                one.value
                for value in values
                for one in ast.walk(value)
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and CODE.fullmatch(one.value)
            }
    return found


class TestActions:
    def test_have_words_each_and_no_others_do(self) -> None:
        assert _entered() == set(ACTIONS)

    def test_of_an_earlier_version_keep_their_code(self) -> None:
        assert action_words("points.spent") == "points.spent"
