"""An embedded cluster that cannot start says why, in one line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_kubeflow.cluster.embedded import with_endpoints
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.local.endpoints import Endpoints
from tests.cluster.remote import COMMAND
from tests.config.sources import resolved

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


@pytest.mark.parametrize("name", ["kubeconfig", "context"])
def test_another_kubernetes_is_not_replaced_silently(tmp_path: Path, name: str) -> None:
    (tmp_path / "kubeconfig").write_text("{}")
    given = str(tmp_path / "kubeconfig") if name == "kubeconfig" else "staging"
    endpoints = Endpoints(
        host="http://localhost:1",
        kubeconfig=tmp_path / "embedded",
        s3_endpoint="http://127.0.0.1:2",
        s3_access_key="a",
        s3_secret_key="b",
        username=None,
        password=None,
        namespace="team",
        storage_class="standard",
    )
    message = rf"^--kf-{name}=\S+ \(from command line\): --kf-host=local .* leave one of them out"
    with pytest.raises(ConfigurationError, match=message):
        resolved({"host": "local", name: given})
    # What is of the ini file gives way to a host of the command line.
    located = with_endpoints(resolved({"host": "local"}, ini={name: given}), endpoints)
    assert located.kubernetes.kubeconfig == tmp_path / "embedded"


def test_a_kubernetes_is_joined_on_purpose_alone(tmp_path: Path) -> None:
    """Whose kubeconfig is given beside it may be a cluster that is in use: one line, no start."""
    (tmp_path / "test_it.py").write_text("def test_it(kf_cluster): pass\n")
    done = subprocess.run(
        [*COMMAND, "--kf-host=local", "--kf-context=production"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    (line,) = (one for one in done.stderr.splitlines() if one.startswith("ERROR: "))
    assert line.startswith("ERROR: --kf-context=production (from command line): --kf-host=local ")
    assert "`python -m pytest_kubeflow.local --kubeconfig FILE`" in line
