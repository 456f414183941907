"""What other apps use of this one."""

from regulars_server.shared.audit import record_change, record_list, record_look
from regulars_server.shared.outbox import publish
from regulars_server.shared.personal_data import Holding, holdings, register
from regulars_server.shared.references import reference_of
from regulars_server.shared.writing import write_tx

__all__ = ["Holding", "holdings", "publish", "record_change", "record_list", "record_look", "reference_of", "register", "write_tx"]
