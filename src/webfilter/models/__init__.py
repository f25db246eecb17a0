"""Model files from elsewhere: a name goes in, the path of a checked file comes out.

`table` is the table of names, `store` the folder where files lie, `download` and `transfer` what
fills it, `command` the command line. Nothing is fetched at import, when a stage is built, or in a
run: only `fetch` and ``webfilter models fetch`` do it.

>>> from webfilter import models
>>> models.known("glotlid").license
'Apache-2.0'
"""

from webfilter.models.download import fetch
from webfilter.models.store import Stored, folder, resolve, stored, verify
from webfilter.models.table import KNOWN, KnownModel, known

__all__ = [
    "KNOWN",
    "KnownModel",
    "Stored",
    "fetch",
    "folder",
    "known",
    "resolve",
    "stored",
    "verify",
]
