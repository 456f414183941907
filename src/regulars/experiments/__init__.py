"""Experiments: who was treated by chance, what that changed, and how sure that is."""
