"""Predictions: what a customer is worth, who is about to leave and why, and whether that held when it was looked at later."""
