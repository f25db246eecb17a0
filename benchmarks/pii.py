"""Does `Pii` find personal data, leave what only looks like it, and stay linear?

    python benchmarks/pii.py                                  # planted cases, hostile lines
    python benchmarks/pii.py texts.jsonl.xz more.jsonl        # and how texts of the web compare
    python benchmarks/pii.py texts.jsonl.xz --show flagged.txt --each 300   # to read by eye

Words for telephones in other languages: `pii_languages.py`.

Planted: values drawn from number plans and check-digit rules (``pip install phonenumbers
python-stdnum``, which share nothing with webfilter), put into sentences of many kinds, and hard
negatives: dates, ISBNs, prices, versions, hashes, coordinates, citations, scores and so on. A
planted value counts as found if its characters are covered but for three (brackets, a leading
plus), and nothing more than three beside it; a negative counts as a false alarm if anything in it
is found. Compared in the same process: datatrove's ``PIIFormatter``, dolma's expressions as its
taggers have them (``pii_regex_with_counts_fast_v2``, dolma 1.2.1: paragraph by paragraph, an e-mail
address needs a dot behind its sign; its test for URLs never holds, as its "\\b" is a backspace),
scrubadub's e-mail, phone and card detectors, each where installed.

Hostile: lines of 1,000,000 characters; processor time of `Pii().process`, masking included, median
of 3.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import lzma
import random
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from webfilter.document import Document
from webfilter.heuristics.personal import KINDS, find
from webfilter.heuristics.pii import Pii

SIZE = 1_000_000
Span = tuple[int, int]
Finder = Callable[[str], dict[str, list[Span]]]

CONTEXTS = (
    "{}",
    "Write to {} today.",
    "({})",
    "[{}]",
    '"{}"',
    "see {}, or not",
    "here: {}.",
    "{}\nNext line",
    "First line\n{}",
    "a; {}; b",
    "<{}>",
    "• {}",
    "| {} |",
    "Kontakt: {}",
    "— {} —",
    "联系 {} 我们",
    "للتواصل {} شكرا",
    "{}!",
    "is it {}?",
    "*{}*",
    "1. {}",
    "Room 12, {}",
    "since 1998: {}",
)
HEADINGS = ("{}", "{}\nNext line", "First line\n{}", "The end.\n\n{}\n\nThe next.")
PHONE_CUES = (
    "Tel: {}",
    "Tel. {}",
    "Phone: {}",
    "Fax {}",
    "call {}",
    "Mobile: {}",
    "Telefon: {}",
    "phone number is {}",
    "T: x, Tel.: {}",
    "电话：{}",
)


def emails(rng: random.Random) -> str:
    """Return an address."""
    first = rng.choice(
        [
            "ann",
            "bob",
            "carla",
            "dmitri",
            "eve",
            "farid",
            "grace",
            "hiro",
            "ines",
            "jörg",
            "kim",
            "lee",
            "maria",
        ]
    )
    last = rng.choice(
        ["smith", "müller", "garcia", "li", "o'neil", "ivanova", "tanaka", "brown-lee"]
    )
    local = rng.choice(
        [
            first,
            f"{first}.{last}",
            f"{first}_{last}",
            f"{first[0]}{last}",
            f"{first}+news",
            "info",
            f"{first}{rng.randint(1, 99)}",
            f"{first}-{last}",
            f"{last}.{first}.{first[0]}",
            "INFO",
        ]
    )
    host = rng.choice(
        ["firm", "mail", "uni-koeln", "foo-bar", "x", "4shop", "cs.school", "müller-bau", "gmail"]
    )
    end = rng.choice(
        [
            "com",
            "org",
            "net",
            "de",
            "co.uk",
            "fr",
            "io",
            "info",
            "museum",
            "com.br",
            "ac.jp",
            "travel",
            "ru",
        ]
    )
    sign = "@" if rng.random() < 0.9 else rng.choice(["(at)", "[at]", " (at) "])
    return f"{local}{sign}{host}.{end}"


def ips(rng: random.Random) -> str:
    """Return a public address, of version 4 in three of four cases."""
    while True:
        if rng.random() < 0.75:
            found = ipaddress.ip_address(rng.getrandbits(32))
            if found.is_global and not found.is_multicast:
                return str(found)
            continue
        high = rng.choice([0x2A00, 0x2A02, 0x2600, 0x2606, 0x2400, 0x2803, 0x2C0F])
        low = rng.getrandbits(64) if rng.random() < 0.5 else rng.getrandbits(16)
        found = ipaddress.ip_address((high << 112) | (rng.getrandbits(32) << 80) | low)
        if found.is_global:
            return found.exploded if rng.random() < 0.2 else str(found)


def ibans(rng: random.Random) -> str:
    """Return a number of a random country by the registry's layouts (python-stdnum)."""
    from stdnum import iban, numdb
    from stdnum.iso7064 import mod_97_10

    layouts = getattr(ibans, "layouts", None)
    if layouts is None:
        az = [chr(65 + i) for i in range(26)]
        known = {
            a + b: numdb.get("iban").info(a + b + "00")[0][1].get("bban") for a in az for b in az
        }
        layouts = {country: layout for country, layout in known.items() if layout}
        ibans.layouts = layouts
    while True:
        country = rng.choice(sorted(layouts))
        kinds = re.findall(r"(\d+)!?([nac])", layouts[country])
        pools = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "c": "0123456789ABCDEFGHIJ"}
        rest = "".join(rng.choice(pools[kind]) for count, kind in kinds for _ in range(int(count)))
        number = country + mod_97_10.calc_check_digits(rest + country) + rest
        if iban.is_valid(number, check_country=False):
            compact = rng.random() < 0.4
            return number if compact else " ".join(re.findall(".{1,4}", number))


