"""The codes of ISO 639 and the labels of other people's models lead to the right code.

The lists are facts, written down here so that nothing need be installed: ISO 639-1 and 639-2 as of
pycountry 26.2.16; labels as of lid.176.ftz, FLORES-200's README, lingua 2.1.1, langdetect 1.0.9,
pycld2 0.42, CLD3's list, from memory.
"""

from __future__ import annotations

import pytest

from webfilter.codes import (
    accepted,
    branches,
    canonical,
    keyed,
    known,
    recognized,
    under,
)
from webfilter.codes.members import MEMBERS
from webfilter.errors import ConfigError, UnknownName


def words(text: str) -> list[str]:
    return text.split()


ISO_639_1 = words("""
aa aar ab abk ae ave af afr ak aka am amh an arg ar ara as asm av ava ay aym az aze ba bak be bel
bg bul bi bis bm bam bn ben bo bod br bre bs bos ca cat ce che ch cha co cos cr cre cs ces cu chu
cv chv cy cym da dan de deu dv div dz dzo ee ewe el ell en eng eo epo es spa et est eu eus fa fas
ff ful fi fin fj fij fo fao fr fra fy fry ga gle gd gla gl glg gn grn gu guj gv glv ha hau he heb
hi hin ho hmo hr hrv ht hat hu hun hy hye hz her ia ina id ind ie ile ig ibo ii iii ik ipk io ido
is isl it ita iu iku ja jpn jv jav ka kat kg kon ki kik kj kua kk kaz kl kal km khm kn kan ko kor
kr kau ks kas ku kur kv kom kw cor ky kir la lat lb ltz lg lug li lim ln lin lo lao lt lit lu lub
lv lav mg mlg mh mah mi mri mk mkd ml mal mn mon mr mar ms msa mt mlt my mya na nau nb nob nd nde
ne nep ng ndo nl nld nn nno no nor nr nbl nv nav ny nya oc oci oj oji om orm or ori os oss pa pan
pi pli pl pol ps pus pt por qu que rm roh rn run ro ron ru rus rw kin sa san sc srd sd snd se sme
sg sag sh hbs si sin sk slk sl slv sm smo sn sna so som sq sqi sr srp ss ssw st sot su sun sv swe
sw swa ta tam te tel tg tgk th tha ti tir tk tuk tl tgl tn tsn to ton tr tur ts tso tt tat tw twi
ty tah ug uig uk ukr ur urd uz uzb ve ven vi vie vo vol wa wln wo wol xh xho yi yid yo yor za zha
zh zho zu zul
""")
BIBLIOGRAPHIC = {
    "alb": "sq", "arm": "hy", "baq": "eu", "bur": "my", "chi": "zh", "cze": "cs", "dut": "nl",
    "fre": "fr", "geo": "ka", "ger": "de", "gre": "el", "ice": "is", "mac": "mk", "mao": "mi",
    "may": "ms", "per": "fa", "rum": "ro", "slo": "sk", "tib": "bo", "wel": "cy",
}  # fmt: skip
RETIRED = {
    "iw": "he", "ji": "yi", "in": "id", "mo": "ro", "mol": "ro", "jw": "jv", "sh": "sh",
    "bh": "bho", "scr": "hr", "scc": "sr", "no-bok": "nb", "no-nyn": "nn",
}  # fmt: skip
LID_176 = words("""
af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co
cs cv cy da de diq dsb dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif
hr hsb ht hu hy ia id ie ilo io is it ja jbo jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo
lrc lt lv mai mg mhr min mk ml mn mr mrj ms mt mwl my myv mzn nah nap nds ne new nl nn no oc or os
pa pam pfl pl pms pnb ps pt qu rm ro ru rue sa sah sc scn sco sd sh si sk sl so sq sr su sv sw ta
te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo wa war wuu xal xmf yi yo yue zh
""")
LINGUA = words("""
af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gu he hi hr hu hy id is it ja ka
kk ko la lg lt lv mi mk mn mr ms nb nl nn pa pl pt ro ru sk sl sn so sq sr st sv sw ta te th tl tn
tr ts uk ur vi xh yo zh zu
""")
LANGDETECT = words("""
af ar bg bn ca cs cy da de el en es et fa fi fr gu he hi hr hu id it ja kn ko lt lv mk ml mr ne nl
no pa pl pt ro ru sk sl so sq sv sw ta te th tl tr uk ur vi
""")
CLD2 = words("""
aa ab af ak am ar as ay az ba be bg bi bn bo br bs ca ceb co crs cs cy da de dv dz ee el en eo es
et eu fa fi fj fo fr fy ga gaa gd gl gn gu gv ha haw hi hmn hr ht hu hy ia id ie ig ik is it iu ja
ka kha kk kl km kn ko kri ks ku ky la lb lg lif ln lo loz lt lua luo lv mfe mg mi mk ml mn mr ms mt
my na ne new nl nn no nr nso ny oc om or os pa pam pl ps pt qu raj rm rn ro ru rw sa sco sd sg si
sk sl sm sn so sq sr ss st su sv sw syr ta te tg th ti tk tl tlh tn to tr ts tt tum tw ug uk ur uz
ve vi vo war wo xh yi yo za zh zu
""")
CLD3 = words("""
af am ar az be bg bn bs ca ceb co cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha haw hi
hmn hr ht hu hy id ig is it ja ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne nl
no ny pa pl ps pt ro ru sd si sk sl sm sn so sq sr st su sv sw ta te tg th tr uk ur uz vi xh yi yo
zh zu
""")
FLORES = words("""
ace_Arab:ace ace_Latn:ace acm_Arab:acm acq_Arab:acq aeb_Arab:aeb afr_Latn:af ajp_Arab:ajp
aka_Latn:ak amh_Ethi:am apc_Arab:apc arb_Arab:ar arb_Latn:ar ars_Arab:ars ary_Arab:ary arz_Arab:arz
asm_Beng:as ast_Latn:ast awa_Deva:awa ayr_Latn:ay azb_Arab:azb azj_Latn:az bak_Cyrl:ba bam_Latn:bm
ban_Latn:ban bel_Cyrl:be bem_Latn:bem ben_Beng:bn bho_Deva:bho bjn_Arab:bjn bod_Tibt:bo bos_Latn:bs
bug_Latn:bug bul_Cyrl:bg cat_Latn:ca ceb_Latn:ceb ces_Latn:cs cjk_Latn:cjk ckb_Arab:ckb
crh_Latn:crh cym_Latn:cy dan_Latn:da deu_Latn:de dik_Latn:dik dyu_Latn:dyu dzo_Tibt:dz ell_Grek:el
eng_Latn:en epo_Latn:eo est_Latn:et eus_Latn:eu ewe_Latn:ee fao_Latn:fo fij_Latn:fj fin_Latn:fi
fon_Latn:fon fra_Latn:fr fur_Latn:fur fuv_Latn:ff gla_Latn:gd gle_Latn:ga glg_Latn:gl grn_Latn:gn
guj_Gujr:gu hat_Latn:ht hau_Latn:ha heb_Hebr:he hin_Deva:hi hne_Deva:hne hrv_Latn:hr hun_Latn:hu
hye_Armn:hy ibo_Latn:ig ilo_Latn:ilo ind_Latn:id isl_Latn:is ita_Latn:it jav_Latn:jv jpn_Jpan:ja
kab_Latn:kab kac_Latn:kac kam_Latn:kam kan_Knda:kn kas_Arab:ks kat_Geor:ka knc_Latn:kr kaz_Cyrl:kk
kbp_Latn:kbp kea_Latn:kea khm_Khmr:km kik_Latn:ki kin_Latn:rw kir_Cyrl:ky kmb_Latn:kmb kmr_Latn:ku
kon_Latn:kg kor_Hang:ko lao_Laoo:lo lij_Latn:lij lim_Latn:li lin_Latn:ln lit_Latn:lt lmo_Latn:lmo
ltg_Latn:ltg ltz_Latn:lb lua_Latn:lua lug_Latn:lg luo_Latn:luo lus_Latn:lus lvs_Latn:lv
mag_Deva:mag mai_Deva:mai mal_Mlym:ml mar_Deva:mr min_Latn:min mkd_Cyrl:mk plt_Latn:mg mlt_Latn:mt
mni_Beng:mni khk_Cyrl:mn mos_Latn:mos mri_Latn:mi mya_Mymr:my nld_Latn:nl nno_Latn:nn nob_Latn:nb
npi_Deva:ne nso_Latn:nso nus_Latn:nus nya_Latn:ny oci_Latn:oc gaz_Latn:om ory_Orya:or pag_Latn:pag
pan_Guru:pa pap_Latn:pap pes_Arab:fa pol_Latn:pl por_Latn:pt prs_Arab:fa pbt_Arab:ps quy_Latn:qu
ron_Latn:ro run_Latn:rn rus_Cyrl:ru sag_Latn:sg san_Deva:sa sat_Beng:sat scn_Latn:scn shn_Mymr:shn
sin_Sinh:si slk_Latn:sk slv_Latn:sl smo_Latn:sm sna_Latn:sn snd_Arab:sd som_Latn:so sot_Latn:st
spa_Latn:es als_Latn:sq srd_Latn:sc srp_Cyrl:sr ssw_Latn:ss sun_Latn:su swe_Latn:sv swh_Latn:sw
szl_Latn:szl tam_Taml:ta tat_Cyrl:tt tel_Telu:te tgk_Cyrl:tg tgl_Latn:tl tha_Thai:th tir_Ethi:ti
taq_Latn:taq taq_Tfng:taq tpi_Latn:tpi tsn_Latn:tn tso_Latn:ts tuk_Latn:tk tum_Latn:tum tur_Latn:tr
twi_Latn:tw tzm_Tfng:tzm uig_Arab:ug ukr_Cyrl:uk umb_Latn:umb urd_Arab:ur uzn_Latn:uz vec_Latn:vec
vie_Latn:vi war_Latn:war wol_Latn:wo xho_Latn:xh ydd_Hebr:yi yor_Latn:yo yue_Hant:yue zho_Hans:zh
zho_Hant:zh zsm_Latn:ms zul_Latn:zu
""")
OTHERS = {  # what OpenLID-v2 and -v3, GlotLID, CLD2, CLD3, Wikipedia and browsers say otherwise
    "ara_Arab": "ar", "fas_Arab": "fa", "cmn_Hans": "zh", "cmn_Hani": "zh", "gug_Latn": "gn",
    "ekk_Latn": "et", "zlm_Latn": "ms", "hbs_Latn": "sh", "cnr_Latn": "cnr", "swc_Latn": "swc",
    "bcl_Latn": "bcl", "aii_Syrc": "syr", "sdc_Latn": "sdc", "ktu_Latn": "ktu", "kng_Latn": "kg",
    "mhr_Cyrl": "mhr", "zxx_Zxxx": "und", "zxx_Latn": "und", "und_Xsux": "und", "un": "und",
    "xx-Arab": "und", "xxx": "und", "zh-Hant": "zh", "sr-ME": "sr", "zzp": "zzp", "bg-Latn": "bg",
    "ja-Latn": "ja", "fil": "tl", "zh-yue": "yue", "zh-min-nan": "nan", "zh-classical": "lzh",
    "zh-cmn-Hans-CN": "zh", "be-tarask": "be", "be-x-old": "be", "fiu-vro": "vro", "roa-rup": "rup",
    "bat-smg": "sgs", "nds-nl": "nds", "ar-arz": "arz", "en-001": "en", "es-419": "es",
    "de-1996": "de", "sr-Latn-RS": "sr", "pt_BR": "pt", "en_US.UTF-8": "en", "no-nob": "nb",
}  # fmt: skip


