"""Measure once, judge many times: what other limits keep, what rules remove, and from whom.

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
    """Measure, then ask the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="*", default=[str(SAMPLE)])
    args = parser.parse_args()

    pipe = wf.Extract() | wf.Language({"en"}) | wf.GopherQuality() | wf.Educational()
    out = Path(tempfile.mkdtemp(prefix="webfilter-"))
    report = pipe.run(wf.read.files(args.inputs), out, measure_all=True)

    print(report.sweep("educational", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]))
    print()
    print(report.removal())
    print()
    print(report.borderline("educational", n=4))
    print()
    print(report.breakdown("language", mean="educational"))


if __name__ == "__main__":
    main()
