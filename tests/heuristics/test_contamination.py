import json
import lzma
import pickle
import random
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter import Pipeline, catalog
from webfilter.document import Document
from webfilter.errors import ConfigError, RunError, SourceError, UnknownName
from webfilter.heuristics.contamination import Contamination, _index
from webfilter.heuristics.indexing import Options, build
from webfilter.testing import check_stage

QUESTION = (
    "A baker fills 14 trays with 12 rolls each and gives away 30 rolls to the school. "
    "How many rolls can she sell on the market that day?"
)
ANSWER = (
    "The baker makes 14 * 12 = <<14*12=168>>168 rolls that day.\n"
    "So she can sell 168 - 30 = <<168-30=138>>138 of them."
)
SHORT = "Which gas do plants take from the air at night?"
PAGE = "Plants make sugar from light, and this is how nearly all of the food on Earth begins. "


@pytest.fixture
def files(tmp_path):
    rows = [{"question": "What is it?", "answer": "4"}, {"question": QUESTION, "answer": ANSWER}]
    (tmp_path / "math.jsonl").write_text("\n".join(map(json.dumps, rows)))
    doc = {"query": f"Question: {SHORT}\nAnswer:", "choices": ["oxygen", "neon"]}
    (tmp_path / "science.json").write_text(json.dumps([{"id": "x1", "doc": doc}]))
    return {"math": tmp_path / "math.jsonl", "science": tmp_path / "science.json"}


def measured(stage, text):
    return stage.measure(Document("a", text))


def flagged(stage, text):
    return measured(stage, text)["contamination_benchmarks"]


def test_the_contract(files):
    check_stage(Contamination(files))
    docs = [Document(str(k), PAGE * k + QUESTION[: 40 * k]) for k in range(4)]
    check_stage(Contamination(files, max_contamination_item_ratio=0.5, max_contamination_ratio=0.1),
                docs)  # fmt: skip


def test_a_page_with_an_item_is_dropped_and_says_where(files):
    text = f"{PAGE}\n\nRiddle of the day: {QUESTION} Tell us!"
    [doc] = Contamination(files).process([Document("a", text)])
    assert str(doc.verdict) == "contamination: contaminated_ngrams 16 > 0"
    assert doc.signals["contamination_benchmarks"] == "math"
    span = doc.signals["contamination_spans"]
    benchmark, _, rest = span.partition(":")
    item, _, place = rest.partition("@")
    start, end = map(int, place.split("-"))
    assert (benchmark, item) == ("math", "1")
    assert text[start:end] == QUESTION[:-1]
    assert doc.signals["contamination_item_ratio"] == 1.0
    assert doc.signals["contamination_ratio"] == pytest.approx(28 / (17 + 4 + 28 + 2))


def test_a_clean_page_stays_with_every_signal(files):
    [doc] = Contamination(files).process([Document("a", PAGE * 3)])
    assert doc.live
    assert dict(doc.signals) == {
        "contaminated_ngrams": 0,
        "contamination_ratio": 0.0,
        "contamination_item_ratio": 0.0,
        "contamination_benchmarks": "",
        "contamination_spans": "",
    }
    assert measured(Contamination(files), "")["contamination_ratio"] is None


def words(count, start=0):
    return " ".join(QUESTION.split()[start : start + count])


def test_thirteen_words_are_enough_and_twelve_are_not(files):
    stage = Contamination(files)
    assert measured(stage, f"{PAGE} {words(13)} {PAGE}")["contaminated_ngrams"] == 1
    assert measured(stage, f"{PAGE} {words(14, 5)} {PAGE}")["contaminated_ngrams"] == 2
    assert measured(stage, f"{PAGE} {words(12)} {PAGE} {words(12, 12)}")["contaminated_ngrams"] == 0
    assert measured(replace(stage, n=12), words(12))["contaminated_ngrams"] == 1
    assert measured(replace(stage, n=5), words(6))["contaminated_ngrams"] == 2


def test_no_ngram_runs_from_one_document_into_the_next(files):
    stage = Contamination(files)
    texts = [words(12), words(20, 12), PAGE]
    both = stage.process([Document(str(k), text) for k, text in enumerate(texts)])
    assert [doc.live for doc in both] == [True, False, True]
    assert [doc.live for doc in stage.process([*both[:1], *both[2:]])] == [True, True]


def test_question_and_answer_are_never_glued_together(files):
    end, begin = " ".join(QUESTION.split()[-8:]), " ".join(ANSWER.split()[:8])
    assert flagged(Contamination(files), f"{end} {begin}") == ""


