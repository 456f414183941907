"""Where rows are kept: the store of Delta tables, loads that span tables, undo, compaction, erasure; and the query engines."""
