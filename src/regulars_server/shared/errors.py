"""Refusals of what every app stands on."""

from __future__ import annotations

from regulars.errors import RegularsError


class AuditUnchangeable(RegularsError):
    """Somebody tried to change or remove an entry of the audit log."""

    code = "shared.audit_unchangeable"


class HoldingIncomplete(RegularsError):
    """A holding of personal data does not say how it exports, erases and expires."""

    code = "shared.holding_incomplete"


class ErasureUnfinished(RegularsError):
    """Some holdings could not forget a person yet; the worker tries again."""

    code = "shared.erasure_unfinished"


class HandlerRefused(RegularsError):
    """Two handlers of one event have the same name."""

    code = "shared.handler_refused"
