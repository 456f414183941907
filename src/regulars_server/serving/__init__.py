"""The serving file: a disposable DuckDB file of facts and timelines, built aside and renamed into place, from which pages read."""
