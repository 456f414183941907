"""The library's words in German."""

from regulars.reports.german.words import GERMAN

__all__ = ["GERMAN"]
