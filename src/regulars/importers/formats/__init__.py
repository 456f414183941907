"""The formats, one file each; adding an importer is adding a file here and its name to `FORMATS`."""

from regulars.importers.declaration import Format
from regulars.importers.formats.transactions import TRANSACTIONS
from regulars.importers.formats.uci_online_retail import UCI_ONLINE_RETAIL

FORMATS: dict[str, Format] = {f.name: f for f in (UCI_ONLINE_RETAIL, TRANSACTIONS)}

__all__ = ["FORMATS"]
