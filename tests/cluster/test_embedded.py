"""An embedded cluster that cannot start says why, in one line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cluster.remote import COMMAND

BROKEN = {
    "raise ModuleNotFoundError(\"No module named 'uvicorn'\")": (
        "ERROR: --kf-host=local needs the embedded Kubeflow, which is not installed "
        "(ModuleNotFoundError: No module named 'uvicorn'): pip install 'pytest-kubeflow[local]'"
    ),
    "raise OSError('no space left')": (
        "ERROR: --kf-host=local: the embedded cluster did not start: OSError: no space left "
        "(python -m pytest_kubeflow.local shows all that it says)"
    ),
}


@pytest.mark.parametrize("code", BROKEN, ids=["missing", "broken"])
def test_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """`uvicorn`, which only the embedded cluster imports, is not there or does not load."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "uvicorn.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(library), prepend=":")
    (tmp_path / "test_it.py").write_text("def test_it(kf_cluster): pass\n")
    done = subprocess.run(
        [*COMMAND, "--kf-host=local"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == (4 if "not installed" in BROKEN[code] else 78), done.stdout
    assert BROKEN[code] in {*done.stdout.splitlines(), *done.stderr.splitlines()}
    assert "Traceback" not in done.stdout
