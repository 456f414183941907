"""Files that somebody uploads: mapping, dry run, import with progress."""
