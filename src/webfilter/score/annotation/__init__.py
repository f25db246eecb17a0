"""Texts in, labels by LLM readers out: what `webfilter.score.annotator` is made of.

`rubric` is what readers judge by, `prompt` words the question and `reply` reads the answer; `chat`
asks over HTTP, `waits` says when and how many at once, `purse` for how much, `cache` keeps answers;
`session` brings them together. `rows` and `annotations` are what comes out, `agreement` compares.
"""

from webfilter.score.annotation.agreement import Agreement
from webfilter.score.annotation.annotations import Annotations
from webfilter.score.annotation.rows import Annotation, Cost, Reading
from webfilter.score.annotation.rubric import Rubric, Scale

__all__ = [
    "Agreement",
    "Annotation",
    "Annotations",
    "Cost",
    "Reading",
    "Rubric",
    "Scale",
]
