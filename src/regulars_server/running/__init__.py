"""Starting, watching, checking, copying and restoring an installation."""
