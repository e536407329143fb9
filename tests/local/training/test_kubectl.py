"""The kubectl of launchers, as the file that it is: what it says where it cannot work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kubeflow.local.kubelet import ImageCatalogue
from pytest_kubeflow.local.training.delivery import add_delivery_image
from pytest_kubeflow.local.training.operator.mpi.names import DELIVERY_IMAGE


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file."""
    folder = tmp_path_factory.mktemp("image")
    catalogue = ImageCatalogue()
    add_delivery_image(catalogue, folder)
    image = catalogue.resolve(DELIVERY_IMAGE)
    assert image.directory is not None
    return image.directory / "kubectl-delivery/kubectl"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["exec", "a", "--", "true"], 1, "error: the account of this pod is not there: "),
        (["exec", "a", "true"], 2, "unrecognized arguments: true"),
        (["exec", "a", "--"], 2, "you must specify at least one command for the container"),
        (["exec", "--", "true"], 2, "the following arguments are required: pod"),
        (["get", "pods", "--", "x"], 2, "invalid choice: 'get'"),
    ],
)
def test_what_it_says(program: Path, arguments: list[str], code: int, message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-IS", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"},
    )
    assert done.returncode == code, done.stderr
    assert message in done.stderr.strip().splitlines()[-1]


def test_it_is_a_program(program: Path) -> None:
    assert program.stat().st_mode & 0o777 == 0o755
    assert program.read_bytes().startswith(b"#!/run/kubelet/python3 -IS\n")
