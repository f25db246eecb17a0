"""Documents in, the same documents judged by rules that need no model: addresses, form, repetition.

One family a file, each a named profile with the words, lines, comparisons and order of its source:
`url`, `gopher`, `repetition`, `c4`, `fineweb`. Tokens come from `webfilter.text`.
"""
