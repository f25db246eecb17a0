"""Our own engine: which blocks of a page are its main content, by a small network.

In: HTML. Out: the kept blocks as text or Markdown, with the F1 that the model expects of them.
"""