def cards(rng: random.Random) -> str:
    """Return a card number, in one piece or in the groups of its issuer."""
    from stdnum import luhn

    head, size, groups = rng.choice(
        [
            ("4", 16, (4, 4, 4, 4)),
            ("5" + rng.choice("12345"), 16, (4, 4, 4, 4)),
            (rng.choice(["34", "37"]), 15, (4, 6, 5)),
            ("6011", 16, (4, 4, 4, 4)),
            ("36", 14, (4, 6, 4)),
            ("3530", 16, (4, 4, 4, 4)),
        ]
    )
    body = head + "".join(rng.choice("0123456789") for _ in range(size - 1 - len(head)))
    number = body + luhn.calc_check_digit(body)
    separator = rng.choice(["", " ", "-"])
    parts, at = [], 0
    for group in groups:
        parts.append(number[at : at + group])
        at += group
    return separator.join(parts)


def phones(rng: random.Random) -> tuple[str, bool]:
    """Return a number of a random region as it is written, and whether a word must announce it."""
    import phonenumbers as library

    while True:
        region = rng.choice(sorted(library.SUPPORTED_REGIONS))
        kind = rng.choice([library.PhoneNumberType.FIXED_LINE, library.PhoneNumberType.MOBILE])
        number = library.example_number_for_type(region, kind)
        if number is None:
            continue
        text = str(number.national_number)
        for _ in range(20):  # other digits behind the area code, as long as the number is valid
            keep = rng.randint(2, 4)
            tail = "".join(rng.choice("0123456789") for _ in text[keep:])
            other = library.PhoneNumber(number.country_code, int(text[:keep] + tail))
            if library.is_valid_number(other):
                number = other
                break
        form = rng.choice(
            ["international", "international", "e164", "national", "national", "00", "own"]
        )
        if form == "e164":
            return library.format_number(number, library.PhoneNumberFormat.E164), False
        if form in ("international", "00"):
            shown = library.format_number(number, library.PhoneNumberFormat.INTERNATIONAL)
            return (
                ("00" + shown[1:], True)
                if form == "00" and " " not in shown
                else (shown.replace("+", "00") if form == "00" else shown, False)
            )
        if form == "own":
            us = rng.choice(
                ["({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "{} {} {}", "1-{}-{}-{}", "({}){}-{}"]
            )
            area, exchange = rng.choice([212, 415, 617, 713, 800]), rng.randint(200, 999)
            return us.format(area, exchange, f"{rng.randint(0, 9999):04}"), False
        shown = library.format_number(number, library.PhoneNumberFormat.NATIONAL)
        plain = shown[0] not in "0(" and number.country_code not in (1,)
        return shown, plain


def negatives(rng: random.Random) -> tuple[str, str]:
    """Return (family, text) of something that is no personal data."""
    from stdnum import ean, isbn

    d = lambda low, high: rng.randint(low, high)  # noqa: E731
    digits = lambda size: "".join(rng.choice("0123456789") for _ in range(size))  # noqa: E731
    hexes = lambda size: "".join(rng.choice("0123456789abcdef") for _ in range(size))  # noqa: E731
    y, m, day = d(1900, 2030), d(1, 12), d(1, 28)
    book = "978" + digits(9)
    book += ean.calc_check_digit(book)
    ten = digits(9)
    ten = f"{ten[0]}-{ten[1:4]}-{ten[4:9]}-{isbn._calc_isbn10_check_digit(ten)}"
    families: dict[str, list[str]] = {
        "date": [
            f"{y}-{m:02}-{day:02}",
            f"{day:02}.{m:02}.{y}",
            f"{m}/{day}/{y}",
            f"{day:02}-{m:02}-{y}",
            f"{y}/{m:02}/{day:02} {d(0, 23):02}:{d(0, 59):02}",
            f"{y}{m:02}{day:02}",
            f"{day:02} {m:02} {y}",
            f"{y}-{m:02}-{day:02}T{d(10, 23)}:{d(10, 59)}:{d(10, 59)}Z",
            f"{day:02}.{m:02}.{y} {d(10, 20)}.30",
        ],
        "years": [
            f"{y}-{y + d(1, 9)}",
            f"{y}–{y + 3}",
            f"in {y}, {y + 1} and {y + 2}",
            f"{y} {y + 1} {y + 2} {y + 3}",
        ],
        "time": [
            f"{d(10, 23)}:{d(10, 59)}:{d(10, 59)}",
            "09.00 - 12.00 14.00 - 18.00",
            "08:30-17:30",
            "1:23:45.678",
            "9.30-12.30 / 14.00-17.00",
        ],
        "isbn": [isbn.format(book), book, ten, "ISBN " + book, "ISSN 1234-5679", "ISBN-10: " + ten],
        "price": [
            f"${d(1, 999)},{digits(3)}.99",
            f"{d(1, 99)} {digits(3)} {digits(3)} €",
            f"EUR {d(1, 999)}.{digits(3)},00",
            f"USD {d(100, 999)} {digits(3)} {digits(4)}"[:15],
            f"£{digits(4)}.50",
            f"{d(1, 9)}.{digits(3)}.{digits(3)},50",
        ],
        "integer": [
            digits(d(5, 15)).lstrip("0") or "7",
            f"{d(1, 999)},{digits(3)},{digits(3)}",
            f"{d(1, 999)} {digits(3)} {digits(3)}",
            f"{d(1, 999)} {digits(3)} {digits(3)} {digits(3)}",
            f"{d(1, 999)}.{digits(3)}.{digits(3)}",
        ],
        "version": [
            "version 1.2.3.4",
            "v10.0.19041.1",
            "Chrome/59.0.3071.115",
            "release 2.4.18.3",
            "1.2.3.4.5",
            "v2.10.3",
            "firmware 7.1.0.12",
            "numpy==1.26.4",
            "3.11.7-rc1",
            "1.2.3.4-beta",
            "OID 1.3.6.1.4.1",
        ],
        "private ip": [
            "10.0.0.1",
            "192.168.178.1",
            "127.0.0.1",
            "172.16.0.9",
            "169.254.1.1",
            "224.0.0.251",
            "192.0.2.7",
            "255.255.255.0",
            "203.0.113.9",
            "fe80::1",
            "::1",
            "2001:db8::8a2e:370:7334",
            "fd12:3456:789a::1",
            "ff02::1",
        ],
        "section": [
            "1.2.3.4 Scope of this part",
            "4.2.1.3 Tests",
            "§ 12.3.4.5 Abs. 1",
            "section 8.1.2.4",
        ],
        "hash": [
            hexes(32),
            hexes(40),
            hexes(64),
            f"{hexes(8)}-{hexes(4)}-4{hexes(3)}-a{hexes(3)}-{hexes(12)}",
            "0x" + hexes(8),
        ],
        "coordinate": [
            f"{d(-80, 80)}.{digits(6)}, {d(-170, 170)}.{digits(6)}",
            "40° 26′ 46″ N 79° 58′ 56″ W",
            "52.520008 13.404954",
            f"{d(1, 80)}.{digits(4)} {d(1, 80)}.{digits(4)}",
            "N 48 51 24.1 E 2 21 07.3",
        ],
        "tracking": [
            "1Z 999 AA1 01 2345 6784",
            "9400 1000 0000 0000 0000 00",
            "RR123456785DE",
            digits(20),
            "JD0002 1234 5678 9012",
        ],
        "law": [
            "42 U.S.C. 1983",
            "29 C.F.R. 1910.1200",
            f"{d(100, 600)} U.S. {d(100, 900)} (19{d(10, 99)})",
            "347 U.S. 483, 495",
            "No. 12-3456",
            "2004 WL 1234567",
            "85 Fed. Reg. 12345, 12350",
            "Case No. 2:19-cv-01234",
            "Pub. L. 104-191",
            "15 U.S.C. 78j(b), 78ff",
            "[1998] 2 AC 123 456",
        ],
        "score": [
            "3-1, 2-0 and 4-4",
            "21-15 18-21 21-19",
            "6-4 3-6 7-6 6-2",
            "102-98",
            "25:20 19:25 15:13",
            "12 34 56 78",
        ],
        "math": [
            "3.14159265",
            "2 + 2 = 4",
            "1-2-3-4-5-6-7-8",
            "x = 123-456-789",
            "10^6",
            "1/2 1/3 1/4 1/5 1/6",
            "0.123 0.456 0.789",
            "123+4567890123",
            "5*1234567890",
            "1.5e+10",
            "100% 200% 300%",
            "1 2 3 4 5 6 7 8 9 10",
        ],
        "code": [
            f"SKU {digits(3)}-{digits(4)}",
            f"AB-{digits(3)}-{digits(3)}-{digits(4)}",
            f"Order no. {d(200, 999)}-{d(200, 999)}-{digits(4)}",
            f"#{digits(10)}",
            f"{digits(5)}-{digits(4)}",
            f"EAN {digits(13)}",
            f"Part No {digits(4)}-{digits(6)}",
            f"ID {digits(10)}",
            f"item {digits(3)} {digits(3)} {digits(4)}",
            f"{d(100, 899)}-{d(10, 99)}-{digits(4)}",
            "01 02 03 04 05",
            "model 0123-456789",
        ],
        "path": [
            f"https://x.org/p/{d(200, 999)}-{d(200, 999)}-{digits(4)}.html",
            f"/a/{digits(10)}/b",
            f"img_{digits(8)}_{digits(6)}.jpg",
            "logo@2x.png",
            "vue@2.6.11",
            "doi:10.1000/182.1234567",
            "arXiv:2101.00001",
            "@ann on the site",
            "a @ b",
        ],
        "iban-like": [
            "DE89 3704 0044 0532 0130 01",
            "GB82 WEST 1234 5698 7654 33",
            "AB12 3456 7890 1234",
            "FR14 2004 1010 05",
        ],
        "card-like": [
            "4111 1111 1111 1112",
            "1234 5678 9012 3456",
            "4242-4242-4242-4241",
            "0000 0000 0000 0000",
            digits(16).replace("4", "1", 1)[:0] + "9999 9999 9999 9999",
        ],
        "quantity": [
            "300 000 000 m/s",
            "10-20 km, 200-300 m",
            "5 x 10 x 15 cm",
            "1024 x 768",
            "2 000 000 people",
            "pages 123-145, 200-210",
            "1234-1240",
            "1,234-1,300",
            "12,5 34,7 88,1",
            "Psalm 119:105-110",
            "Genesis 1:1-2:3",
            "600 700 800",
        ],
    }
    family = rng.choice(sorted(families))
    return family, rng.choice(families[family])


def planted(each: int, seed: int) -> tuple[list[tuple[str, str, Span]], list[tuple[str, str]]]:
    """Return positives (kind, text, span) and negatives (family, text)."""
    rng = random.Random(seed)
    good: list[tuple[str, str, Span]] = []
    makers = {"email": emails, "ip": ips, "iban": ibans, "card": cards}
    for kind in KINDS:
        for _ in range(each):
            if kind == "phone":
                value, announced = phones(rng)
                context = rng.choice(PHONE_CUES if announced or rng.random() < 0.3 else CONTEXTS)
            else:
                value, context = makers[kind](rng), rng.choice(CONTEXTS)
            at = context.index("{}")
            good.append((kind, context.replace("{}", value), (at, at + len(value))))
    bad = []
    for _ in range(each * 4):
        family, value = negatives(rng)
        contexts = HEADINGS if family == "section" else CONTEXTS[:-1]
        bad.append((family, rng.choice(contexts).replace("{}", value)))
    return good, bad


def ours(text: str) -> dict[str, list[Span]]:
    """Find by `Pii`."""
    found = find(text, KINDS)
    return {
        kind: list(zip(*(e.tolist() for e in spans), strict=True)) for kind, spans in found.items()
    }


def peers() -> dict[str, Finder]:
    """Return what is installed to compare with, by name."""
    found: dict[str, Finder] = {"webfilter": ours}
    try:
        from datatrove.pipeline.formatters.pii import PIIFormatter

        theirs = PIIFormatter()
        replacers = {"email": theirs.emails_replacer, "ip": theirs.ip_replacer}
        found["datatrove"] = lambda text: {
            kind: [
                m.span()
                for m in each.regex.finditer(text)
                if not each.validator or each.validator(m[0])
            ]
            for kind, each in replacers.items()
        }
    except ImportError:
        print("datatrove is not installed: not compared\n")
    octet = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)"
    dolma = {  # python/dolma/taggers/pii.py, the same in 1.2.1 and on main (commit 0a1a55d)
        "email": r"[.\s@,?!;:)(]*([^\s@]+@[^\s@,?!;:)(]+?)[.\s@,?!;:)(]?[\s\n\r]",
        "phone": r"\s+\(?(\d{3})\)?[-\. ]*(\d{3})[-. ]?(\d{4})",
        "ip": rf"(?:{octet}\.){{3}}{octet}",
    }
    compiled = {kind: re.compile(pattern) for kind, pattern in dolma.items()}

    def fast_v2(text: str) -> dict[str, list[Span]]:
        spans: dict[str, list[Span]] = {kind: [] for kind in compiled}
        for paragraph in re.finditer(r"([^\n]*\n|[^\n]+$)", text):
            for kind, pattern in compiled.items():
                for match in pattern.finditer(paragraph[0]):
                    if kind == "email":
                        name, domain = match[1].split("@", 1)
                        if name.strip() == "(" or "." not in domain:
                            continue
                    start, end = match.span(1 if kind == "email" else 0)
                    spans[kind].append((paragraph.start() + start, paragraph.start() + end))
        return spans

    found["dolma"] = fast_v2
    try:
        from scrubadub.detectors import CreditCardDetector, EmailDetector, PhoneDetector

        detectors = {
            "email": EmailDetector(),
            "phone": PhoneDetector(),
            "card": CreditCardDetector(),
        }
        found["scrubadub"] = lambda text: {
            kind: [(f.beg, f.end) for f in each.iter_filth(text)]
            for kind, each in detectors.items()
        }
    except ImportError:
        print("scrubadub is not installed: not compared\n")
    return found


