"""Checked by mypy --strict, never run: the public interface as a typed program uses it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, assert_type

import webfilter as wf
from webfilter.report import Breakdown, Comparison, Diff, Removal, Sweep
from webfilter.score.annotation import Annotation
from webfilter.testing import check_stage
from webfilter.tuning import Proposal, Tuning, tune


@dataclass(frozen=True)
class Shout(wf.Filter):
    """Drops texts in capitals."""

    measures: ClassVar[tuple[wf.Signal, ...]] = (wf.Signal("capitals", "float", "Share", "share"),)
    max_capitals: float | None = 0.5

    @property
    def rules(self) -> tuple[wf.Rule, ...]:
        return () if self.max_capitals is None else (wf.Rule("capitals", le=self.max_capitals),)

    def measure(self, doc: wf.Document) -> Mapping[str, float]:
        return {"capitals": sum(map(str.isupper, doc.text)) / max(1, len(doc.text))}


def use() -> None:
    """Use it."""
    pipe = wf.Extract() | wf.Language({"en"}) | Shout() | wf.MinHash()
    assert_type(pipe, wf.Pipeline)
    assert_type(pipe | wf.Educational(min_score=None), wf.Pipeline)
    assert_type(wf.Pipeline((wf.Extract(), Shout())), wf.Pipeline)
    assert_type(pipe.kept(wf.read("crawl/*.warc.gz")), Iterator[wf.Document])
    assert_type(pipe(["a text"]), list[wf.Document])
    assert_type(wf.SeenIn("index") | wf.LanguageParts(model="lid.bin"), wf.Pipeline)
    report = pipe.run(wf.read.warc("x.warc.gz").take(1000), "out", workers=2)
    assert_type(report, wf.Report)
    assert_type(pipe.run(["a text"], workers=wf.RayWorkers(2, {"num_gpus": 1})), wf.Report)
    wf.TableWorker(pipe.fit(["a text"]))(report)
    assert_type(report.kept, int)
    assert_type(pipe.explain("<p>x</p>"), wf.Explanation)
    assert_type(wf.recipe("educational").fingerprint(), str)
    assert_type(wf.fineweb2({"de": "deu_Latn.yml", "th": {"stopwords": []}}), wf.Pipeline)
    found = tune("good.jsonl", ["a text"], pipe, by="language", skip=["words"])
    assert_type(found, Tuning)
    assert_type(found.proposals, tuple[Proposal, ...])
    assert_type(found.pipe | Shout(), wf.Pipeline)
    assert_type(wf.tune("good.jsonl", "bad.jsonl").pipe, wf.Pipeline)
    assert_type(wf.GopherQuality.profile("dclm", min_words=20), wf.GopherQuality)
    assert_type(report.sweep("words", [20, 50]), Sweep)
    assert_type(report.borderline("words", n=3)[0], wf.Document)
    assert_type(report.removal(), Removal)
    assert_type(report.breakdown("language"), Breakdown)
    assert_type(report.clusters("minhash", n=3)[0].diff(), Diff)
    compared = wf.compare("run-1", report, examples=5)
    assert_type(compared, Comparison)
    assert_type(compared.transitions, dict[str, int])
    assert_type(compared.examples("kept -> dropped", 3)[0].rule, str)
    assert_type(wf.Where(lambda doc: bool(doc.text), reason="empty") | wf.Pii(), wf.Pipeline)
    check_stage(Shout())


def configure() -> None:
    """Paths may be str, and what the documentation writes as a list may be one."""
    for path in ("a", Path("a")):
        wf.Contamination(path) | wf.Contamination([path]) | wf.Contamination({"gsm8k": path})
        wf.Language(engine="fasttext", model=path) | wf.DraftLanguage(model=path)
        wf.FastTextQuality(path) | wf.TransformersModel(path) | wf.Educational(model=path)
        wf.Extract(save_failures=path) | wf.Sandboxed(wf.Pii(), save_failures=path)
        wf.UrlFilter(host_files=(path,), word_files=(path,)) | wf.BadWords((path,))
        wf.SeenBefore(state=path) | wf.MinHashOnline(state=path)
        wf.Annotator("http://localhost:8000/v1", "some-model", cache=path)
    wf.Tiers({"phase1": [wf.Rule("words", gt=50)], "phase2": {"language": ["en"], "clean": 1.5}})
    trainer = wf.EducationalTrainer(tops=[5])
    trainer.fit(["a", "b"], [4, None]).fit(["a", "b"], {"educational": [4.0, None]})
    rows = wf.Annotations.read("labels.jsonl", wf.Rubric.packaged("educational"))
    assert_type(rows[0], Annotation)
    assert_type(rows[:2], tuple[Annotation, ...])
