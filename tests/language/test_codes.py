"""Every spelling of a language leads to one code."""

from __future__ import annotations

import pytest

from webfilter.codes import accepted, canonical, known, script_of


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("en", "en"), ("eng", "en"), ("EN", "en"), ("eng_Latn", "en"), ("en-US", "en"),
        ("en_GB", "en"), ("English", "en"), ("__label__en", "en"), ("__label__eng_Latn", "en"),
        ("ger", "de"), ("deu", "de"), ("fre", "fr"), ("dut", "nl"), ("per", "fa"), ("pes", "fa"),
        ("iw", "he"), ("in", "id"), ("ji", "yi"), ("ydd", "yi"), ("jw", "jv"), ("mo", "ro"),
        ("nob", "nb"), ("nno", "nn"), ("nor", "no"), ("arb_Arab", "ar"), ("ara", "ar"),
        ("arz", "arz"), ("cmn_Hani", "zh"), ("zho_Hans", "zh"), ("zh-cn", "zh"), ("chi", "zh"),
        ("yue_Hant", "yue"), ("zsm", "ms"), ("msa", "ms"), ("khk", "mn"), ("kmr", "ku"),
        ("ckb", "ckb"), ("plt", "mg"), ("ekk", "et"), ("lvs", "lv"), ("als", "sq"), ("npi", "ne"),
        ("ory", "or"), ("swh", "sw"), ("uzn", "uz"), ("azj", "az"), ("azb", "azb"), ("fil", "tl"),
        ("ga", "ga"), ("gle", "ga"), ("gaa", "gaa"), ("srp_Cyrl", "sr"), ("und", "und"),
        ("Bangla", "bn"), ("Māori", "mi"), ("Northern Sotho", "nso"), ("Tongan", "to"),
        ("Aromanian", "rup"), ("Piedmontese", "pms"), ("Newari", "new"), ("West Flemish", "vls"),
        ("zxx", "und"), ("xyz_Latn", "xyz"), (" De ", "de"), ("ace_Arab", "ace"),
    ],
)  # fmt: skip
def test_spellings_lead_to_the_iso_code(spelling: str, code: str) -> None:
    assert canonical(spelling) == code


def test_a_canonical_code_stays_what_it_is() -> None:
    assert all(canonical(code) == code for code in known())


def test_a_region_is_no_member() -> None:
    assert [canonical(code) for code in ("sh-HR", "no-NB", "zh-Hant-yue")] == ["sh", "no", "zh"]
    assert canonical("zh-yue-HK") == "yue"


def test_two_letter_codes_win_over_three() -> None:
    # ISO 639-1 has 183 languages, each with a code in ISO 639-3
    two = {code for code in known() if len(code) == 2}
    assert len(two) == 184  # and the withdrawn macrolanguage "sh"
    assert {"aa", "zu", "no", "nb", "nn", "sh"} <= two


def test_a_macrolanguage_accepts_its_members_and_no_member_the_others() -> None:
    assert accepted({"no"}) == {"no", "nb", "nn"}
    assert accepted({"nb"}) == {"nb"}
    assert "yue" in accepted({"zh"})
    assert accepted({"yue"}) == {"yue"}
    assert accepted({"sh"}) == {"sh", "bs", "cnr", "hr", "sr"}
    assert "id" not in accepted({"ms"})


def test_scripts_are_read_off_the_code() -> None:
    assert script_of("zho_Hant") == "Hant"
    assert script_of("sr-latn-RS") == "Latn"
    assert script_of("__label__zh-tw") == "Hant"
    assert script_of("en-US") is None
    assert script_of("german") is None
