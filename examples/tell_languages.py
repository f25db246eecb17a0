"""Check the language of raw HTML, extract, tell languages, and judge each by its own stop words.

    python examples/tell_languages.py

The pages are made here: German with an English banner, English, Norwegian, half and half, and code.
"""

import webfilter as wf

GERMAN = (
    "Der Zug nach München hatte gestern wieder eine halbe Stunde Verspätung, und die Fahrgäste "
    "mussten auf dem Bahnsteig in der Kälte warten, bis die Strecke wieder frei war. "
)
ENGLISH = (
    "The committee meets every second Thursday in the old library near the station, and everybody "
    "who has read the book of the month is welcome to talk about it with the others. "
)
NORWEGIAN = (
    "I går kveld gikk vi lenge langs elva og snakket om jobben, og etterpå kjøpte vi en stor pose "
    "med epler på torget, som vi skal lage syltetøy av i morgen. "
)
CODE = "for (i = 0; i < n; i++) { items[i] = next(state, buf[i]); if (!items[i]) return -1; }\n"
BANNER = "<p>We use cookies to improve our service. Accept all cookies</p>"


def page(*paragraphs: str, before: str = "") -> bytes:
    """Return a page of the paragraphs."""
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return f"<html><body>{before}<article>{body}</article></body></html>".encode()


PAGES = {
    "german": page(*[GERMAN] * 4, before=BANNER),
    "english": page(*[ENGLISH] * 4),
    "norwegian": page(*[NORWEGIAN] * 4),
    "mixed": page(*[ENGLISH] * 4, *[GERMAN] * 4),
    "code": page(*[CODE * 4] * 4),
}
ASKED = {"de", "no"}


def main() -> None:
    """Run the stages over the pages and print what became of each."""
    by_language = wf.ByLanguage(
        {code: wf.GopherQuality.for_language(code, min_words=20) for code in ("de", "nb", "nn")}
    )
    pipe = (
        wf.DraftLanguage(ASKED)  # drops what is clearly in no language asked for, unextracted
        | wf.Extract()
        | wf.Language(ASKED, min_scores={"nno": 0.5}, top=3, shares=True, min_share=0.6)
        | by_language
    )
    for doc in pipe(wf.Document(name, html=html) for name, html in PAGES.items()):
        shown = [doc.signals.get(f"language{more}") for more in ("", "_score", "_shares", "_top")]
        print(
            f"{doc.id:10} {doc.verdict or 'kept'}", *(s for s in shown if s is not None), sep="  "
        )
    print("German stop words:", *wf.language_facts("German").stop_words)


if __name__ == "__main__":
    main()