def test_typography_makes_no_difference(files):
    stage = Contamination(files)
    for changed in (
        QUESTION.upper(),
        QUESTION.replace(" ", "\n"),
        QUESTION.replace(" ", " — "),
        QUESTION.replace(",", ";").replace(".", "").replace("?", " ?"),
        QUESTION.replace("rolls", "“rolls”").replace(" a", "&nbsp;a"),
    ):
        assert flagged(stage, changed) == "math", changed


@pytest.mark.parametrize("size", [7, 8, 12, 16, 17, 20, 25, 26, 40])
def test_half_of_a_text_is_enough_from_8_to_13_words(size):
    text = " ".join(f"word{k}" for k in range(size))
    needed = min(max(8, size // 2), 13)
    for share, least in ((0.5, needed), (1.0, min(max(size, 8), 13))):
        index = build({"b": [[text]]}, Options(13, 8, 10, share))
        pages = [f"{PAGE} {' '.join(text.split()[-k:])} {PAGE}" for k in range(1, size + 1)]
        found = [match.ngrams > 0 for match in index.matches(pages)]
        assert found == [k >= least for k in range(1, size + 1)]


def test_short_texts_count_as_a_whole_with_a_share_of_1(files):
    stage = Contamination(files, share=1)
    assert flagged(stage, f"{PAGE}{SHORT.lower()} {PAGE}") == "science"
    assert measured(stage, SHORT)["contaminated_ngrams"] == 1
    assert flagged(stage, f"{PAGE} {SHORT.rpartition(' ')[0]}.") == ""
    assert flagged(replace(stage, shortest=None, benchmarks=files["math"]), SHORT) == ""
    with pytest.raises(ConfigError, match=r"science.json has no text of 11 words or more"):
        replace(stage, shortest=11)


def test_a_short_text_that_begins_like_a_longer_one():
    texts = [[f"{SHORT} Say it in your own words, please."], [SHORT], [SHORT[:-1] + " here?"]]
    index = build({"b": texts}, Options(13, 8, None))
    [match] = index.matches([SHORT])
    assert [(span.item, span.start, span.end) for span in match.spans] == [(1, 0, len(SHORT) - 1)]


def test_solutions_of_gsm8k_with_and_without_their_calculations(files):
    stage = Contamination(files)
    other = "The baker makes 14 * 12 = 168 rolls that day. So she can sell 168 - 30 = 138 of them."
    for text in (ANSWER, other):
        assert measured(stage, text)["contamination_item_ratio"] == 1.0


def test_what_many_items_share_is_boilerplate():
    stem_ = "Read the passage with care and then choose the one best answer to this question:"
    items = [[f"{stem_} {k} {QUESTION[k:]}"] for k in range(6)]
    text = f"{PAGE} {stem_} {PAGE}"
    assert [m.ngrams for m in build({"b": items}, Options(13, 8, 5)).matches([text])] == [0]
    [match] = build({"b": items}, Options(13, 8, 6)).matches([text])
    assert match.ngrams == 3
    assert len(match.spans) == 6
    [match] = build({"b": items * 9}, Options(13, 8, 6)).matches([text])  # equal texts count once
    assert match.ngrams == 3
    [match] = build({"b": items[:3], "c": items[3:]}, Options(13, 8, 3)).matches([text])
    assert match.names == ("b", "c")


def test_lists_of_numbers_and_letters_say_nothing():
    numbers, letters = " ".join(map(str, range(40))), " ".join("abcdefghijklmnopqrstuvwxyz")
    texts = [numbers, letters, "on and " * 20, f"{numbers} {QUESTION}"]
    index = build({"b": [[text] for text in texts]}, Options(13, 8, None))
    assert [match.ngrams for match in index.matches(texts)] == [0, 0, 0, 16 + 8]
    silent = build({"b": [[letters], ["on and " * 4]]}, Options(13, 8, None))
    assert silent.present == set()
    assert [match.ngrams for match in silent.matches([letters])] == [0]


def test_a_text_that_repeats_itself_is_found_whole():
    text = f"{words(20)} {words(20)} {words(20)}"
    [match] = build({"b": [[text]]}, Options(13, 8, 10)).matches([text])
    assert (match.ngrams, match.words, match.item_ratio) == (48, 60, 1.0)


def test_ignored_passages_do_not_count(files):
    stage = Contamination(files, ignore=(words(20),))
    assert flagged(stage, words(20)) == ""
    assert flagged(stage, words(14, 8)) == "math"
    assert flagged(stage, SHORT) == "science"
    with pytest.raises(ConfigError, match=r"science\.json has no text of 8 words or more that"):
        replace(stage, ignore=(SHORT,))


def test_spans_are_few_and_the_rest_is_counted(files):
    stage = Contamination(files)
    told = measured(stage, f" {PAGE}".join([words(13)] * 11))["contamination_spans"].split()
    assert len(told) == 9
    assert told[-1] == "+3"
    assert len({span for span in told[:-1]}) == 8


def test_no_single_changed_word_hides_a_text():
    for size in range(16, 45):
        text = [f"word{k}" for k in range(size)]
        index = build({"b": [[" ".join(text)]]}, Options(13, 8, 10, 0.5))
        changed = [" ".join([*text[:k], "zebra", *text[k + 1 :]]) for k in range(size)]
        assert all(match.ngrams for match in index.matches(changed))


def test_item_ratio_survives_an_edit(files):
    edited = QUESTION.replace("school", "neighbors")
    rule = {"n": 8, "max_contaminated_ngrams": None, "max_contamination_item_ratio": 0.7}
    stage = Contamination(files, **rule)
    [doc] = stage.process([Document("a", edited)])
    assert doc.verdict.signal == "contamination_item_ratio"
    assert doc.verdict.value == pytest.approx(27 / 28)
    [doc] = stage.process([Document("a", words(9))])
    assert doc.live
    assert doc.signals["contaminated_ngrams"] == 2


CHINESE = "光合作用是植物利用阳光制造糖分的过程那么植物在夜晚没有阳光的时候会怎么样呢"


def test_scripts_without_spaces_want_more_characters():
    index = build({"zh": [[CHINESE]], "en": [[QUESTION]]}, Options(13, 8, 10))
    texts = [CHINESE[:26], CHINESE[:25], f"{QUESTION} {CHINESE}"]
    assert [match.ngrams for match in index.matches(texts)] == [1, 0, 16 + len(CHINESE) - 25]
    short = build({"zh": [[CHINESE[:16]]]}, Options(13, 8, 10))
    assert [match.ngrams for match in short.matches([f"问{CHINESE}", CHINESE[:15]])] == [1, 0]


def slow(texts, items, n, shortest):
    """For each text the n-grams found, the words covered and the items, by plain Python."""
    grams = {}
    for item, (text,) in enumerate(items):
        cut = text.split()
        size = min(n, len(cut))
        if size >= shortest:
            for k in range(len(cut) - size + 1):
                grams.setdefault(tuple(cut[k : k + size]), set()).add(item)
    for text in texts:
        cut, found, covered, told = text.split(), 0, set(), set()
        for size in range(shortest, n + 1):
            for k in range(len(cut) - size + 1):
                if tuple(cut[k : k + size]) in grams:
                    found += 1
                    covered.update(range(k, k + size))
                    told |= grams[tuple(cut[k : k + size])]
        yield found, len(covered), told


TEXTS = st.lists(st.sampled_from(["aa", "bb", "cc"]), max_size=14).map(" ".join)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5), st.lists(TEXTS, max_size=5), st.integers(2, 4))
def test_as_plain_python_finds_it(texts, items, n):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("webfilter.heuristics.indexing._TELLING", 1)
        compare(texts, items, n)


