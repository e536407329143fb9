"""The python image: run in real containers, from what is installed here, without a network."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from pytest_kubeflow.local.kubelet import ImageCatalogue, PythonEnvironments
from pytest_kubeflow.local.kubelet.containers.rootfs import BaseLayers
from pytest_kubeflow.local.spawner import Container, Identity, ProcessSpec, Spawner

KFP = f"kfp=={version('kfp')}"
Run = Callable[..., Awaitable[tuple[int, str]]]


class Machine:
    """Runs shell scripts in containers of the python image."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.cache = directory / "cache"
        self.environments = PythonEnvironments(self.cache)

    def __call__(self, *scripts: str, uid: int = 0, image: str = "python:3.11") -> list[str]:
        """Run all scripts at a time, each in a container; what each wrote, and `rc=CODE`."""
        return asyncio.run(self._run(scripts, uid, image))

    async def _run(self, scripts: tuple[str, ...], uid: int, image: str) -> list[str]:
        self.environments.prepare(self.directory / "index.json")
        async with Spawner() as spawner:
            return await asyncio.gather(
                *(self._container(spawner, script, uid, image) for script in scripts)
            )

    async def _container(self, spawner: Spawner, script: str, uid: int, image: str) -> str:
        chosen = ImageCatalogue(environments=self.environments).resolve(image)
        who = Identity(uid, uid)
        layer = BaseLayers(self.directory / f"layers-{os.urandom(8).hex()}", self.environments).of(
            chosen, who
        )
        root = self.directory / f"container-{os.urandom(8).hex()}"
        root.mkdir()
        read, write = os.pipe2(os.O_CLOEXEC)
        process = await spawner.spawn(
            ProcessSpec(
                ["sh", "-c", script],
                {**chosen.env, "HOME": "/root"},
                container=Container(root, "pod", layer.mounts, who, base=layer.directory),
            ),
            stdout=write,
            stderr=write,
        )
        os.close(write)
        with os.fdopen(read) as stream:
            text = await asyncio.to_thread(stream.read)
        status = await process.wait()
        return f"{text}rc={status.shell_code}"

    @property
    def complete(self) -> dict[str, int]:
        """Environments in the cache, and when each was completed."""
        found = self.cache.glob("environments/*/complete")
        return {path.parent.name: path.stat().st_mtime_ns for path in found}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("UV_OFFLINE", "1")
    return Machine(tmp_path)


def test_a_fresh_container_has_the_standard_library_alone(machine: Machine) -> None:
    (text,) = machine("python3 -c 'import json, ssl, sqlite3; import kfp'; which python pip pip3")
    assert "No module named 'kfp'" in text
    assert "/usr/local/bin/python\n/usr/local/bin/pip\n/usr/local/bin/pip3\nrc=0" in text


def test_what_components_do_at_their_start(machine: Machine) -> None:
    command = (
        'set -e; if ! [ -x "$(command -v pip)" ]; then exit 9; fi; '
        "PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet "
        f"--no-warn-script-location '{KFP}' '--no-deps' "
        "'typing-extensions>=3.7.4,<5; python_version<\"3.9\"' && "
        "_KFP_RUNTIME=true python3 -c 'import kfp.dsl; print(kfp.__version__)'"
    )
    expected = f"{version('kfp')}\nrc=0"
    assert machine(command) == [expected]
    built = machine.complete
    assert len(built) == 1
    # Again, now twice at a time: nothing is built, only switched to.
    assert machine(command, command) == [expected, expected]
    assert machine.complete == built


def test_containers_at_a_time_build_an_environment_once(machine: Machine) -> None:
    command = "pip install --no-deps iniconfig && python3 -c 'import iniconfig'"
    expected = f"Successfully installed iniconfig-{version('iniconfig')}\nrc=0"
    assert machine(*[command] * 4) == [expected] * 4
    assert len(machine.complete) == 1


def test_a_second_install_adds_to_the_first(machine: Machine) -> None:
    (text,) = machine(
        "pip install -q --no-deps iniconfig; pip install -q --no-deps pluggy; "
        "python3 -c 'import iniconfig, pluggy; print(\"both\")'; pip uninstall -y pluggy; "
        "python3 -c 'import iniconfig; import pluggy'"
    )
    assert text.startswith("both\n")
    assert "No module named 'pluggy'" in text


def test_pip_from_inside_python_and_requirements_files(machine: Machine) -> None:
    (text,) = machine(
        "echo iniconfig > /tmp/r.txt; "
        "python3 -c 'import subprocess, sys; subprocess.check_call("
        '[sys.executable, "-m", "pip", "install", "-q", "-r", "/tmp/r.txt"]); '
        "import iniconfig; print(iniconfig.__name__)'; "
        "echo pluggy > /tmp/r.txt; pip install -q -r /tmp/r.txt; python3 -c 'import pluggy'"
    )
    assert text == "iniconfig\nrc=0"


def test_a_failed_install_looks_like_one_and_is_not_remembered(machine: Machine) -> None:
    (text,) = machine("pip install no-such-package-at-all 2>/tmp/err; echo $?; cat /tmp/err")
    assert text.startswith("1\nERROR: ")
    assert "no-such-package-at-all" in text
    assert machine.complete == {}


def test_commands_that_are_not_offered(machine: Machine) -> None:
    (text,) = machine("pip download x")
    assert text.startswith("ERROR: pip download is not offered by this node")
    assert text.endswith("rc=1")


def test_console_scripts_are_on_the_path(machine: Machine) -> None:
    (text,) = machine(
        "pip install -q --no-deps pygments && pygmentize -V && head -1 $(which pygmentize)"
    )
    assert version("pygments") in text
    assert "#!/run/kubelet/cache/environments/" in text


@pytest.mark.skipif(os.getuid() != 0, reason="other users' containers need root")
def test_a_user_who_may_not_write_the_cache_gets_an_environment_of_their_own(
    machine: Machine,
) -> None:
    (text,) = machine("pip install --no-deps iniconfig && python3 -c 'import iniconfig'", uid=1234)
    assert "rc=0" in text
    assert machine.complete == {}


def test_index_settings_reach_uv_and_not_the_environment(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_OFFLINE")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:planted-password@127.0.0.1:9/simple")
    (text,) = machine("env; pip install no-such-package-at-all")
    assert "127.0.0.1:9" in text
    assert "planted-password" not in text
    assert text.endswith("rc=1")


def test_userland_image_has_the_base_interpreter_for_the_launcher(machine: Machine) -> None:
    script = "/run/kubelet/python3 -c 'import sys; print(sys.version_info[:2])'; ls /home /root"
    (text,) = machine(script, image="busybox")
    assert text.startswith("(3, ")
    assert "rc=0" in text
