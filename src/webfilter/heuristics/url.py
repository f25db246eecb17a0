"""Judges a page by its address: sexual content, gambling and pill spam, and what users ban.

The cheapest filter there is, so it stands first: nothing of the page is read. After the URL filters
of RefinedWeb (Penedo et al. 2023, G.1) and FineWeb (datatrove's ``URLFilter``): banned hosts with
their subdomains, banned URLs, words of which one is enough or it takes two, substrings.

Deviations: words are compared with whole tokens of host and path, so Essex, Scunthorpe and
"analysis" pass; a word of which it takes two counts together with a companion ("sex" + "videos"),
and not at all beside a context word ("sex" + "education"); our substrings are looked for in the
host (those beyond ASCII anywhere), the user's anywhere, but never across separators ("x-video"
holds no "xvideo", as it does there); the fragment is not read. Every parent domain, any case,
trailing slashes, ``https`` and percent-encoding are seen through, where datatrove (0.10) takes
them for other addresses. The lists are our own, small and mostly English. For the coverage of
RefinedWeb's 4.6 million domains add a maintained list, such as UT1's, as `host_files`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any, ClassVar, NamedTuple
from urllib.parse import unquote

from webfilter.config import AnyPath
from webfilter.document import Document, Value
from webfilter.errors import ConfigError, RunError
from webfilter.heuristics.lists import read_list, shipped
from webfilter.stage import Filter, Rule, Signal

__all__ = ["Address", "UrlFilter", "address"]

_PLAIN = re.compile(
    r"https?://([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+)(?::\d+)?([/?][!-\"$&-\[\]-~]*)?(?:#.*)?"
)
_PARTS = re.compile(
    r"""(?:(?P<scheme>[a-z][a-z0-9+.-]*):)?//(?P<authority>[^/?#]*)(?P<rest>[^#]*)""",
    re.IGNORECASE | re.DOTALL,
)
_BARE = re.compile(
    r"(?P<authority>[^/?#\s:@]+(?::\d+)?)(?P<rest>(?:[/?][^#]*)?)(?:#.*)?", re.DOTALL
)
_LISTED = re.compile(r"(?!.*(?:xn--|\.\.))[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_PORT = re.compile(r":\d*$")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_-])?")
_IPV6 = re.compile(r"[0-9a-f:.]{2,45}(?:%[\w.-]+)?")
_JUNK = re.compile(r"[\x00-\x1f\x7f]")
_WORD = re.compile(r"[^\W\d_]+")
_BLANKED = "".join(chr(i) if chr(i).isalpha() else " " for i in range(128))
_TOKEN = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[^\x00-/:-@\[-`{-\x7f]+")
"""What stands between ASCII separators: a word of Hindi or Tamil is more than letters."""
_LONGEST = 4096
"""Characters of a URL that are read; what follows is nobody's file name."""


class Address(NamedTuple):
    """The parts of a URL that are judged."""

    host: str
    """Lower case, without port, credentials, brackets and final dot; IDNs as punycode."""
    shown: str
    """The host with punycode decoded, which is where words are looked for."""
    path: str
    """Path and query: percent-decoded, lower case, without the fragment."""


@lru_cache(maxsize=4096)
def _beyond_ascii(host: str) -> tuple[str, str]:
    """Return the host as punycode and as people read it; what cannot be converted stays."""
    coded, shown = host, host
    try:
        coded = host.encode("idna").decode("ascii").lower()
        shown = coded.encode("ascii").decode("idna")
    except UnicodeError:
        pass
    return coded, shown


def address(url: str) -> Address | None:
    """Return the parts of `url`; None where no host can be told.

    Forgives what browsers forgive: upper case, blanks around, control characters, backslashes,
    credentials, ports, a missing scheme, final dots. Never raises.

    >>> address("HTTPS://me:pw@WWW.Example.com.:8443/A%20b?c=D#e")
    Address(host='www.example.com', shown='www.example.com', path='/a b?c=d')
    >>> address("http://[2001:db8::1]:80/").host
    '2001:db8::1'
    >>> address("mailto:me@example.com") is None
    True
    """
    plain = _PLAIN.fullmatch(url[:_LONGEST].lower())
    if plain is not None:  # nine URLs in ten
        host = plain[1]
        if "xn--" not in host and len(host) <= 253:
            return Address(host, host, plain[2] or "")
    url = _JUNK.sub("", url[:_LONGEST].strip()).replace("\\", "/")
    found = _PARTS.match(url)
    if found is None:
        found = _BARE.fullmatch(url)
        if found is None or "." not in found["authority"]:
            return None
    host = found["authority"].rpartition("@")[2].lower()
    path = found["rest"]
    if "%" in path:
        path = unquote(path, errors="replace")
    path = path.lower()
    if host.startswith("["):
        host, closed, _ = host[1:].partition("]")
        return Address(host, host, path) if closed and _IPV6.fullmatch(host) else None
    if "%" in host:
        host = unquote(host, errors="replace").lower()
    host = _PORT.sub("", host).rstrip(".。")
    shown = host
    if not host.isascii() or "xn--" in host:
        host, shown = _beyond_ascii(host)
    if not _HOST.fullmatch(host) or ".." in host or len(host) > 253:
        return None
    return Address(host, shown, path)


def _clean_host(entry: str) -> str:
    if _LISTED.fullmatch(entry):  # nearly every line of a list of millions
        return entry
    entry = entry.strip()
    if "//" not in entry:
        entry = entry.removeprefix("*").lstrip(".")
    found = address(entry)
    if found is not None:
        return found.host
    entry = entry.rstrip(".").lower()
    return entry if entry.isascii() else _beyond_ascii(entry)[0]  # a top-level domain


def _clean_url(entry: str) -> str:
    found = address(entry)
    return "" if found is None else _place(found)


def _clean_substring(entry: str) -> str:
    return unquote(entry.strip(), errors="replace").lower()


def _clean_word(entry: str) -> str:
    word = _clean_substring(entry)
    return word if _BETWEEN.fullmatch(word) else ""


def _place(found: Address) -> str:
    return found.host.removeprefix("www.") + found.path.rstrip("/")


def _suffixes(host: str) -> list[str]:
    """Return `host` and every parent domain of it.

    >>> _suffixes("a.b.example.com")
    ['a.b.example.com', 'b.example.com', 'example.com', 'com']
    """
    found = [host]
    dot = host.find(".")
    while dot >= 0:
        host = host[dot + 1 :]
        found.append(host)
        dot = host.find(".")
    return found


class _Topic:
    """One kind of unwanted page (adult, spam), as our lists describe it."""

    def __init__(self, name: str) -> None:
        self.hosts = shipped(f"{name}/hosts")[0]
        self.words = shipped(f"{name}/words")[0]
        self.suspects = shipped(f"{name}/suspects")[0]
        self.companions = shipped(f"{name}/companions")[0]
        substrings = shipped(f"{name}/substrings")[0]
        self.in_host = _any(s for s in substrings if s.isascii())
        self.anywhere = _any(s for s in substrings if not s.isascii())
        self.exceptions = _any(shipped(f"{name}/exceptions")[0])

    def holds(self, found: Address, suffixes: list[str], tokens: set[str]) -> bool:
        """Return whether the page is of this kind."""
        if not self.hosts.isdisjoint(suffixes) or not self.words.isdisjoint(tokens):
            return True
        suspects = self.suspects & tokens
        enough = len(suspects) > 1 or (suspects and not self.companions.isdisjoint(tokens))
        if enough and _CONTEXT.isdisjoint(tokens):
            return True
        if self.in_host.search(self.exceptions.sub("-", found.host)):
            return True
        if found.path.isascii() and found.shown.isascii():
            return False
        return self.anywhere.search(found.shown + found.path) is not None


def _any(substrings: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that finds any of `substrings`: a trie, so that a miss costs one look."""
    trie: dict[str, Any] = {}
    for substring in substrings:
        node = trie
        for char in substring:
            node = node.setdefault(char, {})
        node[""] = {}

    def spell(node: dict[str, Any]) -> str:
        if "" in node:  # a shorter substring ends here: no need to look further
            return ""
        parts = [re.escape(char) + spell(below) for char, below in sorted(node.items())]
        return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"

    return re.compile(spell(trie) if trie else r"(?!)")


class _Ours:
    """Our lists, with one common look at what nearly no URL has."""

    def __init__(self) -> None:
        self.adult, self.spam = _Topic("adult"), _Topic("spam")
        both = (self.adult, self.spam)
        self.hosts = frozenset().union(*(topic.hosts for topic in both))
        self.words = frozenset().union(*(topic.words | topic.suspects for topic in both))
        names = [f"{topic}/substrings" for topic in ("adult", "spam")]
        self.substrings = _any(s for name in names for s in shipped(name)[0] if s.isascii())

    def nothing(self, found: Address, suffixes: list[str], tokens: set[str]) -> bool:
        """Return whether neither topic can hold: no list has anything of this URL."""
        return (
            self.hosts.isdisjoint(suffixes)
            and self.words.isdisjoint(tokens)
            and self.substrings.search(found.host) is None
            and found.path.isascii()
            and found.shown.isascii()
        )


@lru_cache(maxsize=1)
def _ours() -> _Ours:
    return _Ours()


class _Bans(NamedTuple):
    """The user's lists, ready for look-ups."""

    hosts: tuple[frozenset[str], ...]
    allowed: tuple[frozenset[str], ...]
    urls: tuple[frozenset[str], ...]
    words: tuple[frozenset[str], ...]
    suspects: tuple[frozenset[str], ...]
    substrings: re.Pattern[str]
    none: bool
    """Whether there is nothing in any of the lists that ban."""
    digests: dict[str, str]


@dataclass(frozen=True)
class UrlFilter(Filter):
    """Drops pages by their address: sexual content, gambling and pill spam, the user's bans.

    A document without a URL, or with one without a host, has no signals here and is kept (see
    `malformed`). Entries of lists are compared without regard to case, ports, credentials,
    percent-encoding, punycode, final dots and ``www.``.

    Source: RefinedWeb G.1 and datatrove's ``URLFilter``; the module docstring says what differs.

    Raises:
        ConfigError: a list file is missing or unreadable, or an entry is empty.

    >>> stage = UrlFilter(blocked_hosts=("example.org",))
    >>> stage.measure(Document("a", url="https://shop.example.org/sexy-videos"))["url_banned"]
    True
    >>> stage.measure(Document("b", url="https://www.essex.ac.uk/sex-education-videos"))["url_adult"]
    False
    """

    adult: bool = True
    """Drop sexual content; False: measure `url_adult` only."""
    spam: bool = True
    """Drop gambling and pill spam; False: measure `url_spam` only."""
    malformed: bool = False
    """Drop documents whose URL has no host that can be told (``url_malformed``)."""
    max_suspect_words: int | None = 1
    """Distinct words of `suspect_words` that a URL may hold; datatrove drops at 2."""
    blocked_hosts: tuple[str, ...] = ()
    """Hosts to drop with all their subdomains; a bare label is a top-level domain."""
    blocked_urls: tuple[str, ...] = ()
    """Addresses to drop with everything below them; scheme and ``www.`` do not matter."""
    blocked_words: tuple[str, ...] = ()
    """Words of which one is enough, between separators of host, path or query."""
    suspect_words: tuple[str, ...] = ()
    """Words of which `max_suspect_words` are allowed."""
    blocked_substrings: tuple[str, ...] = ()
    """Substrings of which one is enough, anywhere in host, path or query."""
    allowed_hosts: tuple[str, ...] = ()
    """Hosts that no rule but `malformed` drops, with all their subdomains."""
    host_files: tuple[AnyPath, ...] = ()
    """Files with more `blocked_hosts`: one a line, or hosts files; plain or .gz; ``#`` comments."""
    url_files: tuple[AnyPath, ...] = ()
    """Files with more `blocked_urls`."""
    word_files: tuple[AnyPath, ...] = ()
    """Files with more `blocked_words`; an entry of several words is left out."""
    suspect_word_files: tuple[AnyPath, ...] = ()
    """Files with more `suspect_words`; an entry of several words is left out."""
    substring_files: tuple[AnyPath, ...] = ()
    """Files with more `blocked_substrings`."""
    allowed_host_files: tuple[AnyPath, ...] = ()
    """Files with more `allowed_hosts`."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("url_host", "str", "Host of the URL: lower case, no port, IDNs as punycode"),
        Signal("url_adult", "bool", "The address is one of sexual content, by our lists"),
        Signal("url_spam", "bool", "The address is one of gambling or pill spam, by our lists"),
        Signal("url_banned", "bool", "A blocked host, URL, word or substring of the user's"),
        Signal("url_suspect_words", "int", "Distinct suspect words of the user's", "words", 0),
        Signal("url_malformed", "bool", "There is a URL, but no host can be told from it"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        vars(self)["_bans"] = self._read()

    def __getstate__(self) -> dict[str, Any]:
        # the look-up tables are built again where the stage is unpickled
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Malformed, banned, suspect words, adult, spam: in this order."""
        rules = [Rule("url_malformed", le=0)] if self.malformed else []
        rules.append(Rule("url_banned", le=0))
        if self.max_suspect_words is not None:
            rules.append(Rule("url_suspect_words", le=self.max_suspect_words))
        if self.adult:
            rules.append(Rule("url_adult", le=0))
        if self.spam:
            rules.append(Rule("url_spam", le=0))
        return tuple(rules)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The sha256 of every list, ours and the user's."""
        kinds = ("hosts", "words", "suspects", "companions", "substrings", "exceptions")
        ours = [f"{topic}/{kind}" for topic in ("adult", "spam") for kind in kinds]
        found = {f"url_list_{name}": shipped(name)[1] for name in [*ours, "context"]}
        return found | self._bans.digests

    @cached_property
    def _bans(self) -> _Bans:
        try:  # where it was unpickled: as of a worker, in which a file may be missing
            return self._read()
        except ConfigError as error:
            raise RunError(f"{self.name}: a list is gone or damaged: {error}") from error

    def _read(self) -> _Bans:
        digests: dict[str, str] = {}

        def sets(
            given: str, from_files: str, clean: Callable[[str], str]
        ) -> tuple[frozenset[str], ...]:
            inline = [clean(entry) for entry in getattr(self, given)]
            if not all(inline):
                entry = getattr(self, given)[inline.index("")]
                hint = "; give one word, without blanks and marks" if clean is _clean_word else ""
                raise ConfigError(f"{self.name}: {given} holds {entry!r}, which bans nothing{hint}")
            found = [frozenset(inline)] if inline else []
            for path in getattr(self, from_files):
                listed, digest = read_list(path, clean, f"{self.name}: {from_files}")
                digests[f"{from_files}[{len(found)}] {path.name}"] = digest
                found.append(listed)
            return tuple(found)

        allowed = sets("allowed_hosts", "allowed_host_files", _clean_host)
        hosts = sets("blocked_hosts", "host_files", _clean_host)
        urls = sets("blocked_urls", "url_files", _clean_url)
        words = sets("blocked_words", "word_files", _clean_word)
        suspects = sets("suspect_words", "suspect_word_files", _clean_word)
        substrings = sets("blocked_substrings", "substring_files", _clean_substring)
        none = not (hosts or urls or words or suspects or substrings)
        inside = _any(frozenset().union(*substrings))
        return _Bans(hosts, allowed, urls, words, suspects, inside, none, digests)

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Return the signals of the document's URL; all None without one."""
        if doc.url is None or not doc.url.strip():
            return _UNDEFINED
        found = address(doc.url)
        if found is None:
            return {**_UNDEFINED, "url_malformed": True}
        bans, ours, suffixes = self._bans, _ours(), _suffixes(found.host)
        whole = f"{found.shown} {found.path}"
        tokens = set(whole.translate(_BLANKED).split() if whole.isascii() else _WORD.findall(whole))
        adult = spam = banned = False
        suspects = 0
        if not any(not hosts.isdisjoint(suffixes) for hosts in bans.allowed):
            if not ours.nothing(found, suffixes, tokens):
                adult = ours.adult.holds(found, suffixes, tokens)
                spam = ours.spam.holds(found, suffixes, tokens)
            if not bans.none:
                if bans.words or bans.suspects:
                    tokens.update(_TOKEN.findall(whole), _BETWEEN.findall(whole))
                banned = _banned(bans, found, suffixes, tokens)
                suspects = len({w for words in bans.suspects for w in words & tokens})
        return {
            "url_host": found.host,
            "url_adult": adult,
            "url_spam": spam,
            "url_banned": banned,
            "url_suspect_words": suspects,
            "url_malformed": False,
        }


_UNDEFINED: Mapping[str, Value] = dict.fromkeys(signal.name for signal in UrlFilter.measures)
_CONTEXT = shipped("context")[0]


def _banned(bans: _Bans, found: Address, suffixes: list[str], tokens: set[str]) -> bool:
    if any(not hosts.isdisjoint(suffixes) for hosts in bans.hosts):
        return True
    if any(not words.isdisjoint(tokens) for words in bans.words):
        return True
    if bans.substrings.search(found.shown + found.path):
        return True
    if not bans.urls:
        return False
    place = _place(found)
    ends = [m.start() for m in re.finditer(r"[/?&]", place)]
    above = [place, *(place[:end] for end in ends)]
    return any(not urls.isdisjoint(above) for urls in bans.urls)
