"""Sources: where events come from, each with a key and a switch of its own."""

from __future__ import annotations

from typing import Any

from django.db import models


class Source(models.Model):
    """A website, an app, a server or a shop that sends events. The door reads this table by itself, at most a second late."""

    class Kind(models.TextChoices):
        """What sends: a server with a secret key, browsers with a key that anybody may read, or webhooks of a shop or a biller."""

        SERVER = "server"
        BROWSER = "browser"
        SHOPIFY = "shopify"
        STRIPE = "stripe"

    class Ip(models.TextChoices):
        """What is kept of the address that a browser calls from: its network (/24, /48), all of it, or nothing."""

        CUT = "cut"
        FULL = "full"
        NONE = "none"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    write_key = models.CharField(max_length=64, unique=True)
    previous_key = models.CharField(max_length=64, default="", blank=True, db_index=True)
    """The key before the last change of keys: it opens the door until `previous_until`."""
    previous_until = models.DateTimeField(null=True)
    signing_secret = models.CharField(max_length=200, default="", blank=True)
    """What webhooks are signed with."""
    shop = models.CharField(max_length=120, default="", blank=True)
    """Which shop's orders these are: the same order of the same shop is one order, wherever it comes from."""
    enabled = models.BooleanField(default=True)
    ip = models.CharField(max_length=4, choices=Ip.choices, default=Ip.CUT)
    remember_days = models.PositiveSmallIntegerField(default=30)
    """For how long a message id is remembered, so that a message sent twice counts once."""
    allowed_origins: Any = models.JSONField(default=list)
    """Origins of the pages whose browsers may send, such as `https://shop.example`; empty: all."""
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name
