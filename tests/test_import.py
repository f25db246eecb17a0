"""What importing webfilter costs, and which way its arrows point."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import webfilter

SOURCE = Path(webfilter.__file__).parent
HEAVY = ("numpy", "sklearn", "pyarrow", "trafilatura", "resiliparse", "fasttext", "lxml", "tqdm")
HEAVY += ("ray",)


def test_importing_webfilter_loads_nothing_heavy():
    code = "import sys, webfilter; print(*sorted(m.split('.')[0] for m in sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not set(HEAVY) & set(loaded.stdout.split())


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
def test_importing_webfilter_takes_little_memory():
    code = "import resource, webfilter; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    peak = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(peak.stdout) / (1 if sys.platform == "darwin" else 1024) < 40 * 1024


def test_extracting_loads_no_tables_of_characters():
    """They take 57 MB and .15 s, in each child that extracts pages."""
    code = """
import sys, webfilter as wf
page = wf.Document("a", html="<p>Water boils at 100 degrees, u\\u0308berall.</p>".encode())
for engine in ("plain", "resiliparse", "blocks", "justext", "trafilatura"):
    wf.Extract(engine=engine, seconds=None, memory_mb=None)([page])
print(*sorted(sys.modules))
"""
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "webfilter.extract.page" in loaded
    assert "webfilter.text" not in loaded


def test_every_public_name_is_there():
    assert sorted(webfilter.__all__) == webfilter.__all__ == dir(webfilter)
    for name in webfilter.__all__:
        assert getattr(webfilter, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nope'"):
        webfilter.Nope  # noqa: B018 - the access is the test


def test_no_module_takes_the_name_of_a_public_function():
    """Once imported, it would stand in its place: importing a module sets it in its package."""
    modules = {module.name for module in pkgutil.iter_modules(webfilter.__path__)}
    assert modules & set(webfilter.__all__) == {"catalog", "models", "read", "testing", "write"}


BASE = {"document", "stage", "text", "errors", "config", "child", "packaged", "profiles"}
BASE |= {"models", "codes", "languages", "blas", "binary", "composed", "tex"}
MAY = {folder: BASE for folder in ("extract", "language", "heuristics", "dedup", "score", "write")}
MAY |= {"read": BASE}
MAY["score"] = BASE | {"language"}  # which checks and loads fastText files
MAY["score"] |= {"identity"}  # estimators of a class of one's own count by its code
MAY["language"] = BASE | {"extract"}  # the check of raw HTML decodes it as extraction does
# a report answers questions about a run's documents: it reads them back, and builds the pipeline
# that ran from its recipe (both only when asked)
MAY |= {
    "report": BASE - {"text", "child", "packaged", "profiles"} | {"read", "pipeline", "compose"}
}
MAY |= {"run": BASE | {"read", "write", "report", "pipeline", "identity", "serve"}}
# tuning runs stages over two corpora and shows what it found: it stands where pipeline and cli do
MAY |= {"tuning": BASE | {"read", "report", "run", "pipeline", "compose", "heuristics", "language"}}
MAY["tuning"] |= {"extract"}  # it fits cascades


def imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("webfilter"):
            yield [*node.module.split("."), node.names[0].name][1]
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith("webfilter."):
                    yield name.name.split(".")[1]


@pytest.mark.parametrize("folder", sorted(MAY))
def test_arrows_point_one_way(folder):
    for path in (SOURCE / folder).rglob("*.py"):
        outside = set(imports(path)) - {folder, "__version__"}
        assert outside <= MAY[folder], f"{path.relative_to(SOURCE)} imports {outside - MAY[folder]}"


def test_only_pipeline_and_cli_import_run_and_report():
    for path in SOURCE.glob("*.py"):
        if path.stem not in ("pipeline", "cli", "__init__"):
            assert not set(imports(path)) & {"run", "report"}, path.name
