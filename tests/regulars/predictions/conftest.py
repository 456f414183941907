"""A small shop on the disk, for what is kept in a workspace."""

from __future__ import annotations

import pytest

from regulars.workspace import Workspace
from tests.regulars.predictions.said import ORDERS


@pytest.fixture
def shop(tmp_path):
    """Three customers, orders until 2024-05-20."""
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    workspace = Workspace.create(tmp_path / "shop", currency="EUR")
    workspace.import_file(file)
    return workspace
