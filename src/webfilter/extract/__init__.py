"""HTML in, main text out.

In: documents with the page as fetched (`Document.html`, bytes in any encoding). Out: the same with
`Document.text`, the HTML let go, and signals about encoding, engine and size. `Extract` is the
stage; `Cascade` filters a fast draft first and extracts with care what passes; `Sandboxed` runs any
other stage under the same limits; `ENGINES` names the engines.
"""

from webfilter.extract.cascade import Cascade
from webfilter.extract.engine import ENGINES
from webfilter.extract.page import Extract
from webfilter.extract.sandbox import Sandboxed

__all__ = ["ENGINES", "Cascade", "Extract", "Sandboxed"]
