"""Chooses the stop words of every language and writes them into `webfilter/languages.tsv`.

    python classifiers/language/stop_words.py DATA [--write]

DATA is the folder with `hplt2_weak.jsonl.xz` (web), `lingua_sentences.jsonl.xz` (news, books) and
`udhr.jsonl.xz` (the declaration of human rights). Half of each, by a hash of the text, is read;
`benchmarks/stop_words.py` measures on the other half. Only words and counts leave this script.

A stop word here is a word that any prose has: it stands in lower case in a large share of the texts
of *every* source. What is frequent in one source only falls out by that, whatever the language:
"right" and "everyone" (the declaration), "read" and "site" (the web), names and numbers. A language
with the declaration alone gets no list; one with the web alone gets one from stricter limits, with
`hplt` as its only source. What was still no function word, to a reader of the lists, is in `NOT`.

The rows on scripts and the comments of the file are written by hand and stay as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from statistics import mean

import webfilter
from webfilter.codes import canonical
from webfilter.heuristics.gopher import STOP_WORDS
from webfilter.language.scripts import main_script
from webfilter.languages import scripts, words_of
from webfilter.text import Words, tokenize

sys.path.insert(0, str(Path(__file__).parent))
from data import fits_script, to_latin

TABLE = Path(webfilter.__file__).parent / "languages.tsv"
SOURCES = {"hplt2_weak": "hplt", "lingua_sentences": "lingua", "udhr": "udhr"}
MOST, LEAST = 15, 8
"""Words of a list, for each script."""
LENGTHS = {"hplt": 0, "lingua": 450, "udhr": 225}
"""Characters to which sentences and paragraphs are joined; an excerpt has 450."""
LEAST_TEXTS = {"hplt": 40, "lingua": 20, "udhr": 12}
"""A source with fewer says nothing."""
CLEAR, FAINT, UNEVEN = 0.1, 0.03, 5.0
"""Least share of the texts of every source that have the word. Where that leaves less than `LEAST`
words, the second will do, if no source has more than `UNEVEN` times the share of another: languages
with long words repeat few of them."""
ALONE = (0.15, 0.08)
"""The same two where the web is the only source."""
ENOUGH, ENOUGH_WEB = 0.6, 0.39
"""Least share of texts with two stop words, in the best source and in the (noisy) web excerpts."""
TOGETHER = {"no": ("nb", "nn"), "sh": ("bs", "hr", "sr")}
"""Codes that have no texts of their own, and whose they take."""
WRITTEN = 0.03
"""Least share of a language's texts in a script for it to be one of the language's."""
ALSO_WRITTEN = {
    "az": "Arab", "ban": "Bali", "bm": "Nkoo", "bug": "Bugi", "dyu": "Nkoo", "ff": "Adlm",
    "jv": "Java", "kab": "Tfng", "kk": "Arab Latn", "ku": "Arab", "ky": "Arab", "mn": "Mong",
    "mni": "Mtei", "pa": "Arab", "sd": "Deva", "su": "Sund", "taq": "Tfng", "tt": "Latn",
}  # fmt: skip
"""Scripts in use that the corpora lack; from Unicode's CLDR, supplemental data on languages."""
_HAN = {"Hans": "Hani", "Hant": "Hani"}

WHOLE: Mapping[str, str] = {
    "zh": "的 是 在 不 了 和 有 也 就 而 与 與 这 這 为 為 及 我 你 他 都 以 于 於 之 但 或",
    "yue": "係 嘅 唔 喺 同 有 都 佢 咗 嗰 就 個 亦 而 我 你 啲 嚟 及 以 或",
    "ja": "の は を に が で と も て へ や",
    "th": "ที่ ใน และ ได้ ให้ ไม่ มี จะ นี้ ก็ ไป มา ว่า แต่",
    "lo": "ທີ່ ໃນ ແລະ ໄດ້ ໃຫ້ ບໍ່ ມີ ຈະ ນີ້ ກໍ່ ກໍ ໄປ ມາ ວ່າ ແຕ່ ຫຼື ຕໍ່",
    "km": "នៅ ជា ទៅ ថា នេះ នោះ ពី គឺ ដ៏ តែ ទេ ក៏ នៃ ឬ ឱ្យ",
    "my": "ကို မှ သို့ တို့ မှာ တွေ ပါ မှု သော ကြ များ ရှိ နေ ဟု ဒီ ပြီး ခဲ့ နဲ့",
    "bo": "དང ཀྱི ལ པའི གི གྱི ནས དུ ནི དེ ཡིན ལས འདི བའི ཀྱིས གིས ཡོད མི ཏུ སྟེ",
}
"""Where no spaces part words: function words that are one token to us, by hand from the grammar.
Counting ranks them; by itself it would find the commonest pieces of any word."""

