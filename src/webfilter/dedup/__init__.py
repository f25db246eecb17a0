"""Deduplication: documents in, the same documents out, with all but one of each cluster dropped.

`ExactDedup` finds equal texts and equal addresses, `MinHash` texts that share most of their
n-grams. Both sketch batches into small summaries and resolve them into a stage (`Duplicates`) that
drops all but the preferred document of each cluster, naming the one that stays. The scope is what
one pipeline run sees, or within it what a field names (a host, a crawl, a language).

Below the document, `LineDedup` finds lines and paragraphs that stand on many pages of a host, and
`SubstringDedup` runs of 50 words that occur twice. They change texts: what they resolve into
(`RepeatedLines`, `RepeatedSpans`) takes those parts out, and the documents stay.
"""

from webfilter.dedup.exact import ExactDedup, ExactDuplicates
from webfilter.dedup.lines import LineDedup, RepeatedLines
from webfilter.dedup.marked import Duplicates
from webfilter.dedup.minhash import MinHash, NearDuplicates
from webfilter.dedup.substrings import RepeatedSpans, SubstringDedup

__all__ = [
    "Duplicates",
    "ExactDedup",
    "ExactDuplicates",
    "LineDedup",
    "MinHash",
    "NearDuplicates",
    "RepeatedLines",
    "RepeatedSpans",
    "SubstringDedup",
]
