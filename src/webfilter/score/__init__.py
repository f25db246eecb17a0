"""Text in, learned scores out: the signals `educational`, `reasoning`, `lasting`, `clean`.

`Educational` is the stage. `windows` cuts a long text into pieces, `features` counts what is in
them, `model` scores them in exact integer arithmetic, `packaged` loads model files by checksum from
`models/`.

What a user may have already: `FastTextQuality`, `Estimator`, `TransformersModel`; `Ensemble` and
`RankEnsemble` put signals together. What to keep: limits of the stages, `TopShare`, `TokenBudget`,
`Tiers`. How to make a model: `select` and `Annotator` for labels, `EducationalTrainer` (`fit`) and
`Teacher` for training. The scripts that made the packaged model are in ``classifiers/``.
"""

from webfilter.score.educational import Educational

__all__ = ["Educational"]
