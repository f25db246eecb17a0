"""Personal data in texts: e-mail addresses, phone, card and account numbers, public IP addresses.

Finds them by form and by what can be checked (check digits, country codes, number plans), masks
and counts them. The values themselves go nowhere: neither into signals nor into errors nor logs.

After FineWeb's last step (Penedo et al. 2024; datatrove's ``PIIFormatter``), which masks e-mail
addresses and public IPv4 addresses: ``Pii.profile("fineweb")``. What each kind finds and leaves on
purpose is said in its file under `webfilter.heuristics.personal`.

It does not find names, street addresses, birthdays or national identity numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from webfilter.document import Document, Value
from webfilter.errors import UnknownName
from webfilter.heuristics.limits import limit
from webfilter.heuristics.personal import KINDS, Kind, Matches, find, masked
from webfilter.profiles import Profile, Profiled
from webfilter.stage import Rule, Signal, Transform, judge

__all__ = ["PROFILES", "Pii"]

_TAGS: Mapping[Kind, tuple[str, ...]] = {kind: (f"<{kind.upper()}>",) for kind in KINDS}
_EXAMPLES: Mapping[Kind, tuple[str, ...]] = {
    "email": ("email@example.com", "firstname.lastname@example.org"),
    "ip": (
        "22.214.171.124",
        "126.96.36.199",
        "188.8.131.52",
        "184.108.40.206",
        "220.127.116.11",
        "18.104.22.168",
    ),
    "iban": ("XX00 0000 0000 0000 0000",),
    "card": ("0000 0000 0000 0000",),
    "phone": ("+0 000 000 0000",),
}
_SIGNALS: Mapping[Kind, str] = {
    "email": "pii_emails",
    "ip": "pii_ips",
    "iban": "pii_ibans",
    "card": "pii_cards",
    "phone": "pii_phones",
}
PROFILES = {
    "webfilter-2026-11": Profile(source="the default: all kinds, with tags for masks"),
    "fineweb": Profile(
        source="FineWeb (2024), datatrove's PIIFormatter: e-mail addresses and public IP addresses",
        deviations=(
            "IPv6 is masked, too; versions (four numbers below 32) and multicast are left; a "
            "mailbox has no = / ? { | }, a domain ends in two letters or more and may be beyond "
            "ASCII; the replacements begin anew in each text, there they go on"
        ),
        settings={"kinds": frozenset({"email", "ip"}), "mask": "example", "spelled": False},
    ),
}
"""Whose kinds and masks; the first is the default."""


@dataclass(frozen=True)
class Pii(Profiled, Transform):
    """Mask e-mail addresses, phone, card and account numbers and public IP addresses.

    Masks on purpose, too: addresses at example.com and numbers of fiction (555-0100). Leaves on
    purpose: IP addresses that are private or reserved, versions, digits in one piece without a
    word for telephones beside them, groups that are as likely a date, range, score or amount.

    Words for telephones ("Tel.", "mobil", "call", "fax", "WhatsApp"; "contact", where the number
    begins as national numbers do) are known in Latin letters for the languages of Europe and for
    Turkish, Azerbaijani, Uzbek, Indonesian, Malay, Vietnamese, Filipino, Swahili, Hausa, Yoruba,
    Igbo, Somali, Zulu, Xhosa, Afrikaans, Malagasy; and in their own scripts for Russian, Ukrainian,
    Belarusian, Bulgarian, Serbian, Macedonian, Kazakh, Mongolian, Greek, Armenian, Georgian,
    Hebrew, Arabic, Persian, Urdu, Pashto, Kurdish, Hindi, Marathi, Nepali, Bengali, Assamese,
    Punjabi, Gujarati, Odia, Tamil, Telugu, Kannada, Malayalam, Sinhala, Thai, Lao, Khmer, Burmese,
    Amharic, Chinese, Japanese, Korean. Digits may be those of any script.

    What an earlier stage drops is written to ``dropped/`` as it was: put this one first where
    personal data may not be stored. So is what this one drops (`max_pii`).

    A second pass changes nothing on texts as people write them: neither tags nor the examples are
    personal data. It may where a match stands in a run of letters and signs without a space, or
    where a mask of your own looks like some other kind.

    Raises:
        ConfigError: a field's value does not fit.
        UnknownName: `mask` names a kind that there is not.

    >>> doc = Document("a", "Ann (ann@firm.example, +49 30 901820) was born on 1-2-1998.")
    >>> text, signals = Pii().transform(doc)
    >>> text
    'Ann (<EMAIL>, <PHONE>) was born on 1-2-1998.'
    >>> signals["pii"], signals["pii_emails"], signals["pii_ips"]
    (2, 1, 0)
    >>> text = "See 8.8.4.4 or ask ann@firm.example, tel. 555-1234."
    >>> Pii.profile("fineweb").transform(Document("a", text))[0]
    'See 22.214.171.124 or ask email@example.com, tel. 555-1234.'
    """

    name: ClassVar[str] = "pii"
    profiles: ClassVar[Mapping[str, Profile]] = PROFILES
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("pii", "int", "Personal data found, all kinds", "matches", 0),
        Signal("pii_emails", "int", "E-mail addresses found", "matches", 0),
        Signal("pii_ips", "int", "Public IP addresses found", "matches", 0),
        Signal("pii_ibans", "int", "International bank account numbers found", "matches", 0),
        Signal("pii_cards", "int", "Payment card numbers found", "matches", 0),
        Signal("pii_phones", "int", "Phone numbers found", "matches", 0),
        Signal("pii_character_ratio", "float", "Characters of what was found", "share", 0, 1),
    )

    kinds: Set[Kind] = frozenset(KINDS)
    """What to look for; the signal of a kind that is not looked for is None."""
    mask: Literal["tag", "example"] | Mapping[str, str] | None = "tag"
    """What to write instead: ``tag``: "<EMAIL>"; ``example``: FineWeb's addresses of nobody, the
    first for the first match in a text, and so on around; a mapping from kind to text, with tags
    for kinds that it does not name; None: only count."""
    spelled: bool = True
    """Whether e-mail addresses may have their sign written out: "ann(at)firm.de", "(ät)"."""
    max_pii: int | None = None
    """Most matches; None: drop nothing."""
    max_pii_character_ratio: float | None = None
    """Greatest share of the characters: for lists of addresses, of which masking leaves nothing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.mask, Mapping):
            for kind in self.mask:
                if kind not in KINDS:
                    raise UnknownName("kind in pii: mask", kind, KINDS)

    def __hash__(self) -> int:
        mask = tuple(sorted(self.mask.items())) if isinstance(self.mask, Mapping) else self.mask
        limits = (self.max_pii, self.max_pii_character_ratio)
        return hash((self.kinds, mask, self.spelled, limits))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The limits on matches and on their share of the text; none by default."""
        return (
            *limit("pii", le=self.max_pii),
            *limit("pii_character_ratio", le=self.max_pii_character_ratio),
        )

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of the patterns."""
        return {"pii": "patterns-3"}

    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        """Return the text masked, and the signals."""
        return self._transform_all([doc.text])[0]

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Look through the texts of the batch together, then mask and judge each."""
        rules = self.rules
        marked = []
        changed = self._transform_all([doc.text for doc in batch])
        for doc, (text, signals) in zip(batch, changed, strict=True):
            merged = {**doc.signals, **signals}
            verdict = judge(rules, merged, self.name)
            marked.append(replace(doc, text=text, signals=merged, verdict=verdict))
        return marked

    def _transform_all(self, texts: Sequence[str]) -> list[tuple[str, dict[str, Value]]]:
        """Look through all texts at once, as no match has a line end in it."""
        bounds = np.cumsum([0, *(len(text) + 1 for text in texts)])
        found = Matches.of(find("\n".join(texts), self.kinds, spelled=self.spelled))
        parts = zip(texts, found.parted(bounds), strict=True)
        return [self._masked(text, matches) for text, matches in parts]

    def _masked(self, text: str, found: Matches) -> tuple[str, dict[str, Value]]:
        if self.mask is None:
            return text, self._signals(text, found)
        masks = _TAGS if self.mask == "tag" else self._masks()
        if self.mask != "tag":
            found = found.other_than(text, masks)
        signals = self._signals(text, found)
        return (masked(text, found, masks) if len(found) else text), signals

    def _signals(self, text: str, found: Matches) -> dict[str, Value]:
        counts = np.bincount(found.kinds, minlength=len(KINDS)).tolist()
        signals: dict[str, Value] = {"pii": len(found)}
        for kind, count in zip(KINDS, counts, strict=True):
            signals[_SIGNALS[kind]] = count if kind in self.kinds else None
        characters = int((found.ends - found.starts).sum())
        signals["pii_character_ratio"] = characters / len(text) if text else None
        return signals

    def _masks(self) -> Mapping[Kind, tuple[str, ...]]:
        """Return what to write for each kind, in turns."""
        if isinstance(self.mask, Mapping):
            given = self.mask
            return {kind: (given[kind],) if kind in given else _TAGS[kind] for kind in KINDS}
        return _TAGS if self.mask == "tag" else _EXAMPLES
