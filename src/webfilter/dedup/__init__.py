"""Deduplication: documents in, the same documents out, with all but one of each cluster dropped.

`ExactDedup` finds equal texts and equal addresses, `MinHash` texts that share most of their
n-grams. Both sketch batches into small summaries and resolve them into a stage (`Duplicates`) that
drops all but the preferred document of each cluster, naming the one that stays. The scope is what
one pipeline run sees, or within it what a field names (a host, a crawl, a language).
`PassageDedup` does it for texts of a paragraph or less, where n-grams fail: by TF-IDF cosine.

Below the document, `LineDedup` finds lines and paragraphs that stand on many pages of a host, and
`SubstringDedup` runs of 50 words that occur twice. They change texts: what they resolve into
(`RepeatedLines`, `RepeatedSpans`) takes those parts out, and the documents stay.

`SeenBefore` and `MinHashOnline` do the same in endless streams: the first of equal or similar
documents stays, in order of arrival; what they have seen outlives the run where that is wanted.

`SeenIn` drops near-duplicates of what earlier runs kept, which a `MinHashIndex` holds. The modules
`interchange` and `sigfiles` hand signatures to datasketch and datatrove, and take theirs.
"""

from webfilter.dedup.bloom import BloomFilter
from webfilter.dedup.exact import ExactDedup, ExactDuplicates
from webfilter.dedup.index import Match, MinHashIndex
from webfilter.dedup.lines import LineDedup, RepeatedLines
from webfilter.dedup.marked import Duplicates
from webfilter.dedup.minhash import MinHash, NearDuplicates
from webfilter.dedup.minhash_online import MinHashOnline
from webfilter.dedup.passages import PassageDedup, PassageDuplicates
from webfilter.dedup.seen import SeenBefore
from webfilter.dedup.seen_in import SeenIn
from webfilter.dedup.substrings import RepeatedSpans, SubstringDedup

__all__ = [
    "BloomFilter",
    "Duplicates",
    "ExactDedup",
    "ExactDuplicates",
    "LineDedup",
    "Match",
    "MinHash",
    "MinHashIndex",
    "MinHashOnline",
    "NearDuplicates",
    "PassageDedup",
    "PassageDuplicates",
    "RepeatedLines",
    "RepeatedSpans",
    "SeenBefore",
    "SeenIn",
    "SubstringDedup",
]
