"""The pages that the team works with, and the look that all pages share."""
