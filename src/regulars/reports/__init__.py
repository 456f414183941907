"""Reports: the retention review as one HTML file, and on paper."""

from regulars.reports.paper import pdf
from regulars.reports.review import Review, review

__all__ = ["Review", "pdf", "review"]
