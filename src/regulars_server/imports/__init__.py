"""Importing files from the console: uploads, what their columns mean, rehearsal, import in the background, undoing."""
