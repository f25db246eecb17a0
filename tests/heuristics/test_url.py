"""The URL filter: what it drops, what it must not, and every oddity of an address."""

from __future__ import annotations

import gzip
import pickle
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webfilter.document import Document
from webfilter.errors import ConfigError, RunError
from webfilter.heuristics.url import UrlFilter, address


def measured(url: str | None, stage: UrlFilter | None = None) -> dict:
    return dict((stage or UrlFilter()).measure(Document("a", url=url)))


def verdict(url: str | None, stage: UrlFilter) -> str | None:
    (out,) = stage.process([Document("a", url=url)])
    return None if out.verdict is None else out.verdict.reason


@pytest.mark.parametrize(
    "url",
    [
        "https://www.pornhub.com/view_video.php?viewkey=1",
        "http://de.xhamster.com/",
        "http://sub.domain.example.xxx/",
        "https://example.com/free/milf-galleries/12",
        "https://example.com/category/nude-girls-webcam",
        "https://example.com/hot-sex-videos.html",
        "https://bestpornsite.example/",
        "http://freexvideos4u.example/watch",
        "https://example.org/%70%6Frn/index.html",
        "https://example.org/?q=XXX+Sex",
        "https://example.jp/%E7%84%A1%E4%BF%AE%E6%AD%A3%E5%8B%95%E7%94%BB",
    ],
)
def test_sexual_addresses_are_told(url: str) -> None:
    assert measured(url)["url_adult"] is True
    assert verdict(url, UrlFilter()) == "url_adult"
    assert verdict(url, UrlFilter(adult=False)) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/buy-cheap-viagra-online",
        "https://onlinecasino-x.example/",
        "https://example.edu.xx/~user/slot-gacor-maxwin/",
        "https://example.com/casino/no-deposit-bonus",
        "https://example.com/poker-roulette",
        "https://buy-tramadol.example/overnight",
        "https://www.sbobet.com/",
    ],
)
def test_gambling_and_pills_are_told(url: str) -> None:
    assert measured(url)["url_spam"] is True
    assert verdict(url, UrlFilter()) == "url_spam"
    assert verdict(url, UrlFilter(spam=False)) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://www.essex.ac.uk/courses/sex-education-videos",
        "https://www.sussexlive.co.uk/news",
        "https://www.essexlive.news/whats-on",
        "https://essexshop.example/",
        "https://middlesex.edu/analysis/class",
        "https://www.scunthorpe.example/titles/document",
        "https://en.wikipedia.org/wiki/Scunthorpe_problem",
        "https://www.expertsexchange.com/questions/1",
        "https://www.penisland.net/",
        "https://cocktails.example/shitake-cocktail",
        "https://therapistfinder.example/find-a-therapist",
        "https://www.nhs.uk/live-well/sexual-health/sex-as-you-get-older/",
        "https://example.org/teen-sex-education-video",
        "https://example.org/law/sex-offenders-videos",
        "https://example.org/hiv/anal-sex-risk-prevention",
        "https://example.com/super-bowl-xxx-highlights",
        "https://www.pornic.fr/office-de-tourisme",
        "https://www.pornichet.fr/",
        "https://example.co.th/staff/siriporn",
        "https://siriporn-shop.example/",
        "https://en.wikipedia.org/wiki/Casino_Royale",
        "https://example.com/ford-escort-videos",
        "https://example.com/online-betting-regulation",
        "https://example.com/poker",
        "https://autogeld.example/",
        "https://olivesexport.example/",
        "https://hotshotsexpress.example/",
        "https://farmhandjobs.example/",
        "https://example.org/gambling-addiction-casino-poker",
        "https://www.niagara-hotels.example/specialist-socialism",
        "https://lgbt.example.org/gay-lesbian-trans-teens-videos",
        "https://example.org/coconut-creampie-recipe",
        "https://example.org/kick-ass-movie-videos",
        "https://arxiv.org/abs/2401.00001",
        "https://example.com/buy-cheap-flights-online",
    ],
)
def test_harmless_addresses_pass(url: str) -> None:
    signals = measured(url)
    assert (signals["url_adult"], signals["url_spam"]) == (False, False)
    assert verdict(url, UrlFilter()) is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("HTTP://WWW.Example.COM/", "www.example.com"),
        ("http://example.com.:80/a", "example.com"),
        ("http://example.com", "example.com"),
        ("https://user:p%40ss@example.com:8443/x", "example.com"),
        ("https://a@b@example.com/", "example.com"),
        ("//example.com/x", "example.com"),
        ("example.com/x", "example.com"),
        ("example.com:8080", "example.com"),
        ("www.example.com?x=1", "www.example.com"),
        ("http:\\\\example.com\\a", "example.com"),
        ("  http://example.com/\n", "example.com"),
        ("http://exa\tmple.com/", "example.com"),
        ("http://ex%61mple.com/", "example.com"),
        ("http://bücher.example/", "xn--bcher-kva.example"),
        ("http://XN--BCHER-KVA.example/", "xn--bcher-kva.example"),
        ("http://例え。テスト/", "xn--r8jz45g.xn--zckzah"),
        ("http://[2001:DB8::1]:8080/x", "2001:db8::1"),
        ("http://192.0.2.7:81/", "192.0.2.7"),
        ("http://localhost:8000/", "localhost"),
        ("http://under_score.example.com/", "under_score.example.com"),
        ("ftp://example.com/file", "example.com"),
        ("http://example.com#frag/x", "example.com"),
        ("http://xn--a.example/", "xn--a.example"),
    ],
)
def test_hosts_are_found_in_odd_urls(url: str, host: str) -> None:
    found = address(url)
    assert found is not None
    assert found.host == host
    assert measured(url)["url_host"] == host


