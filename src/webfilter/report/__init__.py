"""What happened: counts and measurements in; tables, pages, JSON and a data card out.

A `Ledger` counts while a pipeline runs, a `Report` tells of a whole run, an `Explanation` of one
page. None of them decides anything about documents. A report can be asked, from stored signals:
what other limits would keep (`Sweep`), what lies next to a limit (`Borderline`), what each rule
removes (`Removal`), who is kept (`Breakdown`), what a cascade lost (`Audit`), what a deduplication
put together (`Clusters`). Two runs are matched by `compare` (`Comparison`).
"""

from webfilter.report.audit import Audit
from webfilter.report.borderline import Borderline
from webfilter.report.breakdown import Breakdown
from webfilter.report.cluster import Cluster
from webfilter.report.clusters import Clusters
from webfilter.report.comparison import Comparison
from webfilter.report.diff import Diff
from webfilter.report.explanation import Explanation
from webfilter.report.funnel import Report
from webfilter.report.ledger import Ledger
from webfilter.report.removal import Removal
from webfilter.report.sweep import Sweep

__all__ = [
    "Audit",
    "Borderline",
    "Breakdown",
    "Cluster",
    "Clusters",
    "Comparison",
    "Diff",
    "Explanation",
    "Ledger",
    "Removal",
    "Report",
    "Sweep",
]
