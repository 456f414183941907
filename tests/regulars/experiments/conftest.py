"""A shop of its own for each test that changes a workspace."""

from __future__ import annotations

import pytest

from regulars.workspace import Workspace


def order_lines():
    """Two hundred customers; the n-th orders every 7 + n % 40 days from its first day on, in 2024."""
    yield "customer,date,amount"
    from datetime import date, timedelta

    for n in range(200):
        day = date(2024, 1, 1) + timedelta(days=n % 50)
        while day < date(2024, 12, 31):
            yield f"c{n:03},{day},{10 + n % 7}.00"
            day += timedelta(days=7 + n % 40)


@pytest.fixture(scope="session")
def filled_shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shops") / "shop"
    file = folder.with_suffix(".csv")
    file.write_text("\n".join(order_lines()))
    Workspace.create(folder).import_file(file, currency="EUR")
    return folder


@pytest.fixture
def shop(filled_shop, tmp_path):
    """A workspace with orders that a test may change."""
    import shutil

    return Workspace.open(shutil.copytree(filled_shop, tmp_path / "shop"))
