"""Database engines: each takes a query text and gives back Arrow; one file each."""
