"""What other apps use of this one."""

from regulars_server.imports.errors import UploadRefused, UploadUnknown
from regulars_server.imports.looking import Looked
from regulars_server.imports.models import Upload
from regulars_server.imports.receiving import Received, Receiving, largest
from regulars_server.imports.services import (
    IMPORT,
    REHEARSE,
    UNDO,
    discard,
    look_into,
    names_of_loads,
    say_meaning,
    start_import,
    take_in,
    undo,
    upload,
    waiting,
)

__all__ = [
    "IMPORT",
    "REHEARSE",
    "UNDO",
    "Looked",
    "Received",
    "Receiving",
    "Upload",
    "UploadRefused",
    "UploadUnknown",
    "discard",
    "largest",
    "look_into",
    "names_of_loads",
    "say_meaning",
    "start_import",
    "take_in",
    "undo",
    "upload",
    "waiting",
]
