import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reruns import WORDS
from test_report_page import EVIL, Checker
from toys import FirstOf, Length, Quota

import webfilter as wf
from webfilter import ConfigError, Document, ExactDedup, MinHash, Pipeline, Report, UnknownName
from webfilter.cli import main
from webfilter.dedup import NearDuplicates
from webfilter.dedup.marked import cluster_signals
from webfilter.document import Verdict
from webfilter.errors import SourceError
from webfilter.report import absorbed, largest
from webfilter.report.cluster import Cluster, Member, host_of
from webfilter.report.clusters import Clusters, sizes
from webfilter.report.diff import MOST
from webfilter.report.largest import Gather
from webfilter.report.matching import similarity, words_of
from webfilter.stage import OnlineStage

PIPE = Length(20) | ExactDedup() | MinHash(threshold=0.5) | Length(150)
HOSTS = ("a.example", "b.example", "c.example")


def sentences(rng, count):
    return " ".join(" ".join(rng.choices(WORDS, k=9)).capitalize() + "." for _ in range(count))


def copies(rng, families, *, most=9):
    """Return documents in families: copies, edited copies, and texts that stand alone."""
    docs = []

    def add(text):
        name = f"d{len(docs):04}"
        url = f"https://{rng.choice(HOSTS)}/{name}" if rng.random() < 0.9 else None
        docs.append(Document(name, text, url=url))

    for family in range(families):
        text = f"Story number {family} begins. {sentences(rng, rng.randrange(2, 9))}"
        add(text)
        for copy in range(rng.randrange(most)):
            add(text if rng.random() < 0.4 else f"{text} Copied by {WORDS[copy]}, once more.")
    docs += [Document(f"s{name}", name) for name in ("x", "short", "")]
    rng.shuffle(docs)
    return docs


@pytest.fixture(scope="module")
def docs():
    return copies(random.Random(5), 30)


@pytest.fixture(scope="module")
def folder(docs, tmp_path_factory):
    out = tmp_path_factory.mktemp("clusters") / "run"
    PIPE.run(docs, out, progress=False)
    return out


@pytest.fixture(scope="module")
def marked(docs):
    return PIPE(docs)


def by_hand(marked, stage, n):
    """Return (size, survivor, members, hosts) of the largest, told from whole documents."""
    absorbed = defaultdict(list)
    for doc in marked:
        if doc.verdict and doc.verdict.stage == stage and doc.verdict.of is not None:
            absorbed[doc.verdict.of].append(doc)
    found = sorted(absorbed.items(), key=lambda item: (-len(item[1]), item[0]))[:n]
    return [
        (len(gone) + 1, of, {doc.id for doc in gone}, Counter(host_of(doc.url) for doc in gone))
        for of, gone in found
    ]


def told(found):
    return [
        (each.size, each.of, {member.id for member in each.members}, Counter(dict(each.hosts)))
        for each in found
    ]


# what is found


@pytest.mark.parametrize("stage", ["exact_dedup", "minhash"])
@pytest.mark.parametrize("n", [1, 4, 1_000])
def test_the_largest_are_those_that_a_look_at_every_document_finds(folder, marked, stage, n):
    found = Report.load(folder).clusters(stage, n, members=1_000)
    truth = by_hand(marked, stage, n)
    assert told(found) == truth
    whole = {doc.id: doc for doc in marked}
    assert len(truth) > 0
    for cluster in found:
        for member in (cluster.survivor, *cluster.members):
            doc = whole[member.id]
            assert replace(member.document, signals=doc.signals) == doc
            assert member.length == len(doc.text)
        assert cluster.survivor.id == cluster.of
        assert {member.document.verdict.of for member in cluster.members} == {cluster.of}