def covers(found: list[Span], wanted: Span) -> bool:
    """Return whether one of `found` is `wanted`, but for three characters."""
    for start, end in found:
        if (
            abs(start - wanted[0]) <= 3
            and abs(end - wanted[1]) <= 3
            and min(end, wanted[1]) > start
        ):
            return True
    return False


def report_planted(each: int, seed: int, show: bool) -> None:
    """Print recall and false alarms on the planted cases."""
    good, bad = planted(each, seed)
    rows = []
    for name, finder in peers().items():
        hit: dict[str, int] = defaultdict(int)
        other: dict[str, int] = defaultdict(int)
        alarms: dict[str, int] = defaultdict(int)
        began = time.process_time()
        for kind, text, span in good:
            found = finder(text)
            hit[kind] += covers(found.get(kind, []), span)
            for kind_found, spans in found.items():
                other[kind_found] += sum(
                    not (kind_found == kind and covers([s], span)) for s in spans
                )
            if show and name == "webfilter" and not covers(found.get(kind, []), span):
                print("MISSED", kind, repr(text))
        for family, text in bad:
            for kind, spans in finder(text).items():
                alarms[kind] += len(spans)
                if show and name == "webfilter" and spans:
                    print("ALARM", family, kind, repr(text))
        seconds = time.process_time() - began
        for kind in KINDS:
            if kind not in finder("x"):
                continue
            wrong = other[kind] + alarms[kind]
            precision = hit[kind] / max(hit[kind] + wrong, 1)
            rows.append(
                (kind, name, hit[kind] / each, precision, other[kind], alarms[kind], seconds)
            )
    print(f"Planted: {each} of each kind, {len(bad)} negatives, seed {seed}\n")
    print("| kind | by | recall | precision | wrong beside planted | alarms on negatives |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind, name, recall, precision, beside, alarm, _ in sorted(
        rows, key=lambda r: KINDS.index(r[0])
    ):
        print(f"| {kind} | {name} | {recall:.3f} | {precision:.3f} | {beside} | {alarm} |")
    print()