@pytest.mark.parametrize(
    "url",
    ["mailto:me@example.com", "about:blank", "http://", "http:///x", "not a url", "http://[::1",
     "http://a..b/", "http://exa mple.com/", "hard::example.com.page.html", "/path/only", "\x00",
     "http://\ud800.example/", "http://" + "a." * 200 + "com/"],
)  # fmt: skip
def test_what_has_no_host_is_malformed_and_kept_unless_asked(url: str) -> None:
    signals = measured(url)
    assert signals["url_malformed"] is True
    assert signals["url_host"] is None
    assert signals["url_adult"] is None
    assert verdict(url, UrlFilter()) is None
    assert verdict(url, UrlFilter(malformed=True)) == "url_malformed"


@pytest.mark.parametrize("url", [None, "", "   "])
def test_without_url_all_signals_are_undefined_and_the_document_stays(url: str | None) -> None:
    assert set(measured(url).values()) == {None}
    assert verdict(url, UrlFilter(malformed=True, blocked_words=("a",))) is None


def test_blocking_a_host_blocks_its_subdomains_and_nothing_else() -> None:
    stage = UrlFilter(
        blocked_hosts=("Bücher.example", "bad.example.org:80", "*.wild.example", "zip")
    )
    for url in (
        "http://xn--bcher-kva.example/",
        "https://shop.bad.example.org/",
        "http://BAD.example.org.:9/",
        "http://a.wild.example/",
        "http://any.zip/",
    ):
        assert verdict(url, stage) == "url_banned", url
    for url in ("http://example.org/", "http://notbad.example.org/", "http://bad.example.org.uk/"):
        assert verdict(url, stage) is None, url


@pytest.mark.parametrize("entry", ["рф", ".РФ.", "*.рф", "xn--p1ai", "*.xn--p1ai"])
def test_top_level_domains_are_blocked_in_any_spelling(entry: str) -> None:
    stage = UrlFilter(blocked_hosts=(entry,))
    assert verdict("http://пример.рф/", stage) == "url_banned"
    assert verdict("http://рф.example/", stage) is None
    assert verdict("http://any.zip/", UrlFilter(blocked_hosts=("*.zip",))) == "url_banned"


@pytest.mark.parametrize("word", ["हिन्दी", "caf%C3%A9", "cafe\u0301", "ทดสอบ"])
def test_words_of_any_script_are_told_between_separators(word: str) -> None:
    stage = UrlFilter(blocked_words=(word,), max_suspect_words=0)
    assert verdict(f"http://example.com/a-{quote(unquote(word))}_b", stage) == "url_banned"
    assert verdict(f"http://example.com/a-x{quote(unquote(word))}_b", stage) is None
    stage = UrlFilter(blocked_substrings=(word,))
    assert verdict(f"http://example.com/a-x{quote(unquote(word))}_b", stage) == "url_banned"


@pytest.mark.parametrize("name", ["blocked_words", "suspect_words"])
def test_several_words_as_one_are_refused(name: str) -> None:
    for entry in ("flat-earth", "flat earth", "flat%20earth", "_", "c++"):
        with pytest.raises(ConfigError, match=f"{name} holds .* give one word"):
            UrlFilter(**{name: ("ok", entry)})


