"""The metric catalogue: one metric, one file, found by its name; what all need is written once in `catalogue`."""

from regulars.metrics.card import Band, Better, Card, Grain, Interval, Kind, Metric, Shape, Unit
from regulars.metrics.catalogue import catalogue, default_windows, dimensions, metric, rows_behind, run, sql
from regulars.metrics.estimates import Estimate, Undefined
from regulars.metrics.results import MetricResult, MetricValue

__all__ = [
    "Band",
    "Better",
    "Card",
    "Estimate",
    "Grain",
    "Interval",
    "Kind",
    "Metric",
    "MetricResult",
    "MetricValue",
    "Shape",
    "Undefined",
    "Unit",
    "catalogue",
    "default_windows",
    "dimensions",
    "metric",
    "rows_behind",
    "run",
    "sql",
]
