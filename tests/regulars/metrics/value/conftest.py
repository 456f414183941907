"""Small companies that are closed when the tests of a file are done."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.builders import company


@pytest.fixture(scope="module")
def shop_of():
    """`tests.builders.company`, closed for the test."""
    with ExitStack() as opened:
        yield lambda **rows_and_rules: opened.enter_context(company(**rows_and_rules))