NOT: Mapping[str, str] = {
    "am": "ትምህርት ሕግ ድርጅት ደረጃ መንገድ",
    "as": "ইংৰাজী কৰক",
    "az": "böyük ildə il",
    "azb": "آذربایجان",
    "ba": "дәүләт йыл лат тип",
    "bho": "भोजपुरी",
    "bjn": "bahasa تاهون",
    "ckb": "کوردستان",
    "dik": "kɔc raan rin",
    "ee": "ame",
    "ff": "leydi",
    "fj": "tamata",
    "gd": "h",
    "hne": "देखे",
    "ht": "moun",
    "id": "orang",
    "kab": "ass",
    "kam": "andũ ũndũ sika",
    "kbp": "ɛjaɖɛ payaɣ tɔm",
    "kg": "muntu bantu mambu",
    "ki": "andũ",
    "kk": "мемлекеттік",
    "kmb": "muthu athu mundu",
    "ky": "жалпы",
    "lg": "abantu",
    "lij": "n",
    "ln": "bato moto",
    "ltg": "nūvoda",
    "lua": "bantu muntu mudimu malu buloba meji",
    "mag": "काम",
    "mai": "लोक देश",
    "mg": "olona",
    "mn": "хүн хүний улс арга нийгмийн улсын",
    "mni": "তোপিক ইনফোর্মেসন পীরি মতাংদা থবক লৈনবা",
    "ny": "anthu dziko",
    "ps": "افغانستان",
    "qu": "runa runakuna runaqa allin",
    "rn": "gihugu",
    "sat": "ᱦᱚᱲ ᱡᱚᱡᱚᱱᱟ",
    "sg": "zo ngbanga ndo ndö tënë",
    "sh": "m",
    "si": "අද",
    "sm": "tagata",
    "sn": "vanhu munhu munyika nyika",
    "sr": "m",
    "ss": "bantfu tindzaba live",
    "sw": "nchi",
    "ta": "ஆண்டு",
    "ti": "ኤርትራ ህዝቢ",
    "tk": "milli esasy",
    "tpi": "manmeri man",
    "ts": "vanhu",
    "tum": "ŵanthu",
    "uz": "asosiy davlat katta xalqaro milliy",
    "war": "tawo",
    "xh": "umsebenzi indawo abantu",
    "zu": "abantu",
}
"""No function words, though every corpus has them: people, country, year, God, letters alone."""
SPELLINGS = {"ckb": ("هك", "ەک"), "ro": ("şţ", "șț")}
"""Letters that are typed in two ways: the old counts as the new, and both are listed."""
RESPELLED: Mapping[str, str] = {
    "uz": "ва билан бир учун ҳамда бу бошқа олиб томонидан қилиш қилинган ушбу ҳар унинг сифатида",
}
"""The list in another script that the web writes and the corpora lack, letter by letter."""
NONE: Mapping[str, str] = {
    "bug": "the web texts are mostly not Buginese",
    "crh": "the web texts are in no settled spelling",
    "gn": "the web texts are half Spanish",
    "li": "the web texts are Dutch and Frisian",
}
"""Languages without a list, and why."""


def half_of(text: str) -> int:
    """Return 0 for the half that the lists are made from, 1 for the half to measure on."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] & 1


def texts(folder: Path, half: int | None) -> Iterator[tuple[str, str, str, str]]:
    """Yield (code, script, source, text) of the texts in `half`; None: all."""
    for name, source in SOURCES.items():
        with lzma.open(folder / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                text, language = row["text"], row["lang"]
                if row.get("kind", "sentences") != "sentences" or not fits_script(text, language):
                    continue
                script = main_script(text)
                if script is None or half not in (None, half_of(text)):
                    continue
                code = canonical(language)
                yield code, _HAN.get(script, script), source, text
                if code == "sr" and script == "Cyrl":
                    yield code, "Latn", source, to_latin(text)


def gathered(folder: Path, half: int | None) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Return the texts by code and script, then by source, sentences and paragraphs joined."""
    found: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for code, script, source, text in texts(folder, half):
        for each in (code, *(name for name, of in TOGETHER.items() if code in of)):
            found[each, script][source].append(text)
    return {
        key: {source: joined(each, LENGTHS[source]) for source, each in of.items()}
        for key, of in found.items()
    }


def joined(found: Sequence[str], length: int) -> list[str]:
    """Return the texts, neighbors joined until they have `length` characters; the rest is left."""
    out: list[str] = []
    held = ""
    for text in found:
        held += text + "\n"
        if len(held) > length:
            out.append(held)
            held = ""
    return out


def shares(found: Sequence[str], words: Words, script: str) -> dict[str, float]:
    """Return the share of the texts that have each word, as the filter would find it."""
    counts: Counter[str] = Counter()
    for text in found:
        text = unicodedata.normalize("NFC", text)
        counts.update(set(tokenize(text, words).words(text)))
    of = _HAN.get(script, script)
    return {
        word: count / len(found)
        for word, count in counts.items()
        if count > 1 and is_word(word) and fits(word, of)
    }


def is_word(token: str) -> bool:
    """Return whether a token can be a stop word: letters and their marks, in lower case."""
    kinds = {unicodedata.category(char)[0] for char in token}
    return kinds <= {"L", "M"} and "L" in kinds and token == token.lower()


