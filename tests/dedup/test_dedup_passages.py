"""Near-duplicate passages against scikit-learn's TF-IDF cosine, and search against all pairs."""

from __future__ import annotations

import pickle
import random
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.dedup.passages import PassageDedup, PassageDuplicates
from webfilter.dedup.terms import Bags, Frequencies, Vocabulary
from webfilter.dedup.tfidf import Vectors, cosine, weighted_keys
from webfilter.document import Document, Verdict
from webfilter.errors import ConfigError
from webfilter.pipeline import Pipeline
from webfilter.testing import check_stage

VOCABULARY = [a + b + c + d for a in "bdfklmnprs" for b in "aeiou" for c in "dgmns" for d in "aeo"]
random.Random(0).shuffle(VOCABULARY)


def passage(rng: random.Random, size: int) -> list[str]:
    """Return words, the first ones of the vocabulary most often (Zipf)."""
    top = len(VOCABULARY)
    return [VOCABULARY[int(top ** rng.random()) - 1] for _ in range(size)]


def edited(rng: random.Random, words: list[str], edits: int) -> list[str]:
    words = list(words)
    for _ in range(edits):
        at, kind = rng.randrange(len(words)), rng.randrange(3)
        words[at : at + (kind != 1)] = [] if kind == 2 else [rng.choice(VOCABULARY)]
    return words


def corpus(seed: int = 0, size: int = 150) -> list[Document]:
    rng = random.Random(seed)
    docs = []
    for n in range(size):
        words = passage(rng, rng.randint(25, 90))
        docs.append(Document(f"{n:03}", " ".join(words)))
        if n % 2 == 0:
            docs.append(Document(f"{n:03}-x", " ".join(edited(rng, words, rng.randint(1, 9)))))
    return docs


def vocabulary(bags: Bags, folder: Path) -> Vocabulary:
    counted = Frequencies(folder)
    counted.add(bags)
    return counted.vocabulary()


def oracle(texts: list[str]) -> np.ndarray:
    """Return the cosines of all pairs by scikit-learn."""
    text = pytest.importorskip("sklearn.feature_extraction.text")
    vectors = text.TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+").fit_transform(texts)
    return (vectors @ vectors.T).toarray()


def similarities(texts: list[str], folder: Path) -> np.ndarray:
    bags = Bags.of(texts)
    vectors = Vectors.of(bags, vocabulary(bags, folder))
    left, right = np.divmod(np.arange(len(texts) ** 2), len(texts))
    return cosine(vectors, left, right).reshape(len(texts), -1)


def test_cosines_are_those_of_scikit_learn(tmp_path: Path) -> None:
    texts = [doc.text for doc in corpus(size=60)]
    texts += [" ".join(["fish"] * 300 + ["bird"]), "fish", "bird bird fish"]
    found, expected = similarities(texts, tmp_path), oracle(texts)
    assert ((expected > 0.3) & (expected < 0.95)).sum() > 20
    assert np.abs(found - expected).max() < 1e-6
    assert (np.diagonal(found) == 1).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=9), min_size=2))
def test_cosines_of_tiny_texts_are_those_of_scikit_learn(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]]
) -> None:
    joined = [" ".join(words) for words in texts]
    found = similarities(joined, tmp_path_factory.mktemp("tiny"))
    assert np.abs(found - oracle(joined)).max() < 1e-6
    assert (found == found.T).all()


def test_documents_are_counted_alike_in_one_part_and_in_many(tmp_path: Path) -> None:
    texts = [doc.text for doc in corpus(size=60)] + ["", "alone"]
    bags = Bags.of(texts)
    held = [set(text.split()) for text in texts]
    words = sorted(set().union(*held))
    expected = {word: sum(word in some for some in held) for word in words}
    parts = Frequencies(tmp_path)
    for row in range(len(texts)):
        parts.add(bags.take(np.array([row])))
        parts._write()
    counted = parts.vocabulary()
    assert len(counted) == sum(count > 1 for count in expected.values())
    found = counted.idf(Bags.of(words).terms)
    logs = [np.log((1 + len(texts)) / (1 + expected[word])) + 1 for word in words]
    assert np.abs(found - logs).max() < 1e-12


