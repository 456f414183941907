"""What is imported when: `regulars --help` and `import regulars` do not wait for heavy libraries."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ["altair", "chdb", "deltalake", "duckdb", "ibis", "jinja2", "pandas", "polars", "psycopg", "pyarrow", "sqlglot", "vl_convert"]


@pytest.mark.parametrize("module", ["regulars", "regulars.cli"])
class TestImport:
    def test_loads_no_heavy_library(self, module: str) -> None:
        program = f"import json, sys, {module}; print(json.dumps(sorted(set({HEAVY!r}) & sys.modules.keys())))"
        run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
        assert json.loads(run.stdout) == []
