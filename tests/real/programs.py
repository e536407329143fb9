"""Programs of a real control plane, built from the Go modules that `go/` pins.

They are built once for each pin and kept in the user's cache directory. A build that was cut off
leaves nothing there that looks whole, and of two sessions at once the second waits. The environment
variable PYTEST_KUBEFLOW_KUBERNETES names another version of Kubernetes; etcd stays as pinned.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import platformdirs

from tests.real.gomodule import NoModuleError, for_version

CHOSEN = "PYTEST_KUBEFLOW_KUBERNETES"
MODULES = Path(__file__).parent / "go"
_KUBERNETES = "k8s.io/kubernetes"
_PACKAGES = {
    "etcd": ["go.etcd.io/etcd/server/v3"],
    "kubernetes": [
        f"{_KUBERNETES}/cmd/{name}"
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    ],
}
NO_GO = "no Go toolchain on PATH: the real control plane cannot be built"


class BuildError(Exception):
    """There is no such version, or `go build` failed; the message has its last lines."""


def have_go() -> bool:
    return shutil.which("go") is not None


def build() -> Path:
    """The directory of etcd, kube-apiserver, kube-controller-manager and kube-scheduler."""
    version = kubernetes_version()
    cache = platformdirs.user_cache_path("pytest-kubeflow") / f"kubernetes-{version}-{_pin()}"
    cache.parent.mkdir(parents=True, exist_ok=True)
    if not cache.is_dir():
        with open(cache.parent / f"{cache.name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not cache.is_dir():
                _build_into(cache, version)
    return cache


def kubernetes_version() -> str:
    """The version that was chosen, or the pinned one. Raises BuildError."""
    chosen = os.environ.get(CHOSEN, "").removeprefix("v")
    if chosen and re.fullmatch(r"\d+\.\d+\.\d+", chosen) is None:
        raise BuildError(f"{CHOSEN}={chosen}: write a whole version, as 1.31.14")
    return chosen or _pinned_version()


def _pinned_version() -> str:
    text = (MODULES / "kubernetes" / "go.mod").read_text()
    found = re.search(rf"{_KUBERNETES} v(\S+)", text)
    assert found is not None
    return found.group(1)


def _pin() -> str:
    """A digest of all that decides what the programs are."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted(MODULES.rglob("go.*")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _build_into(cache: Path, version: str) -> None:
    with tempfile.TemporaryDirectory(dir=cache.parent, prefix="building-") as place:
        programs = Path(place) / "programs"
        programs.mkdir()
        for name, packages in _PACKAGES.items():
            module = MODULES / name
            if name == "kubernetes" and version != _pinned_version():
                module = Path(place) / name
                try:
                    for_version(MODULES / name, version, module)
                except NoModuleError as error:
                    raise BuildError(f"{CHOSEN}={version}: {error}") from None
            _go_build(module, packages, programs, version)
        # The package of etcd's program is called by its major version.
        (programs / "server").rename(programs / "etcd")
        programs.rename(cache)


def _go_build(module: Path, packages: list[str], into: Path, version: str) -> None:
    major, minor, _ = version.split(".")
    # Without these the programs call themselves v0.0.0-master.
    names = {
        "k8s.io/component-base/version.gitVersion": f"v{version}",
        "k8s.io/component-base/version.gitMajor": major,
        "k8s.io/component-base/version.gitMinor": minor,
        "k8s.io/client-go/pkg/version.gitVersion": f"v{version}",
    }
    # What no go.sum pins is checked by the checksum database alone, and written down as it comes.
    mode = "readonly" if (module / "go.sum").is_file() else "mod"
    flags = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in names.items())])
    done = subprocess.run(
        [
            *("go", "build", f"-mod={mode}", "-trimpath", "-buildvcs=false"),
            *("-ldflags", flags, "-o", f"{into}/", *packages),
        ],
        cwd=module,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(f"go build of {', '.join(packages)}: {done.stderr.strip()[-2000:]}")
