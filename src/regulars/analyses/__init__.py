"""Analyses: tables and pictures rather than one number; one analysis, one file, found by its name."""

from regulars.analyses.catalogue import analysis, catalogue, run
from regulars.analyses.declare import Analysis
from regulars.analyses.results import AnalysisResult, Note

__all__ = ["Analysis", "AnalysisResult", "Note", "analysis", "catalogue", "run"]
