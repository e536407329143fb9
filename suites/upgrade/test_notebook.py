"""A notebook and its workspace."""

import secrets

import pytest

from pytest_kubeflow import NotebookCreator, Upgrade

before, after = (pytest.mark.kf_upgrade(phase) for phase in ("before", "after"))

pytestmark = [
    pytest.mark.kf_requires("notebooks"),
    pytest.mark.kf_images("--kf-notebook-image"),
]


@before
def test_leave_a_notebook_with_a_file(notebook: NotebookCreator, upgrade: Upgrade) -> None:
    """Before an upgrade: leaves a notebook with a file in its workspace."""
    text = secrets.token_hex(16)
    made = notebook()
    made.write("kept.txt", text)
    assert made.execute("print(open('kept.txt').read())").text.strip() == text
    upgrade.leave("notebook", name=made.name, text=text)


@after
def test_the_notebook_has_its_file_and_runs_code(upgrade: Upgrade) -> None:
    """After it: the notebook starts, has the file and runs code."""
    left = upgrade.left("notebook")
    made = upgrade.notebook(left["name"]).wait_ready()
    assert made.read_text("kept.txt") == left["text"]
    assert made.execute("print(open('kept.txt').read(), 6 * 7)").text.split() == [
        left["text"],
        "42",
    ]
