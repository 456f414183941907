"""What the loader knows: batches and loads on their way, messages seen, orders, quarantine, the hot tail, quality and plans."""

from __future__ import annotations

from typing import Any

from django.db import models


class TableLoad(models.Model):
    """A load of the library with an id that was fixed before anything of it was written: all batches of a few seconds."""

    class State(models.TextChoices):
        """Open takes batches; closing has its content fixed and is being written; done is in the tables."""

        OPEN = "open"
        CLOSING = "closing"
        DONE = "done"

    load_id = models.CharField(max_length=40, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN, db_index=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    extra_file = models.CharField(max_length=80, default="", blank=True)
    """The staged file with what goes along: rows of the identity map, and rows that change hands."""
    moves: Any = models.JSONField(default=list)
    """Moves that the rows of its own batches undergo on their way."""
    erased = models.IntegerField(default=0)
    """How many were erased when it was opened: is it more now, its rows are looked through once more."""


class Batch(models.Model):
    """A range of the inbox that was read, judged and staged in one transaction; it never is again."""

    first = models.BigIntegerField()
    last = models.BigIntegerField(db_index=True)
    """First and last inbox row, both included. A batch that comes from elsewhere (a replay) has the last row of the batch before it."""
    load = models.ForeignKey(TableLoad, on_delete=models.PROTECT, related_name="batches")
    staged = models.CharField(max_length=80)
    """Name of its file in the folder of staged rows."""
    recorded_at = models.DateTimeField()
    is_done = models.BooleanField(default=False, db_index=True)
    events = models.IntegerField()
    rows: Any = models.JSONField(default=dict)
    """Rows by table."""
    report: Any = models.JSONField(default=dict)
    """What became of the calls: taken, duplicates, refused, erased ... by count."""


class SeenMessage(models.Model):
    """A message id that was taken, as a keyless hash of source and id; nobody can be told from it."""

    key = models.BinaryField(max_length=16, primary_key=True)
    expires_on = models.IntegerField(db_index=True)
    """Days since 1970."""


class Quarantined(models.Model):
    """A call that was not taken, why, and the call itself, so that it can be mended and replayed."""

    class State(models.TextChoices):
        """Waiting, replayed and taken, or given up by hand."""

        WAITING = "waiting"
        REPLAYED = "replayed"
        DISMISSED = "dismissed"

    source = models.CharField(max_length=60, db_index=True)
    code = models.CharField(max_length=80, db_index=True)
    explanation = models.TextField()
    raw = models.BinaryField()
    kind = models.CharField(max_length=16)
    """The kind of the request it came in."""
    about: Any = models.JSONField(default=dict)
    event_name = models.CharField(max_length=200, default="", blank=True)
    message_id = models.CharField(max_length=600, default="", blank=True, db_index=True)
    occurred_at = models.BigIntegerField(null=True)
    """Microseconds since 1970, UTC, as are the next two."""
    received_at = models.BigIntegerField()
    sent_at = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING, db_index=True)
    at = models.DateTimeField(db_index=True)
    settled_at = models.DateTimeField(null=True)


class HotRow(models.Model):
    """A call that the serving file may not have yet."""

    batch = models.ForeignKey(Batch, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    """Ascending with the row's own id, so that it needs no index of its own; each index costs every event. Rows may outlive their batch: whoever
    forgets one would look through the whole hot tail for them."""
    identity_id = models.CharField(max_length=600, null=True)
    account_id = models.CharField(max_length=600, null=True)
    occurred_at = models.BigIntegerField()
    received_at = models.BigIntegerField()
    source = models.CharField(max_length=60)
    kind = models.CharField(max_length=16)
    name = models.CharField(max_length=200, null=True)
    message_id = models.CharField(max_length=600)
    marks: Any = models.JSONField(null=True)
    """How it departs from the tracking plan, where it was kept with a mark."""
    said = models.BinaryField()
    """Its properties, or its traits where it has none, as JSON."""
    order_id = models.CharField(max_length=520, null=True)
    """The order that it tells of, with the next three; null for most calls."""
    amount_minor = models.BigIntegerField(null=True)
    """What that is worth in the tables: of goods, negative where money goes back."""
    currency = models.CharField(max_length=3, null=True)
    bought_at = models.BigIntegerField(null=True)
    """When it was bought; null for refunds and cancellations."""

    class Meta:
        indexes = [
            models.Index(fields=["identity_id", "occurred_at"], name="hot_by_identity"),
            models.Index(fields=["bought_at"], condition=models.Q(bought_at__isnull=False), name="hot_purchases"),
        ]


class Plan(models.Model):
    """The tracking plan of a source: which events it sends and what they hold, as JSON Schema by event name."""

    class Mode(models.TextChoices):
        """What happens to a call that departs from the plan."""

        OFF = "off"
        MARK = "mark"
        QUARANTINE = "quarantine"

    source = models.CharField(max_length=60, unique=True)
    schema: Any = models.JSONField(default=dict)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.MARK)
    changed_at = models.DateTimeField()


