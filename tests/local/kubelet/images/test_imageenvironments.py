"""Scripts of an environment that was made elsewhere than where its containers see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kubeflow.local.kubelet.images.imageenvironments import _repair

PROGRAM = b"# -*- coding: utf-8 -*-\nimport sys\nsys.exit(0)\n"


@pytest.mark.parametrize(
    "head",
    [
        "#!{python}\n",
        "#!/bin/sh\n'''exec' '{python}' \"$0\" \"$@\"\n' '''\n",
        "#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''\n",
    ],
)
def test_scripts_name_the_interpreter_of_containers(tmp_path: Path, head: str) -> None:
    """Installers write the longer forms where a path has more than 127 letters."""
    place = tmp_path / "opt/conda"
    script = place / "bin/torchrun"
    script.parent.mkdir(parents=True)
    script.write_bytes(head.format(python=place / "bin/python3").encode() + PROGRAM)
    _repair(script, place)
    assert script.read_bytes() == b"#!/opt/conda/bin/python3\n" + PROGRAM
    assert script.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("text", [b"#!/bin/sh\necho hello\n", b"\x7fELF", b"#!/usr/bin/perl\n"])
def test_other_programs_stay_as_they_are(tmp_path: Path, text: bytes) -> None:
    script = tmp_path / "tool"
    script.write_bytes(text)
    _repair(script, tmp_path / "opt/conda")
    assert script.read_bytes() == text
