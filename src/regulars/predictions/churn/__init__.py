"""Churn risk: how likely is it that a customer does nothing within the horizon, why, and did that hold when it was looked at later?"""
