"""What is imported when: `regulars --help` and `import regulars` do not wait for heavy libraries."""

from __future__ import annotations

import json
import resource
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


class TestHelp:
    def test_answers_in_half_a_second(self) -> None:
        """Processor time, so that a busy machine does not count; the best of three."""

        def seconds() -> float:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", "from regulars.cli import main; main(['--help'])"], check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

        assert min(seconds() for _ in range(3)) < 0.5
