from webfilter import BadWords, ByLanguage, Document, Judge, Rule, Verdict
from webfilter.report.abstained import abstained

WORDS = Judge((Rule("words", ge=2),), given=True)
LINES = Judge((Rule("lines", ge=2),), given=True)


def test_what_a_step_judges_and_a_document_has_not_is_counted_unless_the_step_broke():
    dropped, failed = (Verdict("judge", "words", kind=kind) for kind in ("dropped", "failed"))
    assert list(abstained(WORDS, [Document("a"), Document("b", verdict=dropped)])) == ["words"] * 2
    assert list(abstained(WORDS, [Document("a", verdict=failed)])) == []
    assert list(abstained(WORDS, [Document("a", signals={"words": 0, "lines": None})])) == []


def test_rules_for_other_languages_do_not_judge():
    step = ByLanguage({"en": WORDS, "de": LINES})
    docs = [Document(code, signals={"language": code}) for code in ("en", "de", "fr", "en")]
    assert list(abstained(step, docs)) == ["words", "lines", "words"]
    docs = [Document("a", signals={"language": "en", "words": 1})]
    assert list(abstained(step, docs)) == []


def test_rules_may_go_by_more_than_the_language():
    words = BadWords(keep_fraction=0.5)
    docs = [Document(str(n), signals={"language": "en"}) for n in range(20)]
    judged = sum(bool(words.rules_for(doc)) for doc in docs)
    assert 0 < judged < 20
    for step in (words, ByLanguage({"en": words}), ByLanguage({"de": LINES}, default=words)):
        found = step.process(docs)
        for order in (found, found[::-1]):
            assert list(abstained(step, order)) == ["bad_word_ratio"] * judged