def test_blocking_a_url_blocks_what_lies_below_it() -> None:
    stage = UrlFilter(blocked_urls=("https://www.example.org/forum/", "example.com/a?id=7"))
    assert verdict("http://example.org/forum/thread/1", stage) == "url_banned"
    assert verdict("http://example.org/FORUM", stage) == "url_banned"
    assert verdict("http://example.org/forum?page=2", stage) == "url_banned"
    assert verdict("http://example.com/a?id=7&x=1", stage) == "url_banned"
    assert verdict("http://example.org/forums", stage) is None
    assert verdict("http://example.com/a?id=71", stage) is None
    assert verdict("http://example.org/", stage) is None


def test_user_words_hard_suspect_and_substrings() -> None:
    stage = UrlFilter(
        blocked_words=("Bet365",),
        suspect_words=("alpha", "beta", "gamma"),
        blocked_substrings=("track",),
    )
    assert verdict("http://example.com/bet365-login", stage) == "url_banned"
    assert verdict("http://example.com/bet3650", stage) is None
    assert verdict("http://example.com/backtracking", stage) == "url_banned"
    assert verdict("http://alpha.example.com/alpha", stage) is None
    assert verdict("http://alpha.example.com/BETA", stage) == "url_suspect_words"
    assert measured("http://alpha.example.com/beta_gamma", stage)["url_suspect_words"] == 3
    assert verdict("http://alpha.example.com/beta", replace(stage, max_suspect_words=2)) is None
    assert verdict("http://alpha.example.com/beta", replace(stage, max_suspect_words=None)) is None
    assert verdict("http://alpha.example.com/", replace(stage, max_suspect_words=0)) is not None


def test_allowed_hosts_are_exempt_from_every_list() -> None:
    stage = UrlFilter(allowed_hosts=("example.com",), blocked_hosts=("example.com",))
    assert verdict("http://www.example.com/hot-sex-videos", stage) is None
    assert verdict("http://www.example.net/hot-sex-videos", stage) == "url_adult"


def test_list_files_plain_gzipped_and_hosts_format(tmp_path: Path) -> None:
    plain = tmp_path / "domains"
    plain.write_text("# UT1\nbad.example\n\nworse.example # comment\n", "utf-8")
    packed = tmp_path / "hosts.gz"
    packed.write_bytes(
        gzip.compress(b"127.0.0.1 localhost\n0.0.0.0 ads.example two.example\r\n::1 localhost\n")
    )
    words = tmp_path / "words.txt"
    words.write_bytes(b"\xef\xbb\xbfzonk\n\xff\xfe\n")
    stage = UrlFilter(host_files=(plain, packed), word_files=(words,))
    for host in ("bad.example", "x.worse.example", "ads.example", "two.example"):
        assert verdict(f"http://{host}/", stage) == "url_banned", host
    assert verdict("http://example.com/ZONK", stage) == "url_banned"
    assert verdict("http://localhost/", stage) is None


def test_artifacts_change_with_the_contents_of_a_list(tmp_path: Path) -> None:
    path = tmp_path / "hosts.txt"
    path.write_text("a.example\n", "utf-8")
    first = UrlFilter(host_files=(path,))
    assert first == UrlFilter(host_files=(path,))
    before = dict(first.artifacts)
    path.write_text("b.example and more\n", "utf-8")
    assert dict(UrlFilter(host_files=(path,)).artifacts) != before
    assert "url_list_adult/hosts" in before


def test_a_worker_that_lacks_a_list_ends_the_run_and_fails_no_document(tmp_path: Path) -> None:
    path = tmp_path / "hosts.txt"
    path.write_text("bad.example\n")
    stage = UrlFilter(host_files=(path,))
    sent = pickle.dumps(stage)
    path.unlink()
    docs = [Document("a", url="https://bad.example/")]
    assert [str(doc.verdict) for doc in stage(docs)] == ["url_filter: url_banned True > 0"]
    with pytest.raises(RunError, match=r"^url_filter: a list is gone or damaged: .*hosts\.txt"):
        pickle.loads(sent)(docs)


