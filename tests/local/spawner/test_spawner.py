import json
import os
import select
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from tests.local.spawner.conftest import SCENARIOS, User


def test_container_sees_only_what_it_was_given(user: User) -> None:
    seen = user.run("isolation")
    assert seen["pid"] == "1"
    assert seen["uid"] == "0"
    assert seen["host"] == "pod-1"
    assert seen["env"] == "PATH=/usr/bin:/bin PWD=/"
    assert seen["home"] == ""
    assert seen["caps"].split()[1] == "0" * 16
    assert seen["seen"] == "from the host"
    assert seen["inside"] == "made\n"
    assert seen["readonly"] == "yes"
    assert seen["sysctl"] == "refused"
    assert seen["shm"] == "ok"
    assert seen["fds"] == "4"  # the standard three and the directory being listed


def test_exit_codes_signals_and_failed_starts(user: User) -> None:
    ends = user.run("endings")
    assert ends == {
        "host": 3,
        "container": 4,
        "signal": 143,
        "segfault": 139,
        "missing": 'exec: "no-such-program": executable file not found in $PATH',
        "absolute": 'exec: "/no/such": stat /no/such: no such file or directory',
        "large": 0,
    }


def test_killing_a_container_kills_its_whole_tree(user: User) -> None:
    seen = user.run("tree")
    assert seen["inside"].count("sleep 4567") >= 2
    assert seen["survived_term"]
    assert seen["code"] == 137
    assert "4567" not in seen["left"]


@pytest.mark.parametrize("scenario", ["networks", "networks_without_the_right"])
def test_a_network_of_its_own_is_reached_by_nobody_else(user: User, scenario: str) -> None:
    if scenario == "networks_without_the_right" and user.prefix:
        pytest.skip("ordinary users have no right to configure networks anyhow")
    assert user.run(scenario) == {"True": ["itself"], "False": ["itself", "host"]}


def test_sixty_containers_at_a_time(user: User) -> None:
    assert user.run("many") == {"right": True}


LAYERED = {
    "seen": [
        "755\n1777\nof the layer\nof the layer\nwritten\nbin dev etc lib lib64 moved proc sbin usr "
    ]
    * 2,
    "kept": "of the layer\nTrue",
}


def test_containers_share_what_they_begin_with(user: User) -> None:
    seen = user.run("layers")
    copied = seen.pop("copied")
    assert seen == LAYERED
    if "overlay" in Path("/proc/filesystems").read_text() and not user.prefix:
        assert not copied


def test_what_containers_begin_with_is_copied_on_overlayfs(user: User) -> None:
    """As inside a container of Docker, whose own root is one that overlayfs refuses as a layer."""
    if user.prefix or os.getuid() != 0:
        pytest.skip("making such a machine needs root")
    for name in ("lower", "upper", "work", "merged"):
        (user.directory / name).mkdir()
    options = "lowerdir=lower,upperdir=upper,workdir=work"
    script = f'mount -t overlay overlay -o {options} merged || exit 42; exec "$@"'
    scenario = [user.python, str(SCENARIOS), "layers", str(user.directory / "merged")]
    done = subprocess.run(
        ["/usr/bin/unshare", "--mount", "sh", "-c", script, "sh", *scenario],
        env=user.environment(),
        cwd=user.directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == 42:
        pytest.skip(f"this machine mounts no overlayfs: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == LAYERED | {"copied": True}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, "guard"])
def test_nothing_survives_the_server(user: User, how: signal.Signals | str) -> None:
    marker = f"9{uuid.uuid4().int % 10**8}"
    server = subprocess.Popen(
        user.command("serve", str(user.directory), marker),
        env=user.environment(),
        stdout=subprocess.PIPE,
        cwd="/",
    )
    try:
        assert server.stdout is not None
        found = json.loads(server.stdout.readline())
        assert all((Path(one) / "cgroup.procs").read_text() for one in found["cgroups"])
        deadline = time.monotonic() + 20
        # Two children of a shell and a host process: no more forks are to come.
        sleeps = [f"sleep\0{marker}\0"] * 3
        while _sleeps(marker) != sleeps and time.monotonic() < deadline:
            time.sleep(0.02)
        assert _sleeps(marker) == sleeps
        guard = os.pidfd_open(found["guard"])
        if how == "guard":
            os.kill(found["guard"], signal.SIGTERM)
        else:
            server.send_signal(int(how))
            server.wait()
        assert select.select([guard], [], [], 20)[0], "the guard does not end"
        os.close(guard)
        server.stdout.close()
    finally:
        server.kill()
        server.wait()
    assert _processes(marker) == []
    assert not (user.directory / "state").exists()
    assert not any(os.path.exists(one) for one in found["cgroups"])
    assert str(user.directory) not in Path("/proc/self/mountinfo").read_text()


def test_a_container_is_in_its_cgroup_from_the_first(user: User) -> None:
    if user.prefix or not os.access("/sys/fs/cgroup/memory/cgroup.procs", os.W_OK):
        pytest.skip("needs root and cgroup v1; other machines are in the kubelet's tests")
    seen = user.run("cgroups")
    failure = seen.pop("failure")
    assert seen == {
        "inside": "/",  # the container's own cgroup is all that it sees
        "members": 2,  # a shell and its child; what had entered has ended
        "outside": False,
        "unlimited": False,
        "left": False,
    }
    assert failure.startswith("join cgroup /sys/fs/cgroup/memory/")
    assert failure.endswith("/missing: No such file or directory")


def _sleeps(marker: str) -> list[str]:
    return [text for text in _processes(marker) if text.startswith("sleep")]


def _processes(marker: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if marker in text and "scenarios.py" not in text:
            found.append(text)
    return found


def test_a_machine_that_forbids_namespaces_gets_one_clear_error(user: User) -> None:
    if user.prefix or os.getuid() != 0:
        pytest.skip("making such a machine needs root")
    # A user namespace in which no further one may be made, entered without capabilities.
    script = (
        "echo 0 > /proc/sys/user/max_user_namespaces; "
        'exec setpriv --bounding-set=-all --inh-caps=-all -- "$@"'
    )
    done = subprocess.run(
        [
            "/usr/bin/unshare",
            "--user",
            "--map-root-user",
            "sh",
            "-c",
            script,
            "sh",
            *user.command("refused", str(user.directory)),
        ],
        env=user.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    error = json.loads(done.stdout)["error"]
    assert error.startswith("this machine does not let pods run in namespaces of their own")
    assert "sysctl user.max_user_namespaces=" in error
