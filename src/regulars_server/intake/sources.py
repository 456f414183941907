"""Sources: made, switched, given new keys. The door notices within a second."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from regulars.errors import SourceRefused, SourceUnknown
from regulars_server.intake.models import Source
from regulars_server.shared.public import publish, record_change, write_tx

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

KEY_OVERLAP = timedelta(days=1)
"""For how long the key before opens the door beside a new one, so that nothing is lost while SDKs are told the new one."""
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?")


def sources() -> list[Source]:
    """All sources, oldest first."""
    return list(Source.objects.all())


def source(slug: str) -> Source:
    """The source of this slug; raises `SourceUnknown`."""
    found = Source.objects.filter(slug=slug).first()
    if found is None:
        raise SourceUnknown(f"There is no source '{slug}'.", expected="the slug of a source", remedy="Look at the page Data.")
    return found


def create_source(
    *,
    slug: str,
    name: str,
    kind: str,
    actor: str,
    now: datetime,
    signing_secret: str = "",
    shop: str = "",
    ip: str = Source.Ip.CUT,
    remember_days: int = 30,
    allowed_origins: Sequence[str] = (),
) -> Source:
    """Make a source with a new key, switched on; raises `SourceRefused` for what cannot be one."""
    _check(slug=slug, name=name, kind=kind, ip=ip, remember_days=remember_days, signing_secret=signing_secret)
    made = Source(
        slug=slug,
        name=name.strip(),
        kind=kind,
        write_key=_new_key(),
        signing_secret=signing_secret.strip(),
        shop=shop.strip(),
        ip=ip,
        remember_days=remember_days,
        allowed_origins=[_origin(text) for text in allowed_origins],
        created_at=now,
    )
    with write_tx():
        # Made from two sides at once, the second waits here for the first and then writes nothing.
        Source.objects.bulk_create([made], ignore_conflicts=True)
        found = Source.objects.get(slug=slug)
        if found.write_key != made.write_key:
            raise _refused(f"The slug '{slug}' is taken.", "a slug that no source has")
        record_change(actor=actor, action="source.created", now=now, subjects=[slug], details={"kind": kind})
        publish("source.created", {"source": slug, "kind": kind}, now=now)
    return found


def ensure_default_source(now: datetime) -> Source:
    """The first source of an installation, `website`; made when there is no source at all, so that there is something to send to."""
    first = Source.objects.first()
    try:
        return first or create_source(slug="website", name="Website", kind=Source.Kind.BROWSER, actor="system", now=now)
    except SourceRefused:
        # Somebody else has made it just now.
        return source("website")


def switch(*, slug: str, enabled: bool, actor: str, now: datetime) -> Source:
    """Switch a source on or off. While it is off, its requests are answered with success, counted and dropped."""
    with write_tx():
        found = source(slug)
        if found.enabled != enabled:
            found.enabled = enabled
            found.save(update_fields=["enabled"])
            action = "source.switched_on" if enabled else "source.switched_off"
            record_change(actor=actor, action=action, now=now, subjects=[slug])
            publish(action, {"source": slug}, now=now)
    return found


def rotate_key(*, slug: str, actor: str, now: datetime, overlap: timedelta = KEY_OVERLAP) -> Source:
    """Give a source a new key. The key before opens the door for `overlap` more; zero shuts it at once."""
    with write_tx():
        found = source(slug)
        found.previous_key, found.previous_until = (found.write_key, now + overlap) if overlap else ("", None)
        found.write_key = _new_key()
        found.save(update_fields=["write_key", "previous_key", "previous_until"])
        record_change(actor=actor, action="source.key_rotated", now=now, subjects=[slug], details={"overlap": overlap.total_seconds()})
        publish("source.key_rotated", {"source": slug}, now=now)
    return found


def configure(
    *,
    slug: str,
    actor: str,
    now: datetime,
    name: str | None = None,
    ip: str | None = None,
    remember_days: int | None = None,
    shop: str | None = None,
    signing_secret: str | None = None,
    allowed_origins: Sequence[str] | None = None,
) -> Source:
    """Change what a source is told; what is None stays as it is."""
    said: dict[str, object] = {"name": name, "ip": ip, "remember_days": remember_days, "shop": shop, "signing_secret": signing_secret}
    changed = {field: value for field, value in said.items() if value is not None}
    if allowed_origins is not None:
        changed["allowed_origins"] = [_origin(text) for text in allowed_origins]
    with write_tx():
        found = source(slug)
        for field, value in changed.items():
            setattr(found, field, value)
        _check(
            slug=slug, name=found.name, kind=found.kind, ip=found.ip, remember_days=found.remember_days, signing_secret=found.signing_secret
        )
        if changed:
            found.save(update_fields=list(changed))
            record_change(actor=actor, action="source.configured", now=now, subjects=[slug], details={"changed": sorted(changed)})
            publish("source.configured", {"source": slug, "changed": sorted(changed)}, now=now)
    return found


def _new_key() -> str:
    return secrets.token_urlsafe(24)


def _check(*, slug: str, name: str, kind: str, ip: str, remember_days: int, signing_secret: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise _refused(f"The slug is '{slug}'.", "small letters, digits and hyphens, at most 60")
    if not name.strip() or len(name) > 120:
        raise _refused("The name is empty or too long.", "a name of at most 120 characters")
    if kind not in Source.Kind.values:
        raise _refused(f"The kind is '{kind}'.", f"one of {', '.join(Source.Kind.values)}")
    if ip not in Source.Ip.values:
        raise _refused(f"What is kept of addresses is '{ip}'.", f"one of {', '.join(Source.Ip.values)}")
    if not 1 <= remember_days <= 400:
        raise _refused(f"Message ids are remembered for {remember_days} days.", "1 to 400 days")
    if kind in {Source.Kind.SHOPIFY, Source.Kind.STRIPE} and not signing_secret.strip():
        raise _refused("Webhooks without a signing secret could come from anybody.", "the secret that the sender signs with")


def _origin(text: str) -> str:
    parts = urlsplit(text.strip().rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.username:
        raise _refused(f"The origin is '{text}'.", "an origin such as https://shop.example")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _refused(what: str, expected: str) -> SourceRefused:
    return SourceRefused(what, expected=expected, remedy="Change it and try again.")
