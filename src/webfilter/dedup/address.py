"""URLs to one spelling, so that a page fetched under two addresses is seen as one.

It reads nothing but the URL: no redirects, no canonical links, and ``www.`` stays, since hosts
with and without it can differ.
"""

from __future__ import annotations

import contextlib
import re
from urllib.parse import quote, urlsplit

__all__ = ["TRACKING", "normalized_url"]

# fmt: off
TRACKING = frozenset((
    "_ga", "_gl", "_hsenc", "_hsmi", "dclid", "fbclid", "gbraid", "gclid", "gclsrc", "igshid",
    "li_fat_id", "mc_cid", "mc_eid", "mkt_tok", "msclkid", "oly_anon_id", "oly_enc_id",
    "phpsessid", "srsltid", "ttclid", "twclid", "vero_id", "wbraid", "wickedid", "yclid",
))
# fmt: on
"""Query parameters, in lower case, that say how a visitor came and not what is shown; so does any
that begins with ``utm_``."""

_SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
_ESCAPE = re.compile("%[0-9a-fA-F]{2}")
_PORTS = (80, 443)
_DOTS = ".。．｡"
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE = "%/:?#[]@!$&'()*+,;="


def normalized_url(url: str) -> str:
    """Return the spelling of `url` that stands for all its spellings.

    http and https are the same, and so are their ports; scheme, host and escapes get one case,
    hosts in Unicode their ASCII form; default ports, session ids, fragments (but not ``#!``), empty
    and tracking parameters (`TRACKING`, ``utm_*``) and slashes at the end of the path go; ``.`` and
    ``..`` are resolved; parameters are sorted. A `url` without a host is only stripped.

    >>> normalized_url("HTTPS://Example.com:443/a/%7eb/?utm_source=x&z=1&b=2#top")
    'http://example.com/a/~b?b=2&z=1'
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    if not host:
        return url
    scheme = "http" if parts.scheme in ("", "http", "https") else parts.scheme
    user, at, _ = parts.netloc.rpartition("@")
    shown = "" if port is None or (scheme == "http" and port in _PORTS) else f":{port}"
    path = _resolved(_SESSION.sub("", _escaped(parts.path))).rstrip("/")
    query = "&".join(sorted(filter(_tells, _escaped(parts.query).split("&"))))
    hashbang = f"#{_escaped(parts.fragment)}" if parts.fragment.startswith("!") else ""
    found = f"{scheme}://{user}{at}{_ascii(host)}{shown}{path}"
    return f"{found}?{query}{hashbang}" if query else found + hashbang


def _tells(item: str) -> bool:
    """Return whether a query parameter has a say in what is shown."""
    name = item.partition("=")[0].lower()
    return bool(item) and name not in TRACKING and not name.startswith("utm_")


def _ascii(host: str) -> str:
    host = host.rstrip(_DOTS)
    if not host.isascii():
        with contextlib.suppress(UnicodeError):
            host = host.encode("idna").decode("ascii").rstrip(".")
    return f"[{host}]" if ":" in host else host


def _escaped(text: str) -> str:
    if "%" in text:
        text = _ESCAPE.sub(_one_escape, text)
    return quote(text, safe=_SAFE, errors="surrogatepass")


def _one_escape(found: re.Match[str]) -> str:
    char = chr(int(found[0][1:], 16))
    return char if char in _UNRESERVED else found[0].upper()


def _resolved(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    for part in path.split("/")[1:]:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    return "".join(f"/{part}" for part in kept)
