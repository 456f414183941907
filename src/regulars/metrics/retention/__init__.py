"""Retention: who stayed, who left, who came back."""
