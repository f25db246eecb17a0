"""Measure once, judge many times: how much is kept at other thresholds.

    python examples/move_threshold.py [INPUT ...]

Every signal is measured on every page (`measure_all`), so afterwards any limit can be moved without
extracting or scoring anything again. Without an input it takes the embedded sample.
"""

import argparse
import tempfile
from pathlib import Path

import webfilter as wf

SAMPLE = Path(__file__).parent / "data" / "sample.warc.gz"


def main() -> None:
    """Measure, then print how many documents each limit keeps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="*", default=[str(SAMPLE)])
    args = parser.parse_args()

    pipe = wf.Extract() | wf.Language({"en"}) | wf.GopherQuality() | wf.Educational()
    out = Path(tempfile.mkdtemp(prefix="webfilter-"))
    pipe.run(wf.read.files(args.inputs), out, measure_all=True)

    measured = list(wf.read([out / "kept", out / "dropped"]))
    english = wf.Rule("language", isin=frozenset({"en"}))
    print("educational >=   documents kept")
    for limit in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0):
        judge = wf.Judge((english, wf.Rule("educational", ge=limit)), given=True)
        print(f"{limit:>14}   {sum(doc.live for doc in judge(measured))}")


if __name__ == "__main__":
    main()
