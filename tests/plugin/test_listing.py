"""What `pytest --fixtures` and `pytest --markers` show of this plugin."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PUBLIC = {
    "kf_config",
    "kf_cluster",
    "kf_namespace",
    "kf_kubernetes",
    "kfp_client",
    "minio_bucket",
    "minio_client",
    "pipeline_run",
    "run_pipeline",
    "seeded_pvc",
    "upload_pipeline",
}


def listed(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Our fixtures and what is said of them."""
    said = listed(tmp_path_factory.mktemp("fixtures"), "--fixtures")
    found = re.findall(
        r"^(\w+)(?: \[\w+ scope\])? -- \S*pytest_kubeflow/\S+:\d+\n((?:^    .*\n|^\n(?=    ))*)",
        said,
        re.MULTILINE,
    )
    return {name: " ".join(text.split()) for name, text in found}


def test_all_are_documented(fixtures: dict[str, str]) -> None:
    assert fixtures.keys() >= PUBLIC
    for name, text in fixtures.items():
        assert len(text) > 40, name
        assert "no docstring" not in text, name


def test_private_ones_are_not_shown(fixtures: dict[str, str]) -> None:
    assert not [name for name in fixtures if name.startswith("_")]


def test_markers_are_listed(tmp_path: Path) -> None:
    said = listed(tmp_path, "--markers")
    assert "@pytest.mark.kf_pipeline(pipeline, *, arguments=None, **options): the pipeline" in said
    assert "@pytest.mark.kf_requires(*components): skip the test where" in said


def test_markers_are_known_to_strict_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.kf_pipeline(None)\n@pytest.mark.kf_requires('katib')\ndef test_it(): pass\n"
    )
    assert "1 test collected" in listed(tmp_path, "--strict-markers", "--collect-only")
