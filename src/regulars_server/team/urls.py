"""Signing in and the team."""

urlpatterns: list = []
