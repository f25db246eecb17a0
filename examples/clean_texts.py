"""Clean texts line by line, mask personal data, and keep benchmark items out.

    python examples/clean_texts.py

The texts and the benchmark are made here, so that it is plain what each stage takes out.
"""

import json
import tempfile
from pathlib import Path

import webfilter as wf

RIDDLE = "A farmer has 17 sheep and sells all but 9 of them. How many sheep are left on the farm?"
PAGES = {
    "lesson": (
        "Home | Lessons | Contact\n\nWhy leaves are green\n\nPlants make sugar from light. The "
        "green pigment in their leaves takes up red and blue light and gives back the green.\n\n"
        "Questions? Ask Ann at ann@school.example or +49 30 901820.\n\nShare on Facebook\n"
        "We use cookies to improve our service.\n© 2024 All rights reserved"
    ),
    "quiz": f"A riddle of the week for the whole class, to be solved without a pen: {RIDDLE}",
    "filler": "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor.",
}


def has_no_filler(doc: wf.Document) -> bool:
    """Return whether the text is written by somebody."""
    return "lorem ipsum" not in doc.text.lower()


def main() -> None:
    """Run the stages over the pages and print what became of each."""
    benchmark = Path(tempfile.mkdtemp(prefix="webfilter-"), "riddles.jsonl")
    benchmark.write_text(json.dumps({"question": RIDDLE, "answer": "9"}) + "\n", "utf-8")
    pipe = (
        wf.Where(has_no_filler, reason="filler")
        | wf.Contamination([benchmark])
        | wf.Lines()
        | wf.Pii()
        | wf.BadWords()
        | wf.Length(min_words=10)
    )
    for doc in pipe(wf.Document(name, text) for name, text in PAGES.items()):
        print(f"== {doc.id}: {doc.verdict or 'kept'}")
        found = {k: v for k, v in doc.signals.items() if v and k.startswith(("lines_", "pii_"))}
        print(found or doc.signals.get("contamination_spans") or "")
        if doc.live:
            print(doc.text)


if __name__ == "__main__":
    main()
