"""Loading the plugin is cheap, and works whatever the configuration says."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_kubeflow

HEAVY = [
    *("kfp", "kubernetes", "minio", "kserve", "requests", "urllib3", "yaml", "starlette"),
    *("uvicorn", "httpx", "tenacity", "google", "sklearn", "cryptography", "tomllib"),
    "pytest_kubeflow.local",
]
PROBE = """
import sys, pytest
code = pytest.main(sys.argv[1:])
print("LOADED", *[name for name in {heavy!r} if name in sys.modules])
print("PLUGIN", "pytest_kubeflow.plugin" in sys.modules)
sys.exit(code)
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("argument", ["--help", "-VV", "--fixtures", "--markers"])
def test_nothing_heavy_is_loaded(tmp_path: Path, argument: str) -> None:
    done = run(tmp_path, "-c", PROBE.format(heavy=HEAVY), argument)
    assert done.returncode in {0, 5}, done.stderr
    assert re.search(r"^LOADED *$", done.stdout, re.MULTILINE), done.stdout[-500:]
    assert "PLUGIN True" in done.stdout


def test_nor_for_tests_without_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(kf_config): assert kf_config.gateway.host\n")
    probe = PROBE.format(heavy=HEAVY)
    done = run(tmp_path, "-c", probe, "-p", "no:html", "--kf-host=http://127.0.0.1:9")
    assert "1 passed" in done.stdout, done.stdout
    assert re.search(r"^LOADED *$", done.stdout, re.MULTILINE), done.stdout[-500:]


def test_the_probe_sees_what_is_loaded(tmp_path: Path) -> None:
    """The positive control: a test that imports yaml is seen."""
    (tmp_path / "test_it.py").write_text("def test_it(): import yaml\n")
    done = run(tmp_path, "-c", PROBE.format(heavy=HEAVY))
    assert "LOADED yaml" in done.stdout


def test_importing_the_package_imports_no_sdk(tmp_path: Path) -> None:
    program = "import sys, pytest_kubeflow; dir(pytest_kubeflow); print(*sys.modules)"
    loaded = run(tmp_path, "-c", program).stdout.split()
    assert "pytest_kubeflow" in loaded
    assert not set(loaded) & {*HEAVY, "pytest"}


@pytest.mark.parametrize("argument", ["--help", "-VV", "--markers", "--fixtures"])
def test_help_works_with_a_broken_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nkf_timeout = soon\nkf_host = ftp://x\n")
    monkeypatch.setenv("KF_KEEP", "sometimes")
    done = run(tmp_path, "-m", "pytest", argument)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ERROR" not in done.stderr


def test_public_names_agree() -> None:
    """Those of __all__, of the lazy import, and of the imports that type checkers see."""
    source = Path(str(pytest_kubeflow.__file__)).read_text()
    block = source.partition("if TYPE_CHECKING:\n")[2].partition("\n__all__")[0]
    imports = re.findall(r"from pytest_kubeflow\.([\w.]+) import (?:\(([^)]*)\)|(.+))", block)
    seen = {home: sorted(re.findall(r"\w+", several or one)) for home, several, one in imports}
    homes = {home: sorted(names) for home, names in pytest_kubeflow._HOMES.items()}
    assert homes == seen
    listed = [name for names in homes.values() for name in names]
    assert sorted(listed) == sorted(pytest_kubeflow.__all__)
    assert len(set(listed)) == len(listed)
    assert sorted(pytest_kubeflow.__all__) == pytest_kubeflow.__all__


@pytest.mark.parametrize("name", pytest_kubeflow.__all__)
def test_public_names_are_there_and_documented(name: str) -> None:
    value = getattr(pytest_kubeflow, name)
    home = next(home for home, names in pytest_kubeflow._HOMES.items() if name in names)
    assert getattr(importlib.import_module(f"pytest_kubeflow.{home}"), name) is value
    assert value.__doc__
    assert name in dir(pytest_kubeflow)


def test_other_names_are_errors() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Klaster'"):
        pytest_kubeflow.Klaster  # noqa: B018
