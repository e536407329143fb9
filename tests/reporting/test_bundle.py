"""The bundle of evidence: what sessions against the embedded cluster put there, and what not."""

from __future__ import annotations

import json
import re
import signal
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.remote import NAMESPACE, Remote, _clean_environment, remote, wait_until
from tests.cluster.web import closed_port

__all__ = ["_clean_environment", "remote"]

TESTS = """
import time
import pytest
from kfp import dsl, kubernetes

SECRET = "correct-horse-battery-9"

@dsl.component(base_image="python:3.11")
def refuse(text: str) -> str:
    print("asked to say", text)
    raise ValueError("refused")

@dsl.component(base_image="python:3.11")
def hang():
    import time
    print("hanging around", flush=True)
    time.sleep(300)

@dsl.pipeline(name="refusing")
def refusing(text: str):
    task = refuse(text=text)
    task.set_env_variable("DATABASE_PASSWORD", "in-the-env")

@pytest.fixture(autouse=True)
def planted(kf_cluster):
    kf_cluster.redactor.add(SECRET)

@pytest.mark.kf_pipeline(refusing, arguments={"text": SECRET})
def test_refused(pipeline_run):
    pass

def test_passes(kf_cluster):
    pass

def test_odd(kf_namespace):
    print("printed by the test")
    assert 1 == 2
test_odd.__test__ = True
"""

WAITING = """
import pathlib
from pytest_kubeflow.errors import KubeflowError
from test_bundle import *
for name in [name for name in dir() if name.startswith("test_")]:
    del globals()[name]

def said(task):
    try:
        return "hanging around" in task.log()
    except KubeflowError:
        return False

def test_waits(run_pipeline):
    run = run_pipeline(hang, wait=False)
    while not any(task.state == "RUNNING" and said(task) for task in run.tasks):
        time.sleep(0.1)
    pathlib.Path("ready").touch()
    time.sleep(300)
"""


def indexes(root: Path) -> dict[str, dict[str, Any]]:
    """The folders of a bundle by their tests."""
    document = json.loads((root / "index.json").read_text())
    found = {}
    for entry in document["folders"]:
        index = json.loads((root / entry["folder"] / "index.json").read_text())
        found[index["test"].rpartition("::")[2]] = index | {"path": root / entry["folder"]}
    return found


@pytest.fixture(scope="module", params=["one process", "two workers"])
def bundle(
    request: pytest.FixtureRequest, remote: Remote, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What a session with two failures leaves; of two workers it is an archive."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "test_bundle.py").write_text(TESTS)
    archive = request.param == "two workers"
    name = "evidence.zip" if archive else "evidence"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KF_PASSWORD", "12341234")
        patch.setenv("HOME", str(folder))
        code, output = remote.run(
            folder,
            *(("-n", "2") if archive else ()),
            f"--kf-namespace={NAMESPACE}",
            f"--kf-bundle={name}",
            "--kf-json=report.json",
            "test_bundle.py",
            seconds=240,
        )
    assert code == 1, output
    assert re.search(rf"(?m)^bundle: \S+/{name} \(2 failures, \d+ KiB of evidence\)$", output)
    if archive:
        with zipfile.ZipFile(folder / name) as zipped:
            zipped.extractall(folder / "evidence")
    assert [one.name for one in folder.iterdir() if one.name.startswith(".evidence")] == []
    return folder / "evidence"


def test_a_folder_for_each_failure(bundle: Path) -> None:
    found = indexes(bundle)
    assert found.keys() == {"test_refused", "test_odd"}
    document = json.loads((bundle.parent / "report.json").read_text())
    told = {one["nodeid"].rpartition("::")[2]: one["bundle"] for one in document["tests"]}
    assert told == {
        "test_refused": found["test_refused"]["path"].name,
        "test_odd": found["test_odd"]["path"].name,
        "test_passes": "",
    }
    readme = (bundle / "README.md").read_text()
    assert f"[{found['test_odd']['test']}]({told['test_odd']}/README.md): assert 1 == 2" in readme


def test_what_is_there_of_a_run_that_failed(bundle: Path) -> None:
    index = indexes(bundle)["test_refused"]
    path = index["path"]
    (run,) = (path / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["state"] == "FAILED"
    assert "comp-refuse" in (run / "pipeline.yaml").read_text()
    workflow = json.loads((run / "workflow.json").read_text())
    assert workflow["status"]["phase"] == "Failed"
    logs = "".join(one.read_text() for one in (path / "pods").glob("*/main.log"))
    assert "ValueError: refused" in logs
    assert list((path / "pods").glob("*/pod.json"))
    for name in ("claims", "quotas", "limit-ranges"):
        assert isinstance(json.loads((path / f"namespace/{name}.json").read_text()), list)
    (node, *_) = json.loads((path / "nodes.json").read_text())
    assert any(one["type"] == "Ready" for one in node["conditions"])
    assert "Pod/" in (path / "namespace/events.txt").read_text()
    for name, entry in index["files"].items():
        assert (path / name).stat().st_size == entry["bytes"]
        assert entry["what"] in (path / "README.md").read_text()


def test_the_words_of_the_test_itself(bundle: Path) -> None:
    index = indexes(bundle)["test_odd"]
    text = (index["path"] / "test.txt").read_text()
    assert "call: assert 1 == 2" in text
    assert "printed by the test" in text
    assert not (index["path"] / "runs").exists()


def test_no_secret_is_in_it(bundle: Path) -> None:
    everything = {one: one.read_text() for one in bundle.rglob("*") if one.is_file()}
    assert any("asked to say ***" in text for text in everything.values())
    for path, text in everything.items():
        for secret in ("correct-horse", "in-the-env", "12341234", "last-applied"):
            assert secret not in text, f"{secret} in {path}"


def test_a_test_that_the_session_is_interrupted_in_has_a_folder(
    remote: Remote, tmp_path: Path
) -> None:
    (tmp_path / "test_bundle.py").write_text(TESTS)
    (tmp_path / "test_waiting.py").write_text(WAITING)
    session = remote.start(
        tmp_path, f"--kf-namespace={NAMESPACE}", "--kf-bundle=out.zip", "test_waiting.py"
    )
    wait_until(lambda: (tmp_path / "ready").exists() or session.poll() is not None, 240)
    session.send_signal(signal.SIGTERM)
    output, _ = session.communicate(timeout=240)
    assert session.returncode == pytest.ExitCode.INTERRUPTED, output
    with zipfile.ZipFile(tmp_path / "out.zip") as zipped:
        zipped.extractall(tmp_path / "out")
    index = indexes(tmp_path / "out")["test_waits"]
    assert index["sentence"] == "it was running when the session was ended by SIGTERM"
    logs = "".join(one.read_text() for one in (index["path"] / "pods").glob("*/main.log"))
    assert "hanging around" in logs


def test_a_preflight_that_fails_has_a_folder(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(kf_cluster): pass")
    with closed_port() as port:
        code, output = remote.run_with(
            tmp_path,
            f"--kf-host=http://127.0.0.1:{port}",
            f"--kf-username={remote.endpoints.username}",
            f"--kf-kubeconfig={remote.endpoints.kubeconfig}",
            "--kf-bundle=out",
            seconds=240,
        )
    assert code == 78, output
    index = indexes(tmp_path / "out")["preflight"]
    assert index["sentence"].startswith("TCP: ")
    path = index["path"]
    assert "failed      TCP: " in (path / "preflight.txt").read_text()
    assert "Running  1/1 ready" in (path / "kubeflow/pods.txt").read_text()
    assert (path / "nodes.json").exists()
