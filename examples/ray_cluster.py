"""Filter on a Ray cluster in two ways: a run whose batches go there, and within Ray Data.

    python examples/ray_cluster.py [INPUT ...] [--address ADDRESS]

Without an input it takes the embedded sample, without an address it starts Ray on this machine.
Needs ``pip install "webfilter[ray]"``.
"""

import argparse
import tempfile
from pathlib import Path

import ray

import webfilter as wf

SAMPLE = Path(__file__).parent / "data" / "sample.warc.gz"


def main() -> None:
    """Extract and filter by a run, then drop duplicates and score what it kept by Ray Data."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="*", default=[str(SAMPLE)])
    parser.add_argument("--address", default="local")
    args = parser.parse_args()
    here = {"num_cpus": 2, "include_dashboard": False} if args.address == "local" else {}
    ray.init(address=args.address, **here)
    out = Path(tempfile.mkdtemp(prefix="webfilter-"))

    # webfilter reads and writes; Ray's workers extract and filter
    pipe = wf.Extract() | wf.Language({"en"}) | wf.GopherQuality()
    print(pipe.run(wf.read.files(args.inputs), out / "run", workers=wf.RayWorkers()))

    # Ray Data reads and could write; webfilter is one step of its job
    fitted = (wf.MinHash() | wf.Educational(min_score=None)).fit(wf.read(out / "run" / "kept"))
    rows = ray.data.read_parquet(str(out / "run" / "kept"))
    marked = rows.map_batches(
        wf.TableWorker,
        fn_constructor_args=(fitted,),
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=1),
    )
    kept = [row for row in marked.iter_rows() if row["verdict"] is None]
    for row in sorted(kept, key=lambda row: -row["educational"])[:3]:
        print(f"{row['educational']:.2f}  {row['url']}\n{row['text'][:200]} ...\n")
    ray.shutdown()


if __name__ == "__main__":
    main()
