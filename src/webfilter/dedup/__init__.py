"""Deduplication: documents in, the same documents out, with all but one of each cluster dropped.

`ExactDedup` finds equal texts and equal addresses, `MinHash` texts that share most of their word
n-grams. Both sketch batches into small summaries and resolve them into a stage (`Duplicates`) that
drops all but the preferred document of each cluster, naming the one that stays. The scope is what
one pipeline run sees: run once a crawl for deduplication per crawl.

What it does not do: find duplicate lines or paragraphs inside documents, or compare with earlier
runs.
"""

from webfilter.dedup.exact import ExactDedup, ExactDuplicates
from webfilter.dedup.marked import Duplicates
from webfilter.dedup.minhash import MinHash, NearDuplicates

__all__ = ["Duplicates", "ExactDedup", "ExactDuplicates", "MinHash", "NearDuplicates"]
