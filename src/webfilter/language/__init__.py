"""Text in, language out: the signals `language`, `language_score` and `language_script`.

`Language` is the stage, `DraftLanguage` the check of raw HTML before extraction, `LanguageParts`
what cuts a page in several languages. `engines` is the seam to what recognizes languages (one file
an engine); of the embedded one, `prepare` chooses what is read, `features` makes numbers of it,
`weights` adds them up, and `scripts` names scripts. The packaged model lies in `models/`, with its
sha256 in a manifest.
"""

from webfilter.language.draft import DraftLanguage
from webfilter.language.engines import Engine, Guess
from webfilter.language.language import Language
from webfilter.language.parts import LanguageParts

__all__ = ["DraftLanguage", "Engine", "Guess", "Language", "LanguageParts"]
