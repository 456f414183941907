"""What is refused here."""

from __future__ import annotations

from regulars.errors import CallerError


class UploadRefused(CallerError):
    """A file is too large, of a kind that is not read, or would unpack to too much."""

    code = "upload.refused"


class UploadUnknown(CallerError):
    """There is no such upload any more."""

    code = "upload.unknown"