def test_two_texts_share_a_value_as_often_as_their_weighted_jaccard_similarity_says(
    tmp_path: Path,
) -> None:
    rng = random.Random(5)
    texts = [" ".join(passage(rng, 40)) for _ in range(200)]
    for n in range(100):
        texts[2 * n + 1] = " ".join(edited(rng, texts[2 * n].split(), 12))
    bags = Bags.of(texts)
    words = vocabulary(bags, tmp_path)
    races = 400
    keys = weighted_keys(bags, words, races, 1)
    shares, expected = [], []
    for n in range(0, 200, 2):
        one, other = (set(bags.terms[slice(*bags.offsets[[m, m + 1]])]) for m in (n, n + 1))
        both, either = (
            (words.idf(np.array(sorted(some), dtype=np.uint32)) ** 2).sum()
            for some in (one & other, one | other)
        )
        shares.append((keys[n] == keys[n + 1]).mean())
        expected.append(both / either)
    error = np.array(shares) - expected
    bound = np.array([share * (1 - share) / races for share in expected])
    assert 0.2 < np.mean(expected) < 0.8
    assert abs(error.mean()) < 4 * np.sqrt(bound.mean() / 100)
    assert np.square(error).mean() < 1.5 * bound.mean()


def greedy(docs: list[Document], least: float) -> dict[str, set[str]]:
    """Return whom each dropped document may be said to duplicate, by all pairs."""
    alike = oracle([doc.text for doc in docs]) >= least - 1e-9
    kept: list[int] = []
    dropped = {}
    for row in sorted(range(len(docs)), key=lambda n: (-len(docs[n].text), docs[n].id)):
        better = {docs[k].id for k in kept if alike[row, k]}
        if better:
            dropped[docs[row].id] = better
        else:
            kept.append(row)
    return dropped


def of(stage: PassageDedup, docs: list[Document]) -> dict[str, str]:
    return {d.id: d.verdict.of for d in Pipeline((stage,))(docs) if d.verdict}  # type: ignore[misc]


def chains(seed: int) -> list[Document]:
    """Return documents each of which is an edit of the one before, now and then a new one."""
    rng = random.Random(seed)
    words, docs = passage(rng, 40), []
    for n in range(80):
        words = passage(rng, rng.randint(8, 60)) if n % 8 == 0 else edited(rng, words, 2)
        docs.append(Document(f"{n:02}", " ".join(words)))
    return docs


@pytest.mark.parametrize("least", [0.6, 0.8, 0.9])
def test_dropped_are_those_that_a_better_one_that_stays_is_like(least: float) -> None:
    for docs in (corpus(1), chains(2), chains(3)):
        expected = greedy(docs, least)
        assert len(expected) > 10
        found = of(PassageDedup(least), docs)
        assert found.keys() == expected.keys()
        assert all(found[name] in expected[name] for name in found)


def test_lightly_edited_paragraphs_are_found_that_shingles_miss() -> None:
    from webfilter.dedup import MinHash

    rng = random.Random(9)
    docs = []
    for n in range(100):
        words = passage(rng, 60)
        docs.append(Document(f"{n}", " ".join([*words, "end"])))
        docs.append(Document(f"{n}-x", " ".join(edited(rng, words, 4))))
    found = len(of(PassageDedup(), docs))
    assert found >= 98
    assert len(of(MinHash(), docs)) < 0.3 * found


def test_the_result_depends_on_the_set_of_documents_only() -> None:
    stage = PassageDedup(0.7)
    docs = corpus(4, 60) + chains(5)
    expected = stage.resolve([stage.sketch(docs)])
    assert isinstance(expected, PassageDuplicates)
    assert len(expected.clusters) > 20
    rng = random.Random(9)
    for size in (1, 7, 50):
        rng.shuffle(docs)
        parts = [docs[at : at + size] for at in range(0, len(docs), size)]
        sketches = [pickle.loads(pickle.dumps(stage.sketch(part))) for part in parts]
        assert stage.resolve(iter(sketches)) == expected
    assert stage.clusters(docs) == expected.clusters
    assert list(Pipeline((stage,))(docs)) == list(expected.process(docs))


