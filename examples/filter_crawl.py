"""Filter a crawl and look at what happened.

    python examples/filter_crawl.py [INPUT ...] [--out DIR]

Without an input it takes the embedded sample.
"""

import argparse
import tempfile
from pathlib import Path

import webfilter as wf

SAMPLE = Path(__file__).parent / "data" / "sample.warc.gz"


def main() -> None:
    """Run the default recipe; print the funnel and three kept pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="*", default=[str(SAMPLE)])
    parser.add_argument("--out", default=None)
    args = parser.parse_args()
    out = Path(args.out or tempfile.mkdtemp(prefix="webfilter-"))

    report = wf.recipe("educational").run(wf.read.files(args.inputs), out, workers=2)
    print(report)

    best = sorted(wf.read(out / "kept"), key=lambda doc: -doc.signals["educational"])
    for doc in best[:3]:
        print(f"\n{doc.signals['educational']:.2f}  {doc.url}\n{doc.text[:300]} ...")
    print(f"\nThe page to look at: {out / 'report.html'}")


if __name__ == "__main__":
    main()