class SourceHour(models.Model):
    """What came from a source in one hour."""

    source = models.CharField(max_length=60)
    hour = models.BigIntegerField()
    """Hours since 1970."""
    events = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    marked = models.BigIntegerField(default=0)
    erased = models.BigIntegerField(default=0)
    without_message_id = models.BigIntegerField(default=0)
    without_user_id = models.BigIntegerField(default=0)
    without_time = models.BigIntegerField(default=0)
    skewed = models.BigIntegerField(default=0)
    """Sent by a clock that is more than a minute wrong."""
    late = models.BigIntegerField(default=0)
    """Received more than an hour after it happened."""
    first_received = models.BigIntegerField()
    last_received = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "hour"], name="source_hour")]


class KnownProperty(models.Model):
    """A property that events of a source carry, with a type of its values, and since when."""

    source = models.CharField(max_length=60)
    event = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=10)
    first_seen = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "event", "name", "type"], name="known_property")]


class KnownPart(models.Model):
    """A version of one side of a thing (an order's purchase, a refund, a subscription's change) that stands in the tables.

    The latest version is in force and the others are superseded, whichever source told of them.
    """

    scope = models.CharField(max_length=130)
    """What the thing's id is unique in: `shop:<shop>` for orders, `<table>:<source>` for everything else."""
    thing = models.CharField(max_length=520)
    """Its id, without what sources decorate an order's id with."""
    part = models.CharField(max_length=600)
    """Which side of it: `purchase`, `refund 7`, `start`, `answer nps`."""
    version_at = models.BigIntegerField()
    """Microseconds since 1970: when this is how it was."""
    row_hash = models.CharField(max_length=40)
    source = models.CharField(max_length=120)
    load_id = models.CharField(max_length=40, db_index=True)
    staged = models.CharField(max_length=80, default="", blank=True)
    """The batch's file that held it."""
    keys: Any = models.JSONField(default=dict)
    """Row keys by table: an order's purchase has one in orders, and one a line in order_lines."""
    identity_id = models.CharField(max_length=600, null=True)
    is_in_force = models.BooleanField(default=True)
    said: Any = models.JSONField(null=True)
    """What refunds, cancellations and updates need to know of an order."""
    kept = models.TextField(null=True)
    """The rows of a version that was overruled before it was written, in case what overruled it is undone."""

    class Meta:
        indexes = [models.Index(fields=["scope", "thing"], name="known_thing")]


class Dropped(models.Model):
    """Rows of a staged file that a later batch of the same load has replaced: they never reach the tables."""

    staged = models.CharField(max_length=80, db_index=True)
    table = models.CharField(max_length=30)
    source = models.CharField(max_length=120)
    keys: Any = models.JSONField(default=list)


class OrderAlias(models.Model):
    """Another id of an order, such as the number that a shop's database gives it beside its name."""

    shop = models.CharField(max_length=120)
    alias = models.CharField(max_length=520)
    order_key = models.CharField(max_length=520)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "alias"], name="order_alias")]


class AdoptedLoad(models.Model):
    """A load of somebody else's (a file, an undo) that has been compared with what the tracking knows."""

    load_id = models.CharField(max_length=40, unique=True)
    adopted_at = models.DateTimeField()
    undone = models.BooleanField(default=False)
    is_whole = models.BooleanField(default=True)
    """Whether all of it was compared; a large one takes many turns."""
    failure = models.CharField(max_length=300, default="", blank=True)
    """Why it could not be compared at the last try: what failed and where, nothing of what the load says."""


class FileOrder(models.Model):
    """An order or subscription that a file brought and that nobody else has told of yet: a hash of its scope and id."""

    name_hash = models.BigIntegerField()
    load = models.ForeignKey(AdoptedLoad, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name_hash", "load"], name="loading_fileorder_once")]
