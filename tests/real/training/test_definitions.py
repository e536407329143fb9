"""Definitions of training are those of the releases, shortened."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest

from tests.real.programs import NO_GO
from tests.real.training.definitions import RELEASES, main


def test_definitions_are_those_of_the_releases(tmp_path: Path) -> None:
    if shutil.which("go") is None:
        pytest.skip(NO_GO)
    main(tmp_path)
    here = resources.files("pytest_kubeflow.local.training").joinpath("definitions")
    for name in RELEASES:
        file = f"{name}.json"
        assert here.joinpath(file).read_text() == (tmp_path / file).read_text(), file
