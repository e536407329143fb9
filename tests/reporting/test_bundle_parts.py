"""The parts of a bundle by themselves: names, bounds, what is left out, clusters that are dead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.reporting.bundle import budget as budgets
from pytest_kubeflow.reporting.bundle.budget import Budget
from pytest_kubeflow.reporting.bundle.bundler import Bundler, Failure
from pytest_kubeflow.reporting.bundle.cleaning import cleaned
from pytest_kubeflow.reporting.bundle.contents import write_contents
from pytest_kubeflow.reporting.bundle.folder import Folder, is_ours, safe_name

from .runs import Fake, dead, task


def folder(path: Path, **changes: Any) -> Folder:
    facts = {"test": "test_it", "session": "s"}
    given: dict[str, Any] = {
        "redact": lambda text: text.replace("secret", "***"),
        "budget": Budget().for_test(),
    }
    return Folder(path, facts, **(given | changes))


def index(path: Path) -> Any:
    return json.loads((path / "index.json").read_text())


@pytest.mark.parametrize(
    "name",
    [
        "a/b.py::test[x/y]",
        "../../etc/passwd",
        "..",
        "x" * 400,
        "test[\x00\n\ud800<script>]",
        "test[é]",
        "CON",
        "",
    ],
)
def test_every_test_has_a_folder_of_its_own(name: str, tmp_path: Path) -> None:
    made = safe_name(name)
    assert "/" not in made
    assert not made.startswith(".")
    assert len(made) < 120
    assert made.isascii()
    assert safe_name(f"{name}.") != made
    (tmp_path / made).mkdir()
    assert [one.name for one in tmp_path.iterdir()] == [made]


def test_what_is_too_long_is_cut_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_kubeflow.reporting.bundle.folder.FILE_BYTES", 10)
    monkeypatch.setattr(budgets, "TEST_BYTES", 25)
    session = Budget()
    one = folder(tmp_path / "one", budget=session.for_test())
    one.write("a.txt", "first", "0123456789abc")
    one.write("b.log", "log", "0123456789abc", keep_end=True)
    one.write("c.txt", "third", "0123456789abc")
    one.write("d.txt", "fourth", "no room")
    one.close()
    texts = [(tmp_path / "one" / name).read_text() for name in ("a.txt", "b.log", "c.txt")]
    assert texts == ["0123456789", "3456789abc", "01234"]
    found = index(tmp_path / "one")
    assert found["files"]["b.log"]["cut"] == "its last 10 of 13 bytes"
    assert found["missing"] == [
        {"what": "fourth", "why": "left out: the room for one test, or for all, is used up"}
    ]
    assert session.bytes == budgets.SESSION_BYTES - 25
    assert "cut" not in (tmp_path / "one" / "README.md").read_text().partition("## Not")[2]


def test_redacted_before_it_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_kubeflow.reporting.bundle.folder.FILE_BYTES", 8)
    one = folder(tmp_path / "one")
    one.write("a.txt", "a secret", "12345 secret")
    one.gap("secret", "a secret\nreason")
    one.close()
    assert (tmp_path / "one/a.txt").read_text() == "12345 **"
    for file in (tmp_path / "one").iterdir():
        assert "secret" not in file.read_text()


def test_a_folder_of_ours_is_replaced_and_no_other(tmp_path: Path) -> None:
    folder(tmp_path / "one").close()
    (tmp_path / "one/old").touch()
    folder(tmp_path / "one").close()
    assert not (tmp_path / "one/old").exists()
    (tmp_path / "two").mkdir()
    (tmp_path / "two/index.json").write_text('{"mine": 1}')
    assert not is_ours(tmp_path / "two")
    bundler = Bundler(tmp_path / "two" / "index.json", "s", redact=str)
    assert bundler.collect(Failure("test_it", "call", "wrong"), []) == ""
    assert bundler.problems == ["evidence of test_it was not written: Not a directory"]
    assert (tmp_path / "two/index.json").read_text() == '{"mine": 1}'


def test_what_is_left_out_of_objects() -> None:
    secret = {"kind": "Secret", "data": {"a": "c2VjcmV0"}, "metadata": {"managedFields": [1]}}
    nested = {"env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}, {"name": "A", "value": "b"}]}
    pod = {
        "kind": "Pod",
        "metadata": {
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"}
        },
        "spec": {"containers": [nested | {"args": [json.dumps(nested), "{no json"]}]},
    }
    assert cleaned(secret) == {"kind": "Secret", "data": "***", "metadata": {}}
    found = cleaned({"items": [pod]})["items"][0]
    masked = {
        "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "***"}, {"name": "A", "value": "b"}]
    }
    assert found["metadata"]["annotations"] == {"a": "b"}
    (container,) = found["spec"]["containers"]
    assert container["env"] == masked["env"]
    assert [json.loads(container["args"][0]), container["args"][1]] == [masked, "{no json"]


def test_runs_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    bundler = Bundler(tmp_path, "s", redact=str)
    fake = Fake(tasks=[task("square", 9)])
    name = bundler.collect(Failure("test_it", "call", "wrong"), [dead().run(), fake.run()])
    found = index(tmp_path / name)
    assert found["files"].keys() >= {"test.txt"}
    assert any("connection refused" in gap["why"] for gap in found["missing"])
    # Its teardown fails as well, when what it used is gone.
    assert bundler.collect(Failure("test_it", "teardown", "too"), []) == name
    assert index(tmp_path / name)["sentence"] == "wrong"
    # Run again, it has another one.
    bundler.collect(Failure("test_it", "call", "again"), [], attempt=2)
    assert index(tmp_path / name)["sentence"] == "again"


def test_the_index_is_of_this_session_alone(tmp_path: Path) -> None:
    Bundler(tmp_path, "old", redact=str).collect(Failure("test_old", "call", "wrong"), [])
    new = Bundler(tmp_path, "new", redact=str)
    new.collect(Failure("test_new", "call", "wrong"), [])
    (tmp_path / "foreign").mkdir()
    assert write_contents(tmp_path, "new").folders == 1
    (entry,) = index(tmp_path)["folders"]
    assert entry["test"] == "test_new"
    assert "test_old" not in (tmp_path / "README.md").read_text()


def test_time_that_is_over_leaves_the_test_itself(tmp_path: Path) -> None:
    bundler = Bundler(tmp_path, "s", redact=str)
    bundler._budget.seconds = 0.0
    name = bundler.collect(Failure("test_it", "call", "wrong"), [Fake().run()])
    found = index(tmp_path / name)
    assert list(found["files"]) == ["test.txt"]
    assert {gap["why"] for gap in found["missing"]} == {"left out: the 0 s for it are over"}
