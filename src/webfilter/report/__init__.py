"""What happened: counts and measurements in; tables, pages, JSON and a data card out.

A `Ledger` counts while a pipeline runs, a `Report` tells of a whole run, an `Explanation` of one
page. None of them decides anything about documents.
"""

from webfilter.report.explanation import Explanation
from webfilter.report.funnel import Report
from webfilter.report.ledger import Ledger

__all__ = ["Explanation", "Ledger", "Report"]