def compare(texts, items, n):
    different = list(dict.fromkeys(items))
    index = build({"b": [[item] for item in different]}, Options(n, 2, None))
    matches = list(index.matches(texts))
    expected = list(slow(texts, [[item] for item in different], n, 2))
    assert [(m.ngrams, m.words) for m in matches] == [found[:2] for found in expected]
    for match, (_, _, told) in zip(matches, expected, strict=True):
        assert {span.item for span in match.spans} <= told
        assert len(match.spans) == min(match.stretches, 8)
        assert (match.item_ratio > 0) == bool(told)
        assert match.item_ratio <= 1


def test_workers_read_the_same_files_or_stop_the_run(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stage = Contamination({"math": "math.jsonl"})
    assert stage.benchmarks == {"math": replace(stage).benchmarks["math"]}
    monkeypatch.chdir("/")
    there = pickle.loads(pickle.dumps(stage))
    assert flagged(there, QUESTION) == "math"
    files["math"].write_text(json.dumps({"question": SHORT}) * 2)
    _index.cache_clear()  # as in a fresh process
    with pytest.raises(RunError, match="gone or damaged"):
        there.process([Document("a", QUESTION)])
    files["math"].write_text(json.dumps({"question": SHORT}))
    with pytest.raises(RunError, match="changed since the stage was built"):
        there.process([Document("a", QUESTION)])
    files["math"].unlink()
    _index.cache_clear()
    with pytest.raises(RunError, match="no such file"):
        there.process([Document("a", QUESTION)])


def test_worker_processes_give_the_same(files, tmp_path):
    docs = [{"id": str(k), "text": PAGE * (k + 1) + (QUESTION if k % 3 else "")} for k in range(9)]
    pipe = Pipeline((Contamination(files),))
    report = pipe.run(docs, kept=tmp_path / "kept", dropped=tmp_path / "dropped", workers=2)
    assert (report.kept, report.dropped, report.failed) == (3, 6, 0)


def test_a_recipe_holds_it_and_a_changed_file_changes_the_fingerprint(files, monkeypatch):
    where = "webfilter.heuristics.contamination:Contamination"
    monkeypatch.setitem(catalog.STAGES, "contamination", where)
    pipe = Pipeline((Contamination(files, n=12),))
    again = Pipeline.from_toml(pipe.to_toml())
    assert again == pipe
    assert hash(again.steps[0]) == hash(pipe.steps[0])
    before = pipe.fingerprint()
    assert again.fingerprint() == before
    files["math"].write_text(files["math"].read_text().replace("baker", "maker"))
    assert Pipeline.from_toml(pipe.to_toml()).fingerprint() != before
    assert pipe.fingerprint() == before


def test_names_come_from_files_where_none_are_given(files, tmp_path):
    packed = tmp_path / "more.v2.jsonl.xz"
    packed.write_bytes(lzma.compress(json.dumps({"q": QUESTION}).encode()))
    stage = Contamination([files["math"], str(packed)])
    assert flagged(stage, QUESTION) == "math,more.v2"
    assert list(stage.artifacts) == ["benchmark math", "benchmark more.v2", "words"]
    assert len(stage.artifacts["benchmark math"]) == 64
    assert flagged(Contamination(str(packed)), QUESTION) == "more.v2"


def test_what_cannot_be_built_says_why(files, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "math.csv").write_text("question\n" + QUESTION)
    for given_, error, match in [
        ({}, ConfigError, "benchmarks is empty"),
        ([], ConfigError, "benchmarks is empty"),
        ([tmp_path / "meth.jsonl"], SourceError, r"no such file; did you mean 'math.jsonl'"),
        ([tmp_path], SourceError, "is a folder"),
        ([files["math"], other / "math.csv"], ConfigError, "two files are called 'math'"),
        ({"a b": files["math"]}, ConfigError, "a name cannot be 'a b'"),
        (7, ConfigError, "benchmarks = 7 does not fit"),
    ]:
        with pytest.raises(error, match=match):
            Contamination(given_)
    for fields, match in [
        ({"n": 1}, "n = 1 is not between"),
        ({"n": 1_001}, "n = 1001 is not between 2 and 1000"),
        ({"shortest": 0}, "shortest = 0 is not 1 or more"),
        ({"share": 0}, "share = 0.0 is not above 0"),
        ({"share": 1.1}, "share = 1.1 is not above 0"),
        ({"commonest": 0}, "commonest = 0: nothing would count"),
        ({"fields": ()}, "fields is empty"),
        ({"fields": ("question", "query", "qurey")}, "no file has qurey"),
    ]:
        with pytest.raises(ConfigError, match=match):
            Contamination(files, **fields)
    with pytest.raises(UnknownName, match="'qestion': did you mean 'question'"):
        Contamination(files, fields=("qestion",))


def test_fields_choose_the_texts(files):
    stage = Contamination(files, fields=("question", "doc.query"))
    assert flagged(stage, ANSWER) == ""
    assert flagged(stage, f"{QUESTION} {SHORT}") == "math,science"


@pytest.mark.parametrize("commonest", [10, None])
def test_long_text_takes_no_quadratic_time(tmp_path, commonest):
    rng = random.Random(0)
    items = [" ".join([QUESTION, *rng.choices("abcdef", k=8)]) for _ in range(200)]
    items += [" ".join(["on and"] * 40), " ".join("abababab")]
    (tmp_path / "b.txt").write_text("\n".join(items))
    stage = Contamination([tmp_path / "b.txt"], commonest=commonest)
    for text in (f"{QUESTION} " * 1800, "on and " * 30_000, "a b " * 50_000, "&amp;" * 40_000):
        began = time.process_time()
        stage.process([Document("a", text)])
        assert time.process_time() - began < 3
