"""Text in, learned scores out: the signals `educational`, `reasoning`, `lasting`, `clean`.

`Educational` is the stage. `windows` cuts a long text into pieces, `features` counts what is in
them, `model` scores them in exact integer arithmetic, `packaged` loads model files by checksum from
`models/`. Training and evaluation are in ``classifiers/``, outside the package.
"""

from webfilter.score.educational import Educational

__all__ = ["Educational"]
