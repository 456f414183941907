"""The page Import: files into the tables."""
