"""Deduplication: documents in, the same documents out, with all but one of each cluster dropped.

`ExactDedup` finds equal texts and equal addresses, `MinHash` texts that share most of their
n-grams. Both sketch batches into small summaries and resolve them into a stage (`Duplicates`) that
drops all but the preferred document of each cluster, naming the one that stays. The scope is what
one pipeline run sees, or within it what a field names (a host, a crawl, a language).

`SeenIn` drops near-duplicates of what earlier runs kept, which a `MinHashIndex` holds. The modules
`interchange` and `sigfiles` hand signatures to datasketch and datatrove, and take theirs.
"""

from webfilter.dedup.exact import ExactDedup, ExactDuplicates
from webfilter.dedup.index import Match, MinHashIndex
from webfilter.dedup.marked import Duplicates
from webfilter.dedup.minhash import MinHash, NearDuplicates
from webfilter.dedup.seen_in import SeenIn

__all__ = [
    "Duplicates",
    "ExactDedup",
    "ExactDuplicates",
    "Match",
    "MinHash",
    "MinHashIndex",
    "NearDuplicates",
    "SeenIn",
]