@pytest.mark.parametrize("stage", ["exact_dedup", "minhash"])
def test_sizes_sum_to_what_was_dropped(folder, marked, stage):
    found = Report.load(folder).clusters(stage)
    dropped = sum(doc.verdict is not None and doc.verdict.stage == stage for doc in marked)
    every = by_hand(marked, stage, 1_000)
    assert found.dropped == dropped == sum(size - 1 for size, *_ in every)
    assert found.total == len(every) == sum(row.clusters for row in found.sizes)
    assert found.all_dropped == sum(doc.verdict is not None for doc in marked)
    assert found.documents == len(marked)
    for row in found.sizes:
        inside = [size for size, *_ in every if row.low <= size <= row.high]
        assert (row.clusters, row.dropped) == (len(inside), sum(inside) - len(inside))
        assert row.high & (row.high - 1) == 0


@given(st.lists(st.integers(2, 70), max_size=60))
def test_the_distribution_is_a_count(members):
    counts = Counter()
    for size in members:
        counts[size] += size - 1
    rows = sizes(counts)
    assert sum(row.clusters for row in rows) == len(members)
    assert sum(row.dropped for row in rows) == sum(members) - len(members)
    assert [row.low for row in rows] == sorted(
        {2 ** (m - 1).bit_length() // 2 + 1 for m in members}
    )


@pytest.mark.parametrize(("form", "workers"), [("parquet", 2), ("jsonl.gz", 1)])
def test_every_way_to_hold_the_documents_gives_the_same_answer(
    docs, marked, folder, tmp_path, form, workers
):
    out = tmp_path / "run"
    run = PIPE.run(docs, out, format=form, workers=workers, batch_size=7, progress=False)
    assert [each.to_dict() for each in run.largest] == [
        each.to_dict() for each in Report.of(PIPE, marked).largest
    ]
    truth = Report.load(folder).clusters("minhash", 6)
    for report in (Report.load(out), Report.of(PIPE, marked)):
        found = report.clusters("minhash", 6)
        assert found.to_dict() == truth.to_dict()
        assert str(found) == str(truth)


def test_a_few_members_are_drawn_whatever_the_order(docs):
    shuffled = random.Random(1).sample(docs, len(docs))
    one, other = (Report.of(PIPE, PIPE(each)).clusters("minhash", 8) for each in (docs, shuffled))
    assert one.to_dict() == other.to_dict()
    assert max(len(cluster.members) for cluster in one) == 5


def test_a_survivor_that_left_later_says_so(marked):
    found = Report.of(PIPE, marked).clusters("minhash", 1_000)
    later = [c for c in found if c.survivor.document.verdict is not None]
    assert later
    assert all(each.survivor.document.verdict.stage == "length_2" for each in later)
    assert "left later: length_2: length " in str(found)
    assert "left later: length_2" in Checker(found.to_html()).text
    stored = Clusters.from_dict(json.loads(json.dumps(found.brief().to_dict())))
    assert stored.to_dict() == found.brief().to_dict()
    for text in (str(stored), Checker(stored.to_html()).text):
        assert text.count("left later: length_2") == len(later)


def test_signals_of_an_earlier_run_are_not_believed(tmp_path):
    stale = {"duplicate_cluster": "gone", "duplicate_cluster_size": 99}
    text = sentences(random.Random(0), 5)
    docs = [Document(str(n), text, signals=stale) for n in range(4)]
    docs += [Document("tiny", "x", signals=stale)]
    report = (Length(20) | MinHash()).run(docs, tmp_path / "run", progress=False)
    for found in (report.clusters(), *report.largest):
        assert [(c.of, c.size) for c in found] == [("0", 4)]
        assert found.dropped == 3


def test_two_stages_that_share_their_signals(docs, tmp_path):
    pipe = MinHash(threshold=0.95) | MinHash(threshold=0.3)
    report = pipe.run(docs, tmp_path / "run", progress=False)
    marked = pipe(docs)
    for stage, shown in zip(("minhash", "minhash_2"), report.largest, strict=True):
        truth = by_hand(marked, stage, 10)
        found = report.clusters(stage, 10, members=1_000)
        assert told(found) == truth
        assert all(cluster.survivor is not None for cluster in found)
        assert [(c.size, c.of) for c in shown] == [(size, of) for size, of, *_ in truth]
        assert shown.dropped == sum(size - 1 for size, *_ in by_hand(marked, stage, 1_000))


@pytest.mark.parametrize("at_once", [3, 4_000_000])
def test_where_sizes_are_not_stored_they_are_counted(docs, monkeypatch, at_once):
    monkeypatch.setattr(absorbed, "AT_ONCE", at_once)
    pipe = Length(2) | FirstOf() | Quota(10_000)
    marked = pipe(docs)
    found = Report.of(pipe, marked).clusters(n=5, members=1_000)
    assert found.stage == "first_of"
    assert told(found) == by_hand(marked, "first_of", 5)
    assert found.dropped == sum(row[0] - 1 for row in by_hand(marked, "first_of", 1_000))


@dataclass(frozen=True)
class Again(OnlineStage[dict[str, list[str]]]):
    """Drops a text that came before; the size that it stores is the one so far."""

    measures: ClassVar = cluster_signals("again_cluster", "equal texts that came before")

    def start(self):
        return {}

    def observe(self, state, batch):
        marked = []
        for doc in batch:
            seen = state.setdefault(doc.text, [])
            seen.append(doc.id)
            sized = len(seen) if len(seen) > 1 else None
            doc = doc.with_signals({"again_cluster": seen[0], "again_cluster_size": sized})
            marked.append(doc.drop(Verdict(self.name, "again", of=seen[0])) if sized else doc)
        return marked

    def save(self, state, path):
        path.write_text(json.dumps(state))

    def load(self, path):
        return json.loads(path.read_text())


def test_sizes_of_an_endless_stream_are_counted_in_the_end(docs, tmp_path):
    pipe = Length(2) | Again()
    report = pipe.run(docs, tmp_path / "run", progress=False)
    found = report.clusters(n=5, members=1_000)
    assert told(found) == by_hand(pipe(docs), "again", 5)
    assert found.dropped == report.dropped - 2
    assert report.largest == ()


def test_verdicts_tell_where_the_pipeline_cannot_be_built(folder, docs):
    report = Report.load(folder)
    report.recipe = ""
    truth = Report.load(folder).clusters("minhash", 5)
    assert report.clusters("minhash", 5).to_dict() == truth.to_dict()


def test_a_fitted_pipeline_is_asked_like_any_other(docs, tmp_path):
    fitted = MinHash(threshold=0.5) | Length(150)
    fitted = fitted.fit(docs)
    assert isinstance(fitted.steps[0], NearDuplicates)
    report = fitted.run(docs, tmp_path / "run", progress=False)
    truth = by_hand(fitted(docs), "minhash", 10)
    assert [(c.size, c.of) for c in report.largest[0]] == [(size, of) for size, of, *_ in truth]
    assert told(report.clusters(n=10, members=1_000, pipe=fitted)) == truth


def test_the_one_that_stayed_may_be_of_an_earlier_run():
    pipe = Pipeline((MinHash(),))
    gone = Verdict("minhash", "near_duplicate", of="elsewhere")
    docs = [
        Document(
            name, "Text.", signals={"duplicate_cluster": "elsewhere", "duplicate_cluster_size": 3}
        ).drop(gone)
        for name in "ab"
    ]
    found = Report.of(pipe, docs).clusters()
    [cluster] = found
    assert (cluster.size, cluster.survivor, cluster.least_similar) == (3, None, None)
    assert "not among those of this run" in str(found)
    Checker(found.to_html())
    with pytest.raises(ConfigError, match="no diff"):
        found.diff(0)


@given(
    st.lists(st.tuples(st.integers(2, 6), st.text("abcd", min_size=1, max_size=3)), max_size=80),
    st.integers(1, 6),
)
def test_gathering_in_any_order_is_sorting(offers, n):
    of_size = {}
    for size, of in offers:
        of_size.setdefault(of, size)
    gather = Gather(n)
    for number, (_, of) in enumerate(offers):
        if of_size[of] >= gather.least:
            entry = gather.offer(of_size[of], of)
            if entry is not None:
                entry.absorb(2, str(number), None, lambda number=number: number)
        assert len(gather.entries) <= n
    found = gather.clusters(lambda number: Member.of(Document(str(number))))
    truth = sorted(of_size.items(), key=lambda item: (-item[1], item[0]))[:n]
    assert [(c.of, c.size) for c in found] == truth
    # of those that are left, every document was counted
    seen = Counter(of for _, of in offers)
    assert [sum(count for _, count in c.hosts) for c in found] == [seen[of] for of, _ in truth]


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(largest, "_HOSTS", 50)
    watch = largest.Largest(Pipeline((MinHash(),)))
    text = "x" * (2 * MOST)
    for number in range(5_000):
        signals = {"duplicate_cluster": f"c{number % 40}", "duplicate_cluster_size": 126}
        verdict = Verdict("minhash", "near_duplicate", of=f"c{number % 40}")
        doc = Document(f"d{number}", text, url=f"http://h{number}.example/", signals=signals)
        watch.see([doc.drop(verdict)])
    [stage] = watch._stages
    assert len(stage.gather.entries) == largest.TOP
    for entry in stage.gather.entries.values():
        assert len(entry.members) == largest.FEW
        assert len(entry.hosts) <= 50
        assert all(len(member.text) == MOST for _, _, member in entry.members)
    [found] = watch.found(5_000, 5_000)
    assert (found.total, found.dropped) == (40, 5_000)


# bad questions


def test_bad_questions_are_clear_errors(folder, marked, tmp_path):
    report = Report.load(folder)
    for wrong in ({"n": 0}, {"n": True}, {"n": 1.5}, {"members": 0}):
        with pytest.raises(ConfigError, match="whole number"):
            report.clusters("minhash", **wrong)
    with pytest.raises(ConfigError, match=r"exact_dedup and minhash drop duplicates.*stage="):
        report.clusters()
    with pytest.raises(UnknownName, match="did you mean 'minhash'"):
        report.clusters("minhsh")
    with pytest.raises(ConfigError, match="length drops no duplicates: exact_dedup and minhash do"):
        report.clusters("length")
    pipe = Pipeline((Length(3),))
    with pytest.raises(ConfigError, match="no stage of this run drops documents as duplicates"):
        Report.of(pipe, pipe(["four", "one"])).clusters()
    sink = wf.write.memory()
    unwritten = PIPE.run([doc for doc in marked if doc.live], kept=sink, progress=False)
    with pytest.raises(SourceError, match="did not write its kept documents"):
        unwritten.clusters("minhash")
    found = report.clusters("minhash", 3)
    for index in (3, -4, True, "a"):
        with pytest.raises(ConfigError, match="no cluster"):
            found.diff(index)
    with pytest.raises(ConfigError, match="are at hand"):
        found.diff(0, 99)
    with pytest.raises(UnknownName, match="member"):
        found[0].diff("nobody")


def test_a_run_without_duplicates_has_no_clusters(tmp_path):
    report = Pipeline((MinHash(),)).run(["one", "two"], tmp_path / "run", progress=False)
    found = report.clusters()
    assert (len(found), found.total, found.dropped) == (0, 0, 0)
    assert str(found) == "minhash: 0 clusters, 0 of 2 documents dropped as duplicates"
    Checker(found.to_html())
    assert "Largest clusters" not in (tmp_path / "run" / "report.html").read_text()


# the report


def test_the_run_collects_what_its_folder_holds(docs, folder, marked):
    report = PIPE.run(docs, **{k: wf.write.memory() for k in ("kept", "dropped")}, progress=False)
    for shown in report.largest:
        truth = Report.load(folder).clusters(shown.stage, largest.TOP)
        assert shown.sizes == truth.sizes
        assert str(shown) == str(truth)
        assert [c.hosts for c in shown] == [c.hosts for c in truth]
        assert [c.least_similar.id for c in shown] == [c.least_similar.id for c in truth]


def test_the_page_of_the_run_shows_them(folder):
    page = (folder / "report.html").read_text()
    text = Checker(page).text
    assert "Largest clusters" in text
    assert page.count('<ol class="clusters">') == 2
    assert "Side by side with" in text
    assert "Clusters by size" in text
    shown = Report.load(folder).clusters("minhash", 1)[0]
    assert f"{shown.size} " in text
    assert shown.survivor.url in text


def test_the_report_that_is_stored_holds_no_whole_texts(tmp_path):
    text = sentences(random.Random(2), 60)
    pipe = Pipeline((MinHash(),))
    docs = [Document(str(n), text, url=f"http://h{n}.example/") for n in range(3)]
    report = pipe.run(docs, tmp_path / "run", progress=False)
    stored = json.loads((tmp_path / "run" / "report.json").read_text())
    [said] = stored["clusters"]
    assert (said["stage"], said["clusters"], said["dropped"]) == ("minhash", 1, 2)
    assert said["largest"][0]["survivor"]["text"] == text[:200]
    assert said["largest"][0]["survivor"]["length"] == len(text)
    loaded = Report.load(tmp_path / "run")
    assert loaded == report
    assert [c.size for c in loaded.largest[0]] == [3]
    assert loaded.largest[0][0].likeness == (None, None)
    text = Checker(loaded.to_html()).text
    assert "Largest clusters" in text
    assert "http://h1.example/" in text
    with pytest.raises(ConfigError, match="no diff"):
        loaded.largest[0].diff(0)
    assert loaded.clusters().diff(0).equal


def test_a_run_without_deduplication_is_as_it_was(tmp_path):
    report = Pipeline((Length(2),)).run(["one", "o"], tmp_path / "run", progress=False)
    assert "clusters" not in report.to_dict()
    assert report.largest == ()
    assert "cluster" not in Checker((tmp_path / "run" / "report.html").read_text()).text


def test_nothing_foreign_breaks_out(tmp_path):
    text = f"{EVIL} \x00\ud800 {EVIL}\n" + "one two three four five six " * 5
    docs = [Document(f"{n}{EVIL}", text + str(n) * n, url=EVIL if n else None) for n in range(4)]
    pipe = Pipeline((MinHash(threshold=0.3),))
    report = Report.of(pipe, pipe(docs))
    found = report.clusters()
    assert [shown.to_dict()["sizes"] for shown in report.largest] == [found.to_dict()["sizes"]]
    assert len(found) == 1
    side = found.diff(0)
    for page in (
        found.to_html(),
        found._repr_html_(),
        side.to_html(),
        side._repr_html_(),
        report.to_html(),
    ):
        assert "alert(1)" in Checker(page).text
        page.encode()
        assert not {"\u202e", "\x00"} & set(page)
    for said in (str(found), str(side)):
        said.encode()
        assert not {"\u202e", "\x00"} & set(said)
    json.dumps([found.to_dict(), side.to_dict()], allow_nan=False)
    pipe.run(docs, tmp_path / "run", progress=False)
    Checker((tmp_path / "run" / "report.html").read_text())


# the answer


def test_it_is_a_sequence_of_clusters(folder):
    found = Report.load(folder).clusters("minhash", 4)
    assert len(found) == 4
    assert isinstance(found[0], Cluster)
    assert found[:2] == tuple(found)[:2]
    assert [c.size for c in found] == sorted((c.size for c in found), reverse=True)
    assert found[0].absorbed == found[0].size - 1
    least = found[0].least_similar
    assert found.diff(0).right is least
    assert found[0].diff(least.id) == found[0].diff(found[0].members.index(least))
    assert min(found[0].likeness) == similarity(
        words_of(found[0].survivor.text), words_of(least.text)
    )


def test_data_comes_back(folder):
    found = Report.load(folder).clusters("minhash", 3)
    again = Clusters.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert again.total == found.total
    assert again.sizes == found.sizes
    assert [c.hosts for c in again] == [c.hosts for c in found]
    assert again[0].survivor.text == found[0].survivor.text
    assert json.loads(json.dumps(found.diff(0).to_dict()))["words"]["both"] == found.diff(0).both


def test_hosts_are_counted(folder):
    cluster = Report.load(folder).clusters("minhash", 1)[0]
    assert sum(count for _, count in cluster.hosts) == cluster.absorbed
    many = replace(cluster, hosts=tuple((f"h{n}.example", 1) for n in range(9)), other_hosts=4)
    assert many.said_hosts() == "h0.example 1, h1.example 1, h2.example 1, 10 more hosts"


# the command line


@pytest.mark.parametrize("name", ["", "report.json"])
def test_a_run_folder_can_be_asked(folder, capsys, name):
    argv = ["clusters", str(folder / name), "--stage", "minhash", "-n", "3"]
    truth = Report.load(folder).clusters("minhash", 3)
    brief = Report.load(folder).clusters("minhash", 3, members=1)
    for more, said in (
        ([], truth),
        (["--diff", "2"], truth.diff(1)),
        (["--diff", "3"], truth.diff(2)),
        (["--members", "1"], brief),
    ):
        assert main([*argv, *more]) == 0
        assert capsys.readouterr().out == f"{said}\n"
        assert main([*argv, *more, "--as", "json"]) == 0
        assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(said.to_dict()))
        assert main([*argv, *more, "--as", "html"]) == 0
        assert capsys.readouterr().out == said.to_html() + "\n"


