"""Rules that name languages, as people spell them."""

from __future__ import annotations

from webfilter.codes import accepted, recognized
from webfilter.stage import Rule

__all__ = ["spelled"]


def spelled(rule: Rule, what: str) -> Rule:
    """Return `rule`; if it judges the signal ``language``, with the codes it accepts canonical.

    Without this, ``Rule("language", isin={"eng"})`` would drop every English text. A macrolanguage
    brings its members.

    Args:
        rule: any rule.
        what: names the place in the error.

    Raises:
        UnknownName: it accepts what is no language; carries a near match.

    >>> sorted(spelled(Rule("language", isin={"eng", "nor"}), "language").isin)
    ['en', 'nb', 'nn', 'no']
    """
    if rule.signal != "language" or rule.isin is None:
        return rule
    codes = accepted(recognized(code, what) for code in sorted(rule.isin))
    return rule if codes == rule.isin else Rule(rule.signal, isin=codes)
