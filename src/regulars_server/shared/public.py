"""What other apps use of this one."""

from regulars_server.shared.audit import deliver as deliver_audit, first_break, record_change, record_list, record_look
from regulars_server.shared.audit_reading import (
    AuditQuery,
    actions as audit_actions,
    as_csv as audit_as_csv,
    count as audit_count,
    entries as audit_entries,
)
from regulars_server.shared.csv_lines import csv_line
from regulars_server.shared.mentions import Forms, texts_of_broken, texts_within
from regulars_server.shared.outbox import Event, deliver_events, on, publish, retry_parked
from regulars_server.shared.personal_data import Holding, Ids, holdings, register
from regulars_server.shared.persons import erase_person, expire, export_person, resume_erasures
from regulars_server.shared.references import reference_of
from regulars_server.shared.writing import write_tx

__all__ = [
    "AuditQuery",
    "Event",
    "Forms",
    "Holding",
    "Ids",
    "audit_actions",
    "audit_as_csv",
    "audit_count",
    "audit_entries",
    "csv_line",
    "deliver_audit",
    "deliver_events",
    "erase_person",
    "expire",
    "export_person",
    "first_break",
    "holdings",
    "on",
    "publish",
    "record_change",
    "record_list",
    "record_look",
    "reference_of",
    "register",
    "resume_erasures",
    "retry_parked",
    "texts_of_broken",
    "texts_within",
    "write_tx",
]
