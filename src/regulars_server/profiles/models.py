"""Who is who: what calls showed, what people decided, and where every identity stands. Instants are microseconds since 1970, UTC."""

from __future__ import annotations

from typing import Any

from django.db import models


class Identity(models.Model):
    """One identity: the text that rows carry, whose it is, and why."""

    identity = models.TextField(unique=True)
    kind = models.CharField(max_length=40)
    first_at = models.BigIntegerField()
    first_message = models.TextField()
    customer_id = models.TextField(db_index=True)
    reference = models.CharField(max_length=32, db_index=True)
    """The reference that the customer has while this identity names it."""
    since = models.BigIntegerField()
    """The latest call or decision that its being this customer's rests on."""
    via = models.TextField(default="")
    """The identity that it was joined to, by the call or decision `evidence`."""
    evidence = models.TextField(default="")
    evidence_at = models.BigIntegerField(default=0)
    by_hand = models.BooleanField(default=False)
    standing = models.CharField(max_length=16, default="")
    """`shared` or `too_large`: it joins nobody."""
    standing_since = models.BigIntegerField(default=0)
    lent = models.BooleanField(default=False)
    """An anonymous id that several users were identified on."""
    mapped_to = models.TextField(null=True)
    """What the latest row of the identity map says; null without a row."""
    mapped_at = models.BigIntegerField(default=0)


class Link(models.Model):
    """Two identities, the smaller text first, were named by one call: of all such calls the earliest."""

    left = models.TextField()
    right = models.TextField(db_index=True)
    occurred_at = models.BigIntegerField()
    message_id = models.TextField()
    source = models.TextField(default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["left", "right"], name="link_once")]


class Identification(models.Model):
    """An identify or alias call said whose an anonymous id is now."""

    anonymous = models.TextField()
    user = models.TextField()
    occurred_at = models.BigIntegerField()
    message_id = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["anonymous", "occurred_at", "message_id", "user"], name="identification_once")]


class Decision(models.Model):
    """What a member of the team decided; the lists say whom it was about, as they stood then."""

    decision_id = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=16)
    code = models.CharField(max_length=40, default="")
    left: Any = models.JSONField(default=list)
    right: Any = models.JSONField(default=list)
    seen: Any = models.JSONField(default=dict)
    """Those who were known from rows of files alone until then, with the instant of the earliest."""
    occurred_at = models.BigIntegerField()
    actor = models.CharField(max_length=80)
    evidence = models.TextField(default="")


class Suggestion(models.Model):
    """What looks like one person and is not joined by itself."""

    code = models.CharField(max_length=40)
    rests_on = models.TextField(db_index=True)
    customers: Any = models.JSONField(default=list)
    in_files = models.BooleanField(default=False, db_default=False)
    """It comes from what files say of these customers, and not from the graph."""


class Trait(models.Model):
    """What the newest call that said so says of an identity."""

    identity = models.TextField()
    name = models.TextField()
    value: Any = models.JSONField(null=True)
    search = models.CharField(max_length=100, null=True, db_index=True)
    """Of a name its beginning, folded."""
    source = models.TextField()
    occurred_at = models.BigIntegerField()
    message_id = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "name"], name="trait_once")]


class Account(models.Model):
    """A company or another group that people belong to."""

    account_id = models.TextField(unique=True)
    first_at = models.BigIntegerField()


class AccountTrait(models.Model):
    """What the newest group call that said so says of an account."""

    account_id = models.TextField()
    name = models.TextField()
    value: Any = models.JSONField(null=True)
    source = models.TextField()
    occurred_at = models.BigIntegerField()
    message_id = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account_id", "name"], name="account_trait_once")]


class Membership(models.Model):
    """An identity was seen in an account, first and last; a person may be in several."""

    identity = models.TextField()
    account_id = models.TextField(db_index=True)
    first_at = models.BigIntegerField()
    last_at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "account_id"], name="membership_once")]


class Note(models.Model):
    """What a member of the team wrote about a person."""

    identity = models.TextField(db_index=True)
    """The customer id at the time: it stays with this identity when people are merged and un-merged."""
    text = models.TextField()
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()


class MapRow(models.Model):
    """A row for the library's table `identities` that waits for the next load."""

    row_key = models.CharField(max_length=64, unique=True)
    identity = models.TextField(db_index=True)
    customer_id = models.TextField()
    occurred_at = models.BigIntegerField()
    rule = models.CharField(max_length=16)
    evidence = models.TextField(default="")


class Reattribution(models.Model):
    """Rows of an identity and a span of time that have to carry another identity."""

    identity = models.TextField(db_index=True)
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    to = models.TextField()


class Version(models.Model):
    """Changes whenever something other than the loader changed who is who: what processes remember then holds no more."""

    token = models.CharField(max_length=32)
