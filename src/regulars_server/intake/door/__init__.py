"""The raw ASGI door: no Django in here."""