def test_missing_or_broken_list_files_name_the_field(tmp_path: Path) -> None:
    for field in ("host_files", "url_files", "word_files", "suspect_word_files",
                  "substring_files", "allowed_host_files"):  # fmt: skip
        with pytest.raises(ConfigError, match=f"url_filter: {field} = .*nowhere"):
            UrlFilter(**{field: (tmp_path / "nowhere",)})
    clipped = tmp_path / "clipped.gz"
    clipped.write_bytes(gzip.compress(b"example.com\n" * 100)[:30])
    with pytest.raises(ConfigError, match="host_files"):
        UrlFilter(host_files=(clipped,))
    with pytest.raises(ConfigError, match="host_files"):
        UrlFilter(host_files=(tmp_path,))
    with pytest.raises(ConfigError, match="bans nothing"):
        UrlFilter(blocked_words=("ok", " "))
    with pytest.raises(ConfigError, match="blocked_hosts"):
        UrlFilter(blocked_hosts="example.com")  # type: ignore[arg-type]


def test_pickles_small_and_judges_the_same(tmp_path: Path) -> None:
    path = tmp_path / "hosts.txt"
    path.write_text("\n".join(f"h{i}.example" for i in range(20_000)), "utf-8")
    stage = UrlFilter(host_files=(path,), blocked_words=("zonk",))
    data = pickle.dumps(stage)
    assert len(data) < 2_000
    again = pickle.loads(data)
    assert again == stage
    assert verdict("http://x.h19999.example/", again) == "url_banned"


@given(
    st.text() | st.text(alphabet="htp:/@[]%.xn-\\?#:0a\ud800\x00。").map(lambda s: "http://" + s)
)
def test_no_url_ever_raises(url: str) -> None:
    (out,) = UrlFilter(blocked_urls=("example.com/a",), blocked_substrings=("é",)).process(
        [Document("a", url=url)]
    )
    assert set(out.signals) == {signal.name for signal in UrlFilter.measures}


@given(
    st.lists(st.sampled_from(["sex", "video", "example", "buy", "casino", "law", "pornhub"])),
    st.booleans(),
)
def test_switching_a_rule_off_never_drops_more(words: list[str], adult: bool) -> None:
    url = "http://example.org/" + "-".join(words)
    strict, loose = UrlFilter(), UrlFilter(adult=adult, max_suspect_words=None)
    assert not (verdict(url, strict) is None and verdict(url, loose) is not None)


BANS = {
    "blocked_hosts": ("bad.com", "sub.ok.org", "münchen.de", "1.2.3.4", "bad.co.uk"),
    "blocked_urls": ("http://site.org/page",),
    "blocked_words": ("porno",),
    "suspect_words": ("sex", "hot", "free"),
    "blocked_substrings": ("xvideo",),
}
# dropped and kept by datatrove 0.10.0's URLFilter with these lists
DROPPED = [
    *("http://bad.com/", "http://a.bad.com/x", "http://bad.com:8080/", "http://u:p@bad.com/"),
    *("http://bad.com./", "http://bad。com/", "bad.com/x", "//bad.com/x", "http://sub.ok.org/"),
    *("http://münchen.de/", "http://bad.co.uk/", "http://site.org/page", "http://x.org/porno"),
    *("http://x.org/a_porno_b", "http://xvideo.org/", "http://x.org/xvideos.html"),
    *("http://x.org/sex/hot", "http://sex.com/free"),
]
KEPT = [
    *(
        "http://ok.org/",
        "http://notbad.com/",
        "http://bad.com.evil.org/",
        "http://bad.com@good.org/",
    ),
    *("http://good.org/?u=bad.com", "http://x.org/pornos", "http://x.org/a%70orno"),
    *("http://x.org/sex", "http://x.org/sex-sex"),
]
# kept there, because written otherwise than in the list
WRITTEN_OTHERWISE = [
    *("http://BAD.com/", "http://a.b.sub.ok.org/", "http://1.2.3.4/", "http://xn--mnchen-3ya.de/"),
    *("http://site.org/page/", "https://site.org/page", "http://site.org/page?x"),
    *("http://x.org/PORNO", "http://x.org/%70orno"),
]
# dropped there: across separators, by the fragment, by a host that no browser would ask
OVERREACHED = [
    *("http://x.org/x-video", "http://x.org/x/video", "http://x.org/#sex-hot"),
    "http://example.com\\@bad.com/",
]


@pytest.mark.parametrize("url", DROPPED + KEPT + WRITTEN_OTHERWISE + OVERREACHED)
def test_the_users_lists_decide_as_in_datatrove_but_for_what_is_said(url):
    [doc] = UrlFilter(**BANS, adult=False, spam=False)([Document("a", url=url)])
    assert doc.live == (url in KEPT + OVERREACHED)
