"""Refusals: every one is a `RegularsError` that says what came, what was expected, and what to do.

A `CallerError` is a mistake the caller can mend (exit code 2); any other `RegularsError` is a fault of ours (exit code 1).
"""

from __future__ import annotations

from typing import Any, ClassVar


class RegularsError(Exception):
    """What was refused or failed: a stable `code`, what was `received`, what was `expected`, the `remedy`, and values in `details`."""

    code: ClassVar[str] = "regulars.error"
    exit_code: ClassVar[int] = 1

    def __init__(self, received: str, *, expected: str = "", remedy: str = "", details: dict[str, Any] | None = None) -> None:
        self.received = received
        self.expected = expected
        self.remedy = remedy
        self.details = details or {}
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [self.received]
        if self.expected:
            lines.append(f"Expected: {self.expected}")
        if self.remedy:
            lines.append(f"What to do: {self.remedy}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The refusal as plain values, for JSON."""
        return {"code": self.code, "received": self.received, "expected": self.expected, "remedy": self.remedy, "details": self.details}


class CallerError(RegularsError):
    """The caller's mistake: the same call, mended, will do."""

    code = "regulars.caller"
    exit_code = 2


class TableContractBroken(RegularsError):
    """Rows do not fit their canonical table."""

    code = "table.contract_broken"


class NoWorkspace(CallerError):
    """There is no workspace in the folder."""

    code = "workspace.missing"


class WorkspaceUnreadable(CallerError):
    """The folder holds something that is not a workspace of this version."""

    code = "workspace.unreadable"


class WorkspaceLocked(CallerError):
    """Another process is changing the workspace."""

    code = "workspace.locked"


class SettingRefused(CallerError):
    """A setting has an unknown name or an impossible value."""

    code = "setting.refused"


class DiskFull(CallerError):
    """The disk has no room for what was to be written."""

    code = "disk.full"


class FileMissing(CallerError):
    """A file that was named is not there."""

    code = "file.missing"


class FileEmpty(CallerError):
    """A file holds no rows."""

    code = "file.empty"


class FileDamaged(CallerError):
    """A file cannot be read to its end."""

    code = "file.damaged"


class FormatUnrecognised(CallerError):
    """The header fits no known export and no mapping was given."""

    code = "import.unrecognised"


class ColumnsAmbiguous(CallerError):
    """Two columns could be meant by one field."""

    code = "import.ambiguous_columns"


class MappingRefused(CallerError):
    """`--map` names a column or a field that does not exist."""

    code = "import.mapping_refused"


class CurrencyUnknown(CallerError):
    """Money without a currency: it is never guessed."""

    code = "money.currency_unknown"


class MixedCurrencies(CallerError):
    """A metric in money over several currencies without rates."""

    code = "money.mixed_currencies"


class ErasedMeanwhile(CallerError):
    """A person was erased while a file was being read."""

    code = "import.erased_meanwhile"


class LoadUnknown(CallerError):
    """No load has this id, or it has been undone already."""

    code = "load.unknown"


class PersonUnknown(CallerError):
    """No trace of this person in any store."""

    code = "person.unknown"


class UnknownName(CallerError):
    """No metric, analysis, table or dimension has this name."""

    code = "name.unknown"


class ArgumentRefused(CallerError):
    """A parameter has a value outside its range."""

    code = "argument.refused"


class NoData(CallerError):
    """The workspace holds no rows to answer from."""

    code = "data.none"


class EngineFailed(RegularsError):
    """A database engine refused a query that we compiled."""

    code = "engine.failed"


class FilesGone(EngineFailed):
    """Files that a reader had pinned were removed meanwhile, by an erasure or a compaction."""

    code = "engine.files_gone"


class StoreUnsupported(RegularsError):
    """A stored table uses a feature that readers by file list would misread."""

    code = "store.unsupported"


class ToolMissing(CallerError):
    """An optional tool or package is needed for what was asked."""

    code = "tool.missing"


class StoreConflict(RegularsError):
    """The stored rows changed while they were being rewritten."""

    code = "store.conflict"


class UndoRefused(CallerError):
    """A later load builds on the load that was to be undone."""

    code = "load.undo_refused"


class HistoriesRefused(CallerError):
    """Purchase histories that no buyer can have."""

    code = "histories.refused"


class ExperimentUnknown(CallerError):
    """No experiment has this name."""

    code = "experiment.unknown"


class ModelUnknown(CallerError):
    """No model of this kind and version is kept."""

    code = "model.unknown"


class NoPredictions(CallerError):
    """No predictions are kept as of this instant."""

    code = "predictions.none"


class WorkspaceNotEmpty(CallerError):
    """The workspace holds rows already and a new one is needed."""

    code = "workspace.not_empty"


class SourceUnknown(CallerError):
    """No source of events has this slug."""

    code = "source.unknown"


class SourceRefused(CallerError):
    """What was said about a source of events cannot be."""

    code = "source.refused"


class PlanRefused(CallerError):
    """A tracking plan is none, or asks for something from outside."""

    code = "tracking.plan_refused"
