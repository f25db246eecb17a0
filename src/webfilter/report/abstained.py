"""Which signals were undefined where a step had to judge them, so that its rules abstained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from webfilter.document import Document, Value
from webfilter.stage import Step

__all__ = ["abstained"]


def abstained(step: Step, docs: Iterable[Document]) -> Iterator[str]:
    """Yield for each of `docs`, as `step` left them, the signals it judges that are None.

    Not of those on which it broke. Rules of the stages for other languages do not judge a document.
    """
    judged = {rule.signal for rule in step.rules}
    chooses, speaks = step.by_document, bool(step.branches)
    ours: dict[Value, set[str]] = {}  # rules take long to build, and languages are few
    for doc in docs:
        found = [signal for signal in judged if doc.signals.get(signal) is None]
        if not found or (doc.verdict is not None and doc.verdict.kind == "failed"):
            continue
        if chooses:
            of = doc.signals.get("language") if speaks else doc.id
            if of not in ours:
                ours[of] = {rule.signal for rule in step.rules_for(doc)}
            found = [signal for signal in found if signal in ours[of]]
        yield from found
