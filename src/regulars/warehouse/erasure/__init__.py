"""Forgetting a person: finding every trace, rewriting what bears one, and keeping them from coming back."""