def test_a_page_is_written_beside(folder, tmp_path, capsys):
    page = tmp_path / "clusters.html"
    argv = ["clusters", str(folder), "--stage", "minhash", "--html", str(page)]
    assert main(argv) == 0
    truth = Report.load(folder).clusters("minhash")
    assert capsys.readouterr().out == f"{truth}\n"
    assert page.read_text("utf-8") == truth.to_html()
    assert main([*argv, "--diff", "1", "--overwrite"]) == 0
    assert page.read_text("utf-8") == truth.diff(0).to_html()


def test_a_page_that_cannot_be_written_is_a_clear_error(folder, tmp_path, capsys, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    page = str(tmp_path / "page.html")
    assert main(["clusters", str(folder), "--stage", "minhash", "--html", page]) == 2
    said = capsys.readouterr()
    why = "No space left on device; make room there"
    assert said.err == f"webfilter: error: cannot write {page!r}: {why}\n"


def test_bad_input_is_one_clear_error_with_exit_code_2(folder, tmp_path, capsys):
    run = str(folder)
    page = tmp_path / "there.html"
    page.write_text("mine")
    beside = tmp_path / "folder.html"
    beside.mkdir()
    cases = [
        (["clusters", run], "say which with --stage"),
        (["clusters", run, "--stage", "minhsh"], "did you mean 'minhash'"),
        (["clusters", run, "--stage", "minhash", "--diff", "999"], "--diff 999: the run has"),
        (["clusters", run, "--stage", "minhash", "--html", str(page)], "exists"),
        (["clusters", run, "--stage", "minhash", "--html", "page.txt"], "ends in .html"),
        (["clusters", run, "--html", str(tmp_path / "no" / "a.html")], "a folder that exists"),
        (["clusters", run, "--html", str(beside), "--overwrite"], "not a file in a folder"),
        (["clusters", str(tmp_path / "none")], "none"),
        (["clusters", run, "--recipe", "educational"], "not the pipeline that ran"),
    ]
    for argv, said in cases:
        assert main(argv) == 2, argv
        captured = capsys.readouterr()
        assert captured.err.startswith("webfilter: error: ")
        assert len(captured.err.splitlines()) == 1
        assert said in captured.err
        assert captured.out == ""
    assert page.read_text() == "mine"
