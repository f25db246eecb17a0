"""Macrolanguages of ISO 639-3: which of their members are the same to us, and which are not.

Some codes stand for several languages (``ar``, ``zh``, ``no``), and every engine and corpus cuts
them otherwise: lid.176 says ``ms``, FLORES-200 and OpenLID ``zsm``, GlotLID both ``zsm`` and
``zlm``. Three things may become of a member:

- It is *the same*: its code is one more spelling of the macrolanguage's. So is what people and
  engines mean by the macrolanguage: the written standard (``cmn``, ``arb``, ``zsm``, ``ekk``), or
  members that share spelling and press and that no engine tells apart well (``pes`` and ``prs``).
  `codes.tsv` lists them.
- It is *of its own*: it keeps its code, and who asks for the macrolanguage gets it, too. So is what
  engines have labels for because it is written otherwise. `MEMBERS` lists them.
- It is *another language*: who asks for the macrolanguage does not get it. ISO 639-3 counts
  Indonesian, Minangkabau and Banjar as Malay; nobody who asks for Malay wants these.

==== ============================ ============== ==================================================
code the same                     of its own     why
==== ============================ ============== ==================================================
ak                                fat tw         three written standards; FLORES labels ak and tw
ar   arb                          arz ary ...    arb is written everywhere, the others are speech
ay   ayr ayc                                     corpora and engines hold ayr and call it ay
az   azj                          azb            azb (Iran) is in Arabic script
cr   csw crk                                     two dialects next to each other, one syllabary
et   ekk                          vro            Võro is written otherwise
fa   pes prs                                     one written language; engines confuse Iran's and
                                                 Afghanistan's, OpenLID-v3 and GlotLID merge them
ff   fuv fuc fuf ffm ...                         corpora say ful or any one of these for the same
gn   gug                                         gug is Paraguay's official one
ik   esi esk                                     one orthography
iu   ike                                         corpora say iku and ike of the same texts
kg   kng                          kwy ldi        ktu, a creole of it, is another language (Kituba)
kr   knc                          kby krt        knc is the written one
ku   kmr                          ckb sdh        Kurmanji in Latin script is what ``ku`` labels
lv   lvs                          ltg            Latgalian is written otherwise
mg   plt                          bhr bmm ...    plt is the official one
mn   khk                          mvf            mvf (China) is in Mongolian script
ms   zsm zlm                                     Indonesian (id), Minangkabau, Banjar: others
ne   npi                          dty            Doteli has a Wikipedia of its own
no                                nb nn          two written standards, both Norwegian; an engine's
                                                 ``no`` beside nn is nb
oj   ojb                          ciw ojc ...    ojb is what corpora hold
om   gaz                          gax hae orc    gaz is the written one
or   ory                          spv            ory is the official one
ps   pbt pbu pst                                 one written language
qu   quy quz qxn quh              the others     what corpora call qu is one of these four;
                                                 GlotLID tells 30 more apart
sc   src sro                      sdc sdn        sdc and sdn are nearer to Corsican
sh                                bs hr sr cnr   withdrawn, and still lid.176's and HPLT's label
sq   als                          aln aae aat    als is the written one (Tosk); lid.176's ``als``
                                                 is Alemannic, see its engine
sw   swh                          swc            swh is what everybody writes
syr  aii                          cld            aii is what corpora hold
uz   uzn                          uzs            uzs (Afghanistan) is in Arabic script
yi   ydd                          yih            ydd is what is written; hardly anybody writes yih
za                                zyb zch ...    corpora say za for the standard
zh   cmn                          yue wuu ...    cmn is written everywhere; Cantonese and Wu differ
==== ============================ ============== ==================================================
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MEMBERS"]

MEMBERS: Mapping[str, tuple[str, ...]] = {
    code: tuple(members.split())
    for code, members in {
        "ak": "fat tw",
        "ar": (
            "aao abh abv acm acq acw acx acy adf aeb aec afb ajp apc apd arq ars ary arz auz avl "
            "ayh ayl ayn ayp pga shu ssh"
        ),
        "az": "azb",
        "bal": "bcc bgn bgp",
        "bik": "bcl bln bto cts fbl lbl rbl ubl",
        "bua": "bxm bxr bxu",
        "chm": "mhr mrj",
        "cr": "crj crl crm cwd",
        "din": "dib dik dip diw dks",
        "doi": "dgo xnr",
        "et": "vro",
        "gn": "gnw gui gun nhd",
        "hmn": (
            "cqd hea hma hmc hmd hme hmg hmh hmi hmj hml hmm hmp hmq hms hmw hmy hmz hnj hrm huj "
            "mmr muq mww sfm"
        ),
        "iu": "ikt",
        "kg": "kwy ldi",
        "kln": "enb eyo niq oki pko sgc spy tec tuy",
        "kok": "gom knn",
        "kpe": "gkp xpe",
        "kr": "kby krt",
        "ku": "ckb sdh",
        "kv": "koi kpv",
        "lah": "hnd hno jat phr pnb skr xhe",
        "luy": "bxk ida lkb lko lks lri lrm lsm lto lts lwg nle nyd rag",
        "lv": "ltg",
        "man": "emk mku mlq mnk msc mwk",
        "mg": "bhr bmm bzc msh skg tdx tkg txy xmv xmw",
        "mn": "mvf",
        "mwr": "dhd mtr mve rwr swv wry",
        "ne": "dty",
        "no": "nb nn",
        "oj": "ciw ojc ojg ojs ojw otw",
        "om": "gax hae orc",
        "or": "spv",
        "qu": (
            "qub qud quf qug quk qul qup qur qus quw qux qva qvc qve qvh qvi qvj qvl qvm qvn "
            "qvo qvp qvs qvw qvz qwa qwc qwh qws qxa qxc qxl qxo qxp qxr qxt qxu qxw"
        ),
        "raj": "bgq gda gju hoj mup wbr",
        "rom": "rmc rmf rml rmn rmo rmw rmy",
        "sc": "sdc sdn",
        "sh": "bs cnr hr sr",
        "sq": "aae aat aln",
        "sw": "swc",
        "syr": "cld",
        "tmh": "taq thv thz ttq",
        "uz": "uzs",
        "yi": "yih",
        "za": "zch zeh zgb zgm zgn zhd zhn zlj zln zlq zqe zyb zyg zyj zyn zzj",
        "zap": (
            "zaa zab zac zad zae zaf zai zam zao zaq zar zas zat zav zaw zax zca zoo zpa zpb zpc "
            "zpd zpe zpf zpg zph zpi zpj zpk zpl zpm zpn zpo zpp zpq zpr zps zpt zpu zpv zpw zpx "
            "zpy zpz zsr zte ztg ztl ztm ztn ztp ztq zts ztt ztu ztx zty"
        ),
        "zh": "cdo cjy cnp cpx csp czh czo gan hak hsn lzh mnp nan wuu yue",
        "zza": "diq kiu",
    }.items()
}
"""Members with a code of their own, by macrolanguage; canonical codes.

ISO 639-3's table, as in the IANA registry of language subtags of 2024, less Malay's (``ms`` means
standard Malay to everybody) and macrolanguages that no engine labels.
"""
