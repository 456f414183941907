"""Files as streams of rows of text: CSV and its kin, Parquet, Excel; each also gzipped where that is usual."""

from regulars.importers.sources.source import RaggedRow, Source, open_source

__all__ = ["RaggedRow", "Source", "open_source"]