def test_every_code_of_iso_639_1_has_its_code_of_three_letters() -> None:
    assert len(ISO_639_1) == 2 * 184
    for two, three in zip(ISO_639_1[::2], ISO_639_1[1::2], strict=True):
        assert canonical(two) == canonical(three) == two
    assert {c for c in known() if len(c) == 2} == set(ISO_639_1[::2])


def test_bibliographic_and_retired_codes() -> None:
    for code, wanted in {**BIBLIOGRAPHIC, **RETIRED}.items():
        assert (code, canonical(code)) == (code, wanted)


def test_labels_of_models() -> None:
    for labels in (LID_176, LINGUA, LANGDETECT, CLD2, CLD3):
        for label in set(labels) - {"bh", "als"}:
            assert canonical(label) == label
            assert label in known()
    for pair in FLORES:
        label, code = pair.split(":")
        assert (label, canonical(f"__label__{label}")) == (label, code)
        assert code in known()
    for label, code in OTHERS.items():
        assert (label, canonical(label)) == (label, code)


def test_a_code_of_iso_639_3_without_a_row_is_recognized_as_itself() -> None:
    assert recognized("abz_Latn") == "abz"
    assert recognized("ABZ") == "abz"
    assert "abz" not in known()


@pytest.mark.parametrize(
    ("asked", "near"),
    [("germn", "german"), ("englsh", "english"), ("eng1", "eng"), ("zzx", ""), ("", ""),
     ("q" * 10_000, ""), ("\ud800", ""), ("__label__", ""), ("e n", "")],
)  # fmt: skip
def test_what_nobody_knows_is_an_error_with_a_near_match(asked: str, near: str) -> None:
    with pytest.raises(UnknownName, match="unknown key of x") as caught:
        recognized(asked, "key of x")
    if near in known() or near in {"german", "english"}:
        assert f"did you mean {near!r}" in str(caught.value)


