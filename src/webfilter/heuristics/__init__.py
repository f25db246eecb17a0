"""Documents in, the same documents judged by rules that need no model: addresses, form, repetition.

One family a file. `gopher`, `repetition`, `c4`, `fineweb`, `lines` and `texturls` have named,
versioned profiles (`webfilter.profiles`) with the words, lines, comparisons and order of their
sources, `composition` is NeMo Curator's; `url`, `length`, `pii`, `badwords` and `contamination` are
our own. Tokens come from `webfilter.text`.
"""
