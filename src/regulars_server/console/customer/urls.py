"""Addresses of the page."""

urlpatterns: list = []
