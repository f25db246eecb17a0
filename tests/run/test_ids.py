import pytest

from webfilter import Document
from webfilter.run.ids import UniqueIds


def test_the_second_of_a_name_is_renamed_and_counted():
    ids = UniqueIds()
    given = [Document(name) for name in ("a", "b", "a", "a", "a#2")]
    assert [doc.id for doc in ids.over(given)] == ["a", "b", "a#2", "a#3", "a#2#2"]
    assert ids.renamed == 3


def test_compacted_names_are_still_known(monkeypatch):
    monkeypatch.setattr(UniqueIds, "_RECENT", 7)
    ids = UniqueIds()
    given = [Document(str(n % 100)) for n in range(300)]
    assert len({doc.id for doc in ids.over(given)}) == 300
    assert ids.renamed == 200


def test_many_equal_names_take_no_quadratic_time():
    ids = UniqueIds()
    assert len({doc.id for doc in ids.over(Document("x") for _ in range(50_000))}) == 50_000


def test_many_different_repeated_names_are_not_held(monkeypatch):
    monkeypatch.setattr(UniqueIds, "_COUNTS", 10)
    ids = UniqueIds()
    found = []
    for doc in ids.over(Document(str(n % 100)) for n in range(500)):
        assert len(ids._counts) <= 10
        found.append(doc.id)
    again = [f"{n}#{count}" for count in range(2, 6) for n in range(100)]
    assert found == [str(n) for n in range(100)] + again


def test_numbers_are_free_whatever_the_source_calls_its_own(monkeypatch):
    monkeypatch.setattr(UniqueIds, "_COUNTS", 1)
    monkeypatch.setattr(UniqueIds, "_RECENT", 7)
    own = [f"a#{n}" for n in (2, 3, 5, 9, 16, 17, 31)]
    given = [*own, *"ab" * 40, *own]
    names = [doc.id for doc in UniqueIds().over(map(Document, given))]
    assert len(set(names)) == len(names) == len(given)
    assert names[: len(own)] == own
    assert all(
        name == own or name.startswith(f"{own}#") for name, own in zip(names, given, strict=True)
    )
    assert names == [doc.id for doc in UniqueIds().over(map(Document, given))]


@pytest.mark.parametrize(("held", "most"), [(1, 30), (100_000, 3)])
def test_a_free_number_is_found_without_trying_every_one(monkeypatch, held, most):
    monkeypatch.setattr(UniqueIds, "_COUNTS", held)
    tried = []
    known = UniqueIds._known
    monkeypatch.setattr(
        UniqueIds, "_known", lambda self, key: tried.append(key) or known(self, key)
    )
    names = [doc.id for doc in UniqueIds().over(Document("xy"[n % 2]) for n in range(2000))]
    assert names[-2:] == ["x#1000", "y#1000"]
    assert len(tried) < most * 2000


def test_ids_that_are_written_alike_are_made_unique():
    ids = UniqueIds()  # as files are called that were named in another encoding than UTF-8
    names = ["caf\udce9.html", "caf\udce8.html", "caf\udce9.html", "caf\ufffd.html"]
    found = [doc.id for doc in ids.over(Document(name) for name in names)]
    assert found == [names[0], f"{names[1]}#2", f"{names[2]}#3", f"{names[3]}#4"]
    assert ids.renamed == 3