def hostile() -> dict[str, str]:
    """Return lines of a million characters, by what they are made of."""
    rng = random.Random(0)
    units = [
        "a@",
        "a@a.",
        "a@a@a.a@",
        "a.a.a.a.@",
        "@",
        "a@a.aa ",
        "ann@firm.example, ",
        "a@a.aa",
        "a@a-",
        "a@a..",
        "(at)",
        "a(at)a.bc ",
        "1 ",
        "1-",
        "1.",
        "1/",
        "1 - ",
        "+1",
        "(",
        "()",
        "(1)",
        "(1) ",
        "1234567890",
        "0",
        "::",
        "2001:",
        "2a00:: ",
        "2a00:1450:4001:830::200e ",
        "abcdef0123:",
        "8.8.8.8 ",
        "81.2.69.160, ",
        "1.2.3.4.5 ",
        "DE89 ",
        "DE89",
        "DE89370400440532013000 ",
        "LT12",
        "DE89 3704 0044 0532 0130 00, ",
        "4111 1111 1111 1111, ",
        "4111111111111111 ",
        "212-555-0123, ",
        "(212) 555-0123 ",
        "+49 30 901820; ",
        "tel 5551234, ",
        "030 1234567 ",
        "5551234,",
        "2024-01-02, ",
        "1 2 3 4 212-555-0123 5 6 7 ",
        "ann@firm.example 8.8.8.8 212-555-0123 ",
        "😀1",
        "📞 030 1234567 😀 ",
        "тел. 84951234567, ",
        "телефон1234567 ",
        "मो. ९८७६५४३२१० ",
        "番号は1234567 ",
        "1234567 (тел.) ",
        "1234567\u0301тел",
        "\ud8001@a.\udfffbc",
        "０３－１２３４－５６７８ ",
        "a",
        " ",
        "\0",
        "é",
        "٠١٢٣ ",
    ]
    lines = {repr(unit): (unit * (SIZE // len(unit) + 1))[:SIZE] for unit in units}
    for name, pool in (("digits and separators", "0123456789 -.()/+,:"), ("signs", "ab@.-1( ")):
        lines[f"random {name}"] = "".join(rng.choice(pool) for _ in range(SIZE))
    return lines


def report_hostile() -> None:
    """Print the processor time of each hostile line."""
    stage = Pii()
    stage.process([Document("warm", "é 030 1234567 ann@firm.example")])
    rows = []
    for name, line in hostile().items():
        doc = Document("a", line)
        times = []
        for _ in range(3):
            began = time.process_time()
            [marked] = stage.process([doc])
            times.append(1000 * (time.process_time() - began))
        rows.append((statistics.median(times), name, marked.signals["pii"]))
    rows.sort(reverse=True)
    print(
        f"{len(rows)} lines of {SIZE:,} characters: worst {rows[0][0]:.0f} ms, median "
        f"{statistics.median(r[0] for r in rows):.0f} ms\n"
    )
    print("| repeated | found | ms |\n| --- | --- | --- |")
    for milliseconds, name, count in rows:
        print(f"| `{name}` | {count} | {milliseconds:.1f} |")
    print()


def read(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """Yield (id, text) of JSONL files, plain or xz."""
    for path in paths:
        with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                record = json.loads(line)
                yield f"{path.name}:{number}", record["text"]


def report_texts(paths: list[Path], show: Path | None, each: int) -> None:
    """Print what is found in texts, beside datatrove; write snippets of it to `show`."""
    texts = list(read(paths))
    began = time.process_time()
    Pii().process([Document(name, text) for name, text in texts])
    seconds = time.process_time() - began
    characters = sum(len(text) for _, text in texts)
    finders = peers()
    counts: dict[str, dict[str, int]] = {name: defaultdict(int) for name in finders}
    both: dict[str, int] = defaultdict(int)
    snippets: dict[str, list[str]] = defaultdict(list)
    for name, text in texts:
        by = {finder: find_(text) for finder, find_ in finders.items() if finder != "scrubadub"}
        for finder, found in by.items():
            for kind, spans in found.items():
                counts[finder][kind] += len(spans)
        for kind, spans in by["webfilter"].items():
            theirs = by.get("datatrove", {}).get(kind, [])
            both[kind] += sum(any(s < e2 and s2 < e for s2, e2 in theirs) for s, e in spans)
            for start, end in spans:
                around = (
                    f"{text[max(0, start - 60) : start]}⟦{text[start:end]}⟧{text[end : end + 40]}"
                )
                snippets[kind].append(f"{name} {around!r}")
        for kind, spans in by.get("datatrove", {}).items():
            mine = by["webfilter"][kind]
            for start, end in spans:
                if not any(start < e and s < end for s, e in mine):
                    before, after = text[max(0, start - 60) : start], text[end : end + 40]
                    around = f"{before}⟦{text[start:end]}⟧{after}"
                    snippets[f"{kind} only datatrove"].append(f"{name} {around!r}")
    print(
        f"{len(texts):,} texts, {characters:,} characters, {seconds:.2f} CPU s: "
        f"{len(texts) / seconds:,.0f} texts/s\n"
    )
    print(
        "| kind | webfilter | datatrove | of ours also theirs | dolma |\n"
        "| --- | --- | --- | --- | --- |"
    )
    for kind in KINDS:
        row = [counts.get(name, {}).get(kind, "") for name in ("webfilter", "datatrove", "dolma")]
        print(f"| {kind} | {row[0]} | {row[1]} | {both[kind]} | {row[2]} |")
    print()
    if show is not None:
        rng = random.Random(0)
        with show.open("w", encoding="utf-8", errors="backslashreplace") as out:
            for kind, found in snippets.items():
                out.write(f"\n== {kind}: {len(found)}\n")
                out.write("\n".join(rng.sample(found, min(each, len(found)))) + "\n")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("texts", nargs="*", type=Path)
    parser.add_argument("--each", type=int, default=1000, help="planted, or snippets, of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=Path, help="file for snippets of what is found in the texts")
    parser.add_argument("--misses", action="store_true", help="print what is missed or false")
    given = parser.parse_args()
    if given.texts:
        report_texts(given.texts, given.show, given.each)
        return
    try:
        report_planted(given.each, given.seed, given.misses)
    except ImportError as error:
        print(
            f"{error.name} is not installed (pip install phonenumbers python-stdnum): "
            "no planted cases\n"
        )
    if not given.misses:
        report_hostile()


if __name__ == "__main__":
    main()
