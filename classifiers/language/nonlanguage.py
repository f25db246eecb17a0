"""Makes texts that are in no language: what the label ``und`` is trained on.

Code, markup, style sheets, logs of programs and web servers, base64 and hex, random letters in
several scripts, keyboard rows, part numbers, JSON, tables, addresses, and words drawn from many
languages. All from a seeded generator; identifiers are made from letters, and no line of real code
is copied.
"""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Sequence

__all__ = ["KINDS", "generate", "salads"]

_words = str.split

_VERBS = _words(
    "get set load save init parse read write update find make build run send push pop map"
)
_NOUNS = _words(
    "item node list value index data user page name key path type state config buffer row"
)
_TYPES = _words("int str float void bool char String double List Map auto var let const")
_TAGS = _words("div span table tr td ul li a p img section header footer script form input")
_STYLES = _words(
    "margin padding color width height float border font-size display background position top left "
    "font-weight line-height text-align overflow z-index cursor opacity box-shadow border-radius "
    "text-decoration vertical-align white-space max-width min-height transition align-items"
)
_SETTINGS = _words("none auto inherit block inline-block relative absolute hidden center bold #fff")
_COLUMNS = _words("INTEGER VARCHAR(255) TEXT NUMERIC(10,2) TIMESTAMP BOOLEAN DATE BIGINT serial")
_MONTHS = _words("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
_UNITS = _words("px em rem % pt")
_ALPHABETS = (
    string.ascii_lowercase,
    string.ascii_letters,
    "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "אבגדהוזחטיכלמנסעפצקרשת",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह",
)
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedc", "hjklasdf", "йцукенгшщз")


def _name(rng: random.Random) -> str:
    verb, noun, more = rng.choice(_VERBS), rng.choice(_NOUNS), rng.choice(_NOUNS)
    return rng.choice(
        (f"{verb}_{noun}", f"{verb}{noun.title()}", noun, f"{noun}_{more}", noun[0], f"${noun}")
    )


def _code(rng: random.Random) -> str:
    a, b, c = _name(rng), _name(rng), _name(rng)
    n, m, kind = rng.randrange(100), rng.randrange(1000), rng.choice(_TYPES)
    return rng.choice(
        (
            f"def {a}({b}, {c}=None):\n    return {b}.{c}({n})",
            f"for {a} in range({n}):\n    {b}[{a}] = {c} + {m}",
            f"if ({a} == null) {{ return {b}.{c}(); }} else {{ {c}++; }}",
            f"public static {kind} {a}({kind} {b}) {{ this.{c} = {b}; }}",
            f"function {a}({b}) {{ var {c} = {b}[{n}]; return {c} || {m}; }}",
            f"const {a} = ({b}) => {b}.{c}.map(x => x.{a});",
            f"import {a} from './{b}'; export default {c};",
            f"from {a} import {b} as {c}",
            f"#include <{b}.h>\n{kind} *{a} = ({kind}*)malloc({m}*sizeof({kind}));",
            f"SELECT {a}, {b} FROM {c}s WHERE {a} = {n} ORDER BY {b} DESC LIMIT {m};",
            f"try {{ {a}.{b}({n}); }} catch (e) {{ console.log(e.{c}); }}",
            f"while ({a} < {n} && !{b}) {{ {a} += {m}; }}",
            f"$('#{a}').{b}(function() {{ $(this).attr('{c}', {n}); }});",
            f"{a}: {{ {b}: {n}, '{c}': [{m}, {n}], enabled: true }},",
            f"self.{a} = {b}({c}, {n}) if {c} is not None else 0x{m:x}",
            f"elif isinstance({a}, {kind}) and len({b}) > {n}: raise ValueError({c})",
            f"sudo {a} --{b}={m} -x /usr/{c}/{n} | grep -v {a} > /dev/null 2>&1",
        )
    )


def _markup(rng: random.Random) -> str:
    tag, name = rng.choice(_TAGS), _name(rng)
    return f'<{tag} class="{name}-{rng.randrange(99)}" id="{_name(rng)}"><{tag}/></{tag}>'


def _style(rng: random.Random) -> str:
    rules = "; ".join(
        f"{rng.choice(_STYLES)}: "
        + rng.choice((f"{rng.randrange(99)}{rng.choice(_UNITS)}", rng.choice(_SETTINGS)))
        for _ in range(rng.randint(1, 4))
    )
    return f"{rng.choice(('.', '#', rng.choice(_TAGS) + '.'))}{_name(rng)} {{ {rules}; }}"


def _sql(rng: random.Random) -> str:
    table, a, b, c = (_name(rng) for _ in range(4))
    n, kind, other = rng.randrange(1000), rng.choice(_COLUMNS), rng.choice(_COLUMNS)
    made = rng.choice(
        (
            f"CREATE TABLE {table} ({a} {kind} NOT NULL, {b} {other} DEFAULT {n}, "
            f"PRIMARY KEY ({a}));",
            f"INSERT INTO {table} ({a}, {b}) VALUES ({n}, '{c}');",
            f"ALTER TABLE {table} ADD COLUMN {a} {kind}; DROP INDEX IF EXISTS {b};",
            f"SELECT {a}, COUNT(*) FROM {table} t JOIN {b} u ON t.{a} = u.{c} GROUP BY {a};",
            f"CREATE FUNCTION {table}({kind}) RETURNS {other} AS $$ BEGIN RETURN {a}; END $$;",
            f"UPDATE {table} SET {a} = {n} WHERE {b} IS NULL AND {c} IN (SELECT {a} FROM {b});",
        )
    )
    return made if rng.random() < 0.6 else made.lower()


def _log(rng: random.Random) -> str:
    r = rng.randrange
    return (
        f"20{r(30):02}-{r(1, 13):02}-{r(1, 29):02}T{r(24):02}:{r(60):02}:{r(60):02}Z "
        f"{rng.choice(('INFO', 'WARN', 'ERROR', 'DEBUG'))} [{_name(rng)}:{r(999)}] "
        f"{_name(rng)}={r(9999)} 0x{r(2**32):08x}"
    )


def _invented(rng: random.Random) -> str:
    return "".join(
        rng.choice("bcdfghlmnprstvw")
        + rng.choice(("a", "e", "i", "o", "u", "er", "an", "in", "ea"))
        for _ in range(rng.randint(2, 4))
    )


def _access(rng: random.Random) -> str:
    r = rng.randrange
    path = "/".join(rng.choice((_name, _invented))(rng) for _ in range(rng.randint(1, 4)))
    client = ".".join(str(r(256)) for _ in range(4))
    agent = (
        f"{rng.choice(_NOUNS).title()}/{r(20)}.{r(10)} ({_name(rng)}; {_name(rng)} {r(12)}_{r(9)})"
    )
    return (
        f"{client} - {rng.choice(('-', _name(rng)))} "
        f"[{r(1, 29):02}/{rng.choice(_MONTHS)}/20{r(30):02}:{r(24):02}:{r(60):02}:{r(60):02} "
        f'{rng.choice("+-")}0{r(10)}00] "{rng.choice(("GET", "POST", "HEAD"))} /{path} HTTP/1.1" '
        f"{rng.choice((200, 301, 304, 404, 500))} {r(100_000)}"
        + rng.choice(
            ("", ' "-"', f' "-" "{agent}"', f' "https://{rng.choice(_NOUNS)}.com/" "{agent}"')
        )
    )


def _base64(rng: random.Random) -> str:
    return base64.b64encode(rng.randbytes(rng.randint(9, 90))).decode()


def _hex(rng: random.Random) -> str:
    return rng.choice((rng.randbytes(rng.randint(8, 40)).hex(), str(rng.getrandbits(128))))


def _letters(rng: random.Random) -> str:
    alphabet = rng.choice(_ALPHABETS)
    return " ".join(
        "".join(rng.choices(alphabet, k=rng.randint(1, 12))) for _ in range(rng.randint(2, 9))
    )


def _keyboard(rng: random.Random) -> str:
    row = rng.choice(_ROWS)
    return " ".join(
        "".join(rng.choice(row) for _ in range(rng.randint(3, 10)))
        for _ in range(rng.randint(1, 5))
    )


def _parts(rng: random.Random) -> str:
    return " ".join(
        "".join(rng.choices(string.ascii_uppercase, k=rng.randint(1, 4)))
        + rng.choice(("-", "", "/"))
        + str(rng.randrange(100_000))
        for _ in range(rng.randint(1, 8))
    )


def _json(rng: random.Random) -> str:
    values = (
        lambda: str(rng.randrange(10_000)),
        lambda: f'"{_name(rng)}"',
        lambda: rng.choice(("true", "false", "null")),
        lambda: f"[{rng.randrange(99)}, {rng.randrange(99)}]",
        lambda: f'{{"{_name(rng)}": {rng.random():.3f}}}',
    )
    rows = ", ".join(f'"{_name(rng)}": {rng.choice(values)()}' for _ in range(rng.randint(2, 6)))
    return f"{{{rows}}},"


def _table(rng: random.Random) -> str:
    comma = rng.choice((",", ";", "\t", " | "))
    width = rng.randint(3, 7)
    head = comma.join(_name(rng) for _ in range(width))
    rows = "\n".join(
        comma.join(
            rng.choice((str(rng.randrange(10_000)), f"{rng.random() * 99:.2f}",
                        f"20{rng.randrange(10, 30)}-{rng.randrange(1, 13):02}-01", _name(rng)))
            for _ in range(width)
        )
        for _ in range(rng.randint(2, 8))
    )  # fmt: skip
    return f"{head}\n{rows}"


def _path(rng: random.Random) -> str:
    host = (
        f"{rng.choice(_NOUNS)}{rng.choice(_VERBS)}.{rng.choice(('com', 'org', 'net', 'de', 'io'))}"
    )
    parts = "/".join(_name(rng) for _ in range(rng.randint(1, 4)))
    end = rng.choice(("", "/", ".html", ".php?id=", "?page="))
    return f"{rng.choice(('', '//', '/'))}{host}/{parts}{end}{rng.choice(('', rng.randrange(999)))}"


KINDS = {
    "code": _code, "markup": _markup, "style": _style, "log": _log, "base64": _base64,
    "hex": _hex, "access": _access, "letters": _letters, "keyboard": _keyboard, "parts": _parts,
    "json": _json, "table": _table, "path": _path, "sql": _sql,
}  # fmt: skip
"""The generators, by the kind of text that they make."""

_WEIGHTS = {"code": 6, "markup": 2, "style": 2, "log": 1, "access": 1, "base64": 2, "hex": 1,
            "letters": 4, "keyboard": 1, "parts": 1, "json": 2, "table": 2, "path": 1,
            "sql": 2}  # fmt: skip


def salads(count: int, rng: random.Random, words: Sequence[str]) -> list[str]:
    """Return `count` word salads, of 8 to 50 words drawn from `words` of many languages.

    Half are of words in ASCII letters only: mixed scripts alone would give the others away.
    """
    plain = [word for word in words if word.isascii()]
    pools = [pool for pool in (words, plain) if pool]
    return [
        " ".join(rng.choices(pools[n % len(pools)], k=rng.randint(8, 50))) for n in range(count)
    ]


def generate(count: int, rng: random.Random) -> list[tuple[str, str]]:
    """Return `count` pairs (kind, text) of 10 to 450 characters.

    Args:
        count: how many.
        rng: the source of chance; the same state gives the same texts.
    """
    found: list[tuple[str, str]] = []
    kinds, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    while len(found) < count:
        kind = rng.choices(kinds, weights)[0]
        size, text = rng.randint(10, 450), ""
        while len(text) < size:
            text += KINDS[kind](rng) + rng.choice(("\n", " ", "\n    "))
        found.append((kind, text[: max(size, 10)].strip()))
    return found
