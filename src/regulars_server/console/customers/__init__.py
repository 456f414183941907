"""Customers: the list, its filters, and its export."""
