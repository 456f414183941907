"""The pages about data: sources, live view, quarantine, quality, tracking plans, suggestions."""