def test_how_the_work_is_cut_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = PassageDedup(0.7)
    docs = [*corpus(6, 60), Document("long", " ".join(VOCABULARY)), Document("z", "one")]
    whole = stage.clusters(docs)
    assert len(whole) > 10
    for module, name, value in (
        ("pieces", "CHARACTERS", 1),
        ("terms", "_HELD", 1),
        ("tfidf", "_AT_ONCE", 1),
        ("tfidf", "_RACING", 300),
        ("tfidf", "_TABLE", 1),
        ("tfidf", "_BLOCK", 7),
        ("tfidf", "_FEW", 0),
        ("shelf", "_CHUNK", 5),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"webfilter.dedup.{module}.{name}", value)
            assert stage.clusters(docs) == whole, name


def test_marks_say_which_document_stays_and_how_many_there_are() -> None:
    text = "The old mill by the river grinds corn for three villages."
    docs = [
        Document("a", text),
        Document("b", text.upper() + " Today!", signals={"educational": 1.0}),
        Document("c", "An unlike sentence about something else."),
    ]
    a, b, c = Pipeline((PassageDedup(),))(docs)
    assert a.verdict == Verdict("passage_dedup", "near_duplicate", of="b")
    assert b.live
    assert a.signals["passage_cluster"] == b.signals["passage_cluster"] == "b"
    assert b.signals["passage_cluster_size"] == 2
    assert dict(c.signals) == {"passage_cluster": None, "passage_cluster_size": None}
    assert of(PassageDedup(prefer="id"), docs) == {"b": "a"}
    assert PassageDedup(prefer="-educational", scope="language").needs == (
        "educational",
        "language",
    )


def test_only_documents_of_one_scope_are_compared() -> None:
    text = " ".join(passage(random.Random(2), 40))
    docs = [
        Document("a", text, url="https://x.org/1"),
        Document("b", text, url="http://X.org/2"),
        Document("c", text, url="https://y.org/"),
        Document("d", text),
        Document("e", text),
    ]
    assert of(PassageDedup(prefer="id"), docs) == dict.fromkeys("bcde", "a")
    assert of(PassageDedup(prefer="id", scope="host"), docs) == {"b": "a", "e": "d"}


def test_texts_without_words_stay_and_equal_words_are_duplicates() -> None:
    docs = [Document(f"{n}", text) for n, text in enumerate(["", "", "!?", "!?", "😀", "😀"])]
    docs += [Document("yes", "Yes"), Document("yes!", "yes!"), Document("no", "No.")]
    docs += [Document("html", html=b"<p>Yes</p>")]
    assert of(PassageDedup(), docs) == {"yes": "yes!"}
    assert of(PassageDedup(), docs[:6]) == {}
    assert of(PassageDedup(), docs[6:7]) == {}


def test_numbers_order_and_typography_are_not_edits() -> None:
    docs = [
        Document("a", "On 4 May 2021 the café sold 1,234 cups; nobody knew why."),
        Document("b", "On 9 may 7 the CAFE sold 8 cups - nobody knew why"),
        Document("c", "why nobody knew: on 4 May 2021 the cafe sold 5 cups"),
    ]
    assert len(of(PassageDedup(1.0), docs)) == 2


def test_scripts_without_spaces_have_words() -> None:
    text = "光合作用是植物利用阳光制造糖分的过程，也是地球上几乎所有食物的来源。"
    other = "昨天晚上我们在河边看到三只白色的鸟飞过桥，今天它们没有回来。"
    docs = [Document("a", text), Document("b", text + "完"), Document("c", other)]
    assert of(PassageDedup(), docs) == {"a": "b"}