def test_two_spellings_of_one_language_are_refused() -> None:
    with pytest.raises(ConfigError, match="'en' and 'eng_Latn' are the same language"):
        keyed({"en": 1, "eng_Latn": 2}, "key of x")


def test_members_and_spellings_never_overlap() -> None:
    for macro, members in MEMBERS.items():
        assert canonical(macro) == macro
        assert len(set(members)) == len(members)
        for member in members:  # one that is the same could never be measured
            assert canonical(member) == member
            assert recognized(member) == member
    several = [m for of in MEMBERS.values() for m in of]
    assert len(several) == len(set(several)), "a member would go to either of two macrolanguages"


def test_nothing_that_is_another_language_is_accepted() -> None:
    for macro, not_a_member in (("ms", "id"), ("ms", "min"), ("no", "da"), ("fa", "tg"),
                                ("kg", "ktu"), ("sr", "hr"), ("id", "ms")):  # fmt: skip
        assert not_a_member not in accepted({macro})


@pytest.mark.parametrize(
    ("code", "keys", "served"),
    [("nb", {"no"}, "no"), ("nb", {"no", "nb"}, "nb"), ("no", {"nb"}, None), ("hr", {"sh"}, "sh"),
     ("yue", {"zh", "en"}, "zh"), ("id", {"ms"}, None), ("en", set(), None)],
)  # fmt: skip
def test_a_member_goes_to_its_macrolanguage_unless_it_has_its_own(
    code: str, keys: set[str], served: str | None
) -> None:
    assert under(code, keys) == served
    found = [key for key, codes in branches(sorted(keys)).items() if code in codes]
    assert found == ([] if served is None else [served])
