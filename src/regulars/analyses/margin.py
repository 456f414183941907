"""Which share of revenue is margin: from unit or goods costs of the last year, from the setting, or unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from regulars import metrics
from regulars.analyses.results import Note
from regulars.periods import Window

if TYPE_CHECKING:
    from regulars.relations.session import Session


@dataclass(frozen=True, slots=True)
class Margin:
    """`rate` is the share of revenue that is margin, 1 on a revenue basis."""

    rate: float
    basis: str

    @property
    def is_known(self) -> bool:
        """Whether costs or the setting say it."""
        return self.basis != "revenue"

    @property
    def note(self) -> Note:
        """What a reader must know of it."""
        return Note("margin", {"rate": self.rate, "basis": self.basis}) if self.is_known else Note("revenue_basis")


def margin(session: Session) -> Margin:
    """`gross_margin` over the 365 days before as-of where it is defined, else the setting `margin_rate`, else revenue basis."""
    end = session.whole().end
    if "gross_margin" in metrics.catalogue():
        value = next(iter(metrics.run(session, "gross_margin", (Window(end - timedelta(days=365), end),))))
        if value.is_defined:
            return Margin(value.number, "costs of goods")
    if session.settings.margin_rate is not None:
        return Margin(session.settings.margin_rate, "the setting margin_rate")
    return Margin(1.0, "revenue")