def fits(word: str, script: str) -> bool:
    """Return whether a word is written in `script` (English among Hindi is not)."""
    own = main_script(word)
    return own is not None and (_HAN.get(own, own) == script or script == "Jpan")


def chosen(
    code: str, script: str, by_source: Mapping[str, Sequence[str]]
) -> tuple[list[str], list[str]]:
    """Return the stop words of a language in a script, best first, and the sources that agree.

    The declaration has no say where it leaves too few and two other sources are there. Words that
    the texts themselves, those of this half, do not have two of are no list.
    """
    without = {name: of for name, of in by_source.items() if name != "udhr"}
    tried = [by_source, without] if {"hplt", "lingua"} <= set(by_source) else [by_source]
    found = [agreed(code, script, of) for of in tried]
    good = [
        (words, names) for words, names in found if covers(code, words, names, script, by_source)
    ]
    long = [(words, names) for words, names in good if len(words) >= LEAST]
    return [*long, *good, ([], [])][0]


def covers(
    code: str,
    words: Sequence[str],
    names: Sequence[str],
    script: str,
    by_source: Mapping[str, Sequence[str]],
) -> bool:
    """Return whether enough of the texts of the sources called `names` have two of the words."""
    cut = words_of(code, script) if words else None
    if cut is None:
        return False
    have = {
        name: mean(len(set(words) & set(tokenize(t, cut).words(t))) >= 2 for t in by_source[name])
        for name in names
    }
    return max(have.values()) >= ENOUGH and have.get("hplt", 1) >= ENOUGH_WEB


def agreed(
    code: str, script: str, by_source: Mapping[str, Sequence[str]]
) -> tuple[list[str], list[str]]:
    """Return the words that all the sources agree on, best first, and the sources."""
    about = scripts().get(script)
    cut = None if about is None else words_of(code, script)
    if about is None or cut is None or code in NONE:
        return [], []
    if about.segmentation != "spaces" and code not in WHOLE and script != "Tibt":
        return [], []
    old, new = SPELLINGS.get(code, ("", ""))
    to_new, to_old = str.maketrans(old, new), str.maketrans(new, old)
    found = {
        source: shares([text.translate(to_new) for text in each], cut, script)
        for source, each in by_source.items()
        if len(each) >= LEAST_TEXTS[source]
    }
    if set(found) <= {"udhr"}:
        return [], []
    allowed = set(WHOLE[code].split()) if code in WHOLE else None
    ranked: dict[str, tuple[float, list[float]]] = {}
    for word in set.intersection(*(set(of) for of in found.values())):
        if word in NOT.get(code, "").split() or (allowed is not None and word not in allowed):
            continue
        each = [of[word] for of in found.values()]
        ranked[word] = prod(each) ** (1 / len(each)), each
    best = sorted(ranked, key=lambda word: (-ranked[word][0], word))
    clear_from, faint_from = (CLEAR, FAINT) if len(found) > 1 else ALONE
    clear = [word for word in best if min(ranked[word][1]) >= clear_from]
    if len(clear) < LEAST:
        clear = [
            word
            for word in best
            if word in clear or faint_from <= min(ranked[word][1]) >= max(ranked[word][1]) / UNEVEN
        ]
    best = clear[:MOST]
    both = dict.fromkeys(form for word in best for form in (word, word.translate(to_old)))
    return list(both), sorted(found)


def rows(folder: Path) -> Iterator[tuple[str, list[str], list[str], list[str]]]:
    """Yield (code, scripts, stop words, sources) of every language of the corpora."""
    by_half, by_all = gathered(folder, 0), gathered(folder, None)
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for (code, script), of in by_all.items():
        written[code][script] += sum(map(len, of.values()))
    for code in sorted(written):
        total = sum(written[code].values())
        names = [name for name, n in written[code].most_common() if n >= WRITTEN * total]
        stop_words: list[str] = []
        sources: set[str] = set()
        for name in names:
            found, agreeing = chosen(code, name, by_half.get((code, name), {}))
            stop_words += [word for word in found if word not in stop_words]
            sources |= set(agreeing) if found else set()
        stop_words += RESPELLED.get(code, "").split()
        names += [name for name in ALSO_WRITTEN.get(code, "").split() if name not in names]
        if code == "en":
            stop_words, sources = list(STOP_WORDS), {"gopher"}
        if len(stop_words) < 2:
            stop_words, sources = [], set()
        yield code, names, stop_words, sorted(sources)


def main() -> None:
    """Print the lists, or write them into the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true", help="write them into the table")
    options = parser.parse_args()
    made = [
        "\t".join((code, " ".join(names), " ".join(words), " ".join(sources)))
        for code, names, words, sources in rows(options.data)
    ]
    if not options.write:
        print("\n".join(made))
        return
    kept = [
        line for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("language\t")
    ]
    made = [f"language\t{row}" for row in made]
    TABLE.write_text("\n".join([*kept, *made]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