@pytest.mark.parametrize("first", ["ก", "ກ", "က", "ក"], ids=["Thai", "Lao", "Burmese", "Khmer"])
def test_texts_in_a_script_without_spaces_are_not_alike_by_their_letters(first: str) -> None:
    rng = random.Random(5)
    letters = [chr(ord(first) + n) for n in range(30) if chr(ord(first) + n).isalpha()]
    lexicon = ["".join(rng.choices(letters, k=rng.randint(2, 6))) for _ in range(2000)]
    texts = [rng.choices(lexicon, k=60) for _ in range(20)]
    docs = [Document(f"{n:02}", "".join(words)) for n, words in enumerate(texts)]
    copy = [*texts[0][:30], rng.choice(lexicon), *texts[0][32:]]
    docs.append(Document("copy", "".join(copy)))
    assert [sorted(each) for each in PassageDedup().clusters(docs)] == [["00", "copy"]]


def test_one_text_of_many_words_and_many_texts_of_two_take_linear_time() -> None:
    rng = random.Random(1)
    long = " ".join(f"{rng.getrandbits(48):x}z" for _ in range(200_000))
    docs = [Document("long", long), Document("longer", long + " z")]
    docs += [Document(f"{n}", "Read more") for n in range(20_000)]
    start = time.process_time()
    clusters = PassageDedup().clusters(docs)
    assert time.process_time() - start < 30, "quadratic?"
    assert sorted(clusters.sizes.tolist()) == [2, 20_000]


def test_a_few_texts_of_many_words_take_linear_time() -> None:
    terms = np.arange(300_000, dtype=np.uint32) << np.uint32(8)
    bags = Bags(terms, np.ones(len(terms), np.uint16), np.array([0, len(terms)]))
    nothing = Vocabulary(1, np.zeros(0, np.uint32), np.zeros(0, np.uint32))
    began = time.process_time()
    weighted_keys(bags, nothing, 42, 4)
    assert time.process_time() - began < 8  # a second; word after word half a minute


def test_texts_of_few_words_that_are_all_candidates_cost_no_more_than_their_bands() -> None:
    """Twenty of forty words each: rareness tells nothing, and few pairs are duplicates."""
    rng = random.Random(3)
    docs = [Document(f"{n}", " ".join(rng.sample(VOCABULARY[:40], 20))) for n in range(800)]
    start = time.process_time()
    found = of(PassageDedup(), docs)
    assert time.process_time() - start < 20, "quadratic?"
    assert found.keys() == greedy(docs, 0.8).keys()


def test_many_batches_of_one_text_are_each_counted_once(tmp_path: Path) -> None:
    class Terms(np.ndarray[Any, Any]):
        asked = 0

        def __len__(self) -> int:
            Terms.asked += 1
            return super().__len__()

    fish = Bags.of(["red fish"])
    counted = Frequencies(tmp_path)
    for _ in range(100):
        counted.add(Bags(fish.terms.view(Terms), fish.counts, fish.offsets))
    assert Terms.asked <= 100


@pytest.mark.parametrize("threshold", [0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 0.99, 1.0])
def test_bands_follow_from_the_threshold(threshold: float) -> None:
    bands, rows = PassageDedup(threshold).layout
    assert 1 - (1 - threshold ** (2 * rows)) ** bands >= 0.9995
    assert 20 <= bands <= 120


def test_contract() -> None:
    check_stage(PassageDedup())
    check_stage(PassageDedup(0.6, scope="host", prefer="id"))


def test_bad_settings_say_what_to_do() -> None:
    for value in (0.4, 1.1, -1):
        with pytest.raises(ConfigError, match=r"passage_dedup: threshold = .* between 0.5 and 1"):
            PassageDedup(value)
    with pytest.raises(ConfigError, match="threshold"):
        PassageDedup("high")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"passage_dedup: scope = .* has an empty key"):
        PassageDedup(scope="host,")
    doc = Document("a", "some text")
    with pytest.raises(ConfigError, match="scope = '' and scope = 'host'"):
        PassageDedup().resolve([PassageDedup(scope="host").sketch([doc])])


def test_a_rare_word_tells_texts_apart_more_than_a_common_one(tmp_path: Path) -> None:
    texts = [f"{word} is the reason for {other}" for word, other in combinations("abcdef", 2)]
    texts += ["a was the reason for b", "a is the reason for zyzzyva", "it was there"]
    found = similarities(texts, tmp_path)
    assert found[0, -2] < found[0, -3] < 1
