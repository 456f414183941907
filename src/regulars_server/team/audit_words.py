"""What the actions of the audit log are called on its page. The log itself keeps the codes; a test finds every action in the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

ACTIONS = {
    "audit.exported": _("Exported the audit log"),
    "customer.erased": _("Erased a customer"),
    "customer.erasure_asked": _("Asked for a customer to be erased"),
    "customer.viewed": _("Looked at a customer"),
    "customers.exported": _("Exported the customers"),
    "customers.listed": _("Listed customers"),
    "customers.searched": _("Searched for customers"),
    "identity.merged": _("Joined two persons"),
    "identity.unmerged": _("Took an identity out of a person"),
    "import.finished": _("Import finished"),
    "import.started": _("Started an import"),
    "job.cancelled": _("Stopped a job"),
    "job.queued": _("Job entered"),
    "key.created": _("Made an API key"),
    "key.revoked": _("Revoked an API key"),
    "live.viewed": _("Looked at live events"),
    "load.undo_asked": _("Took an import back"),
    "member.activated": _("Activated a member"),
    "member.deactivated": _("Deactivated a member"),
    "member.first_owner": _("Became the first owner"),
    "member.invited": _("Invited a member"),
    "member.link_made": _("Made a one-time link"),
    "member.password_changed": _("Changed their password"),
    "member.password_set": _("Set a password by a one-time link"),
    "member.profile_changed": _("Changed name or language"),
    "member.role_changed": _("Changed a member's role"),
    "member.sign_in_failed": _("Signing in failed"),
    "member.signed_in": _("Signed in"),
    "member.signed_out": _("Signed out"),
    "note.added": _("Wrote a note"),
    "overview.viewed": _("Looked at the overview"),
    "plan.saved": _("Saved a tracking plan"),
    "quarantine.dismissed": _("Gave up calls in quarantine"),
    "quarantine.replayed": _("Replayed calls of the quarantine"),
    "quarantine.viewed": _("Looked at the quarantine"),
    "source.configured": _("Changed a source"),
    "source.created": _("Made a source"),
    "source.key_rotated": _("Gave a source a new key"),
    "source.switched_off": _("Switched a source off"),
    "source.switched_on": _("Switched a source on"),
    "suggestion.dismissed": _("Declared two persons to be different"),
    "suggestions.viewed": _("Looked at suggestions of one person"),
    "upload.discarded": _("Deleted an uploaded file"),
    "upload.received": _("Uploaded a file"),
}


def action_words(code: str) -> _StrPromise | str:
    """An action in words; one of an earlier version as its code."""
    return ACTIONS.get(code, code)
