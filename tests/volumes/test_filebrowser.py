"""The client of viewers against the program that a viewer of the embedded cluster runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import requests

from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import ConfigurationError, NotFound
from pytest_kubeflow.local import pvcviewers
from pytest_kubeflow.volumes.access import VolumesAccess
from pytest_kubeflow.volumes.errors import ViewerFailed
from pytest_kubeflow.volumes.filebrowser import FileBrowser
from pytest_kubeflow.volumes.volume import AppVolume
from pytest_kubeflow.webapps.errors import ServerRefused

PROGRAM = Path(pvcviewers.__file__).parent / "filebrowser" / "filebrowser.py"
BASE = "/pvcviewers/team/data"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """What is on the claim."""
    found = tmp_path / "srv"
    found.mkdir()
    return found


@pytest.fixture
def url(files: Path) -> Iterator[str]:
    """The viewer's, as the gateway would show it."""
    program = subprocess.Popen(
        [sys.executable, "-IS", str(PROGRAM)],
        cwd=files,
        env={**os.environ, "FB_PORT": "0", "FB_NOAUTH": "true", "FB_BASEURL": f"{BASE}/"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    try:
        line = program.stderr.readline()
        assert line.startswith("Listening on 127.0.0.1:"), line
        yield f"http://127.0.0.1:{line.rpartition(':')[2].strip()}{BASE}"
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(10)
        program.stderr.close()


def browser(url: str) -> FileBrowser:
    session: requests.Session = gateway_session(GatewaySettings(), None)
    return FileBrowser(url, session)


def test_files_are_put_listed_read_and_removed(url: str, files: Path) -> None:
    client = browser(url)
    assert client.health().has("status")
    content = bytes(range(256)) * 10
    client.write("a folder/ä.bin", content)
    assert (files / "a folder/ä.bin").read_bytes() == content
    assert client.names() == ["a folder"]
    assert client.names("a folder") == ["ä.bin"]
    assert (client.size("a folder/ä.bin"), client.read("a folder/ä.bin")) == (2560, content)
    with pytest.raises(ServerRefused, match="409") as found:
        client.write("a folder/ä.bin", b"x")
    assert found.value.status == 409
    client.write("a folder/ä.bin", "text", override=True)
    assert client.read("a folder/ä.bin") == b"text"
    client.remove("a folder")
    assert client.names() == []


def test_what_is_not_there(url: str, files: Path) -> None:
    client = browser(url)
    for ask in (client.read, client.names, client.size, client.remove):
        with pytest.raises(NotFound, match="nothing"):
            ask("nothing")
    (files / "file").write_text("x")
    with pytest.raises(ServerRefused, match="is no directory"):
        client.names("file")


def test_names_that_no_file_has_are_refused(url: str, files: Path) -> None:
    """The program goes on, as it does where the file system refuses something."""
    client = browser(url)
    (files / "folder").mkdir()
    for path in ("n" * 300, "zero\0byte"):
        with pytest.raises(ServerRefused, match="500"):
            client.write(path, "x")
        with pytest.raises(ServerRefused, match="500"):
            client.read(path)
    with pytest.raises(ServerRefused, match="500"):
        client.write("folder", "x", override=True)
    for path in ("", ".", "./"):
        with pytest.raises(ConfigurationError, match="is the root of the volume, and no file"):
            client.write(path, "x")
    assert client.health().has("status")
    assert client.names() == ["folder"]


@pytest.mark.parametrize("name", ["v" * 54, "with.dots"])
def test_a_claim_whose_viewer_has_no_service_is_told(name: str) -> None:
    """The claim itself may be called so, and its viewer would wait for nothing."""
    volume = AppVolume(cast(VolumesAccess, SimpleNamespace(namespace="team")), name)
    with pytest.raises(ViewerFailed, match="can have no viewer: its Service would be called"):
        volume.open()


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x"])
def test_paths_outside_are_refused_here(path: str) -> None:
    with pytest.raises(ConfigurationError, match="relative to its root"):
        browser("http://127.0.0.1:1").read(path)


def test_a_token_that_is_over_is_asked_for_again(url: str) -> None:
    client = browser(url)
    client.write("kept", b"x")
    client._token = "an.old.one"
    assert client.read("kept") == b"x"
