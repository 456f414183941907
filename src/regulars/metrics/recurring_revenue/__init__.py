"""Recurring revenue: what subscriptions bring, keep and lose."""
