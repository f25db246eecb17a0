"""Limits found on two corpora: a better and a worse one in, a pipeline with limits out.

`tune` measures every signal on both, proposes limits where the worse corpus goes on and the better
one has ended, and says what they do on documents held out. It decides nothing about what is better:
that is in the two corpora. `fit_cascade` takes a pipeline and a sample of pages, and gives the
pipeline a fast first pass with as little slack as a bound on wrongly dropped pages allows.
`fit_order` takes the same, and puts filters in the order that costs least.
"""

from webfilter.tuning.cascade import CascadeFit, fit_cascade
from webfilter.tuning.evidence import Share
from webfilter.tuning.order import OrderFit, fit_order
from webfilter.tuning.result import Effect, Profile, Proposal, Tuning
from webfilter.tuning.search import tune

__all__ = [
    "CascadeFit",
    "Effect",
    "OrderFit",
    "Profile",
    "Proposal",
    "Share",
    "Tuning",
    "fit_cascade",
    "fit_order",
    "tune",
]
