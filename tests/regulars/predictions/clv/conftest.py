"""The library that the published answers are compared with."""

from __future__ import annotations

import warnings
from importlib import import_module

import pytest


@pytest.fixture(scope="session")
def lifetimes():
    """`lifetimes`, which is from before pandas 3 and says so when it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("lifetimes")
