"""Text in, language out: the signals `language`, `language_score` and `language_script`.

`Language` is the stage. `codes` brings every spelling of a language to one code, `engines` is the
seam to what recognizes languages (one file an engine), `scripts` names scripts. Packaged models lie
in `models/`, with their sha256 in a manifest.
"""

from webfilter.language.codes import accepted, canonical
from webfilter.language.engines import Engine, Guess
from webfilter.language.language import Language

__all__ = ["Engine", "Guess", "Language", "accepted", "canonical"]
