"""Every script and notebook under examples/ runs."""

import asyncio
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SCRIPTS = [
    "filter_crawl.py",
    "move_threshold.py",
    "clean_texts.py",
    "extract_pages.py",
    "drop_duplicates.py",
    "score_and_tier.py",
    "tell_languages.py",
    "ray_cluster.py",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_script_runs_on_the_embedded_sample(script):
    if script == "ray_cluster.py":
        pytest.importorskip("ray")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "kept" in done.stdout


def test_every_example_is_run_by_a_test():
    scripts = {path.name for path in EXAMPLES.glob("*.py")}
    assert scripts == {*SCRIPTS, "make_sample.py"}
    assert {path.name for path in EXAMPLES.glob("*.ipynb")} == {"quickstart.ipynb"}


def test_the_notebook_runs():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the notebook machinery, not ours
        import nbformat
        from nbclient import NotebookClient

        if sys.platform == "win32":
            asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
        notebook = nbformat.read(EXAMPLES / "quickstart.ipynb", as_version=4)
        client = NotebookClient(
            notebook, timeout=120, resources={"metadata": {"path": str(EXAMPLES)}}
        )
        client.execute()
    shown = str([cell.get("outputs") for cell in notebook.cells])
    assert "text/html" in shown
