"""The page about value runs as it is written, and names what there is."""

import contextlib
import re
from types import SimpleNamespace

from regulars.predictions.value.audit import TITLES
from regulars.predictions.value.notes import TEXTS
from regulars.predictions.value.tables import MEANINGS


class TestPage:
    def test_has_an_example_that_runs(self, repository, shop):
        page = (repository / "docs/predictions/value.md").read_text(encoding="utf-8")
        (example,) = re.findall(r"```python\n(.+?)```", page, flags=re.DOTALL)
        names = {"ws": SimpleNamespace(session=lambda: contextlib.nullcontext(shop))}
        exec(compile(example, "value.md", "exec"), names)
        assert names["company"].bought.size == 400

    def test_names_columns_tables_and_notes_that_exist(self, repository):
        page = (repository / "docs/predictions/value.md").read_text(encoding="utf-8")
        columns = re.findall(r"^\| `(\w+)`", page, flags=re.MULTILINE)
        assert len(columns) >= 6
        assert set(columns) <= set(MEANINGS)
        assert all(f"`{name}`" in page for name in TITLES)
        codes = set(re.findall(r"\(`([a-z_]+)`\)", page))
        assert codes - {"churn_by"} <= set(TEXTS)
