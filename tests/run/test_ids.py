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
