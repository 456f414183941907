"""Words for kinds of identities and for what suggestions rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

KINDS = {
    "user": _("User id"),
    "anonymous": _("Visitor"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "device": _("Device"),
    "shopify": _("Shopify"),
    "stripe": _("Stripe"),
    "lent": _("Visitor, shared"),
    "file": _("From a file"),
}


def kind_of(kind: str) -> _StrPromise | str:
    """What kind of identity this is."""
    return KINDS.get(kind, kind)
