"""PythonEnvironments: the cluster's own interpreter as the content of python images.

The interpreter of this process is shown in each container at its own path, without its packages.
`python3` and `pip` there are the scripts in `shim/`: pip hands over to `uv pip`, into environments
that are kept under the names of what went into them, so a component that installs kfp at each
start finds it installed after the first time.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import platform
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import platformdirs
import uv

from pytest_kubeflow.local.kubelet.images.imageenvironments import (
    PREFIX,
    ImageEnvironments,
    Packages,
)
from pytest_kubeflow.local.kubelet.images.packagecache import PackageCache, mark_used
from pytest_kubeflow.local.spawner import Mount

_SHIM = Path(__file__).parents[1] / "shim"
_HOME = "/run/kubelet"
_INSTALLED = Path(uv.__file__).parents[1]  # the site-packages that this very code runs from
_MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
# pip's configuration keys and the variables by which uv understands them.
_PIP_KEYS = {
    "index-url": "UV_INDEX_URL",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


class PythonEnvironments:
    """Prepares what python containers mount; `prepare` once, then `mounts` and `fill` for each.

    `cache` (default: the user's cache directory of pytest-kubeflow) holds the environments, uv's
    cache, and wheels; it may be deleted at any time when no cluster runs.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._kept = PackageCache(cache)
        self.cache = self._kept.folder
        self.executable = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        self.prefix = os.path.realpath(sys.base_prefix)
        self.version = platform.python_version()
        self._uv = uv.find_uv_bin()
        self._index: dict[str, str] = {}
        self._certificates: str | None = None
        self._links: list[str] = []
        self._base = ""
        self.as_seen: Callable[[str], str] = str
        """What a setting of this machine that leads to its loopback address is in a container."""

    def prepare(self, index_file: Path) -> None:
        """Make the cache and its empty environment; write the index settings to `index_file`."""
        self._kept.hold()
        self._index_settings(os.environ)
        text = json.dumps(self._index, sort_keys=True)
        index_file.write_text(text)
        self._index_file = index_file
        origin = f"{self.executable} {self.version} {text}"
        self._base = f"empty-{hashlib.sha256(origin.encode()).hexdigest()[:32]}"
        for folder in ("environments", "uv", "wheels"):
            (self.cache / folder).mkdir(parents=True, exist_ok=True)
            mark_used(self.cache / folder)
        environment = self.cache / "environments" / self._base
        mark_used(environment)
        if not environment.exists():
            # Several clusters may start at a time: one of them wins the rename.
            partial = environment.with_name(f"{self._base}.{uuid.uuid4().hex}")
            self._make_environment(partial)
            try:
                partial.rename(environment)
            except OSError:
                if not environment.exists():
                    raise
        self.images = ImageEnvironments(
            self.cache,
            self._base,
            uv=self._uv,
            index=self._own_index(),
            installed=_INSTALLED,
            shim=_SHIM,
        )
        """Environments that are the content of images; from `prepare` on."""

    def _own_index(self) -> dict[str, str]:
        """Where packages come from, for uv on this machine and not in a container."""
        own = {key: value for key, value in self._index.items() if key != "SSL_CERT_FILE"}
        return {**own, **({"SSL_CERT_FILE": self._certificates} if self._certificates else {})}

    def _make_environment(self, folder: Path) -> None:
        packages = folder / f"lib/python{_MINOR}/site-packages"
        packages.mkdir(parents=True)
        (folder / "bin").mkdir()
        (folder / "pyvenv.cfg").write_text(
            f"home = {os.path.dirname(self.executable)}\n"
            f"include-system-site-packages = false\nversion = {self.version}\n"
        )
        for name in ("python", "python3", f"python{_MINOR}"):
            (folder / "bin" / name).symlink_to(self.executable)
        for name in ("pip", "pip3"):
            (folder / "bin" / name).symlink_to(f"{_HOME}/shim/pip")
        (packages / "pip").symlink_to(f"{_HOME}/shim/face/pip")

    def _index_settings(self, environment: Mapping[str, str]) -> None:
        """Pip's and uv's configuration of this machine, as variables for uv in a container."""
        found = _pip_files()
        for key, name in _PIP_KEYS.items():
            if value := environment.get(f"PIP_{key.upper().replace('-', '_')}"):
                found[name] = value
        for name, value in environment.items():
            if (
                (name.startswith("UV_") and name != "UV_CACHE_DIR")
                or name.upper() in _PROXY_VARIABLES
                or name in {"SSL_CERT_FILE", "SSL_CERT_DIR"}
            ):
                found[name] = value
        certificates = found.get("SSL_CERT_FILE")
        if certificates and os.path.isfile(certificates):
            self._certificates = certificates
            found["SSL_CERT_FILE"] = f"{_HOME}/certificates.pem"
        else:
            found.pop("SSL_CERT_FILE", None)
        links = found.pop("UV_FIND_LINKS", "").replace(",", " ").split()
        links = [one for one in links if "://" in one or os.path.isdir(one)]
        self._links = [one for one in links if "://" not in one]
        if links:
            found["UV_FIND_LINKS"] = " ".join(links)
        self._index = {
            name: text if name.upper() == "NO_PROXY" else self.as_seen(text)
            for name, text in found.items()
        }

    def interpreter_mounts(self) -> list[Mount]:
        """What every container gets, so that the cluster's interpreter can run in it."""
        if self.prefix in {"/usr", "/usr/local"}:
            return []
        return [Mount.bind(self.prefix, self.prefix, readonly=True)]

    def mounts(self) -> list[Mount]:
        """What python containers get besides."""
        mounts = [
            Mount.bind(_SHIM, f"{_HOME}/shim", readonly=True),
            Mount.bind(self._uv, f"{_HOME}/uv", readonly=True),
            Mount.bind(self._index_file, f"{_HOME}/index.json", readonly=True),
            Mount.bind(_INSTALLED, f"{_HOME}/installed", readonly=True),
            Mount.bind(self.cache, f"{_HOME}/cache"),
        ]
        if self._certificates:
            target = f"{_HOME}/certificates.pem"
            mounts.append(Mount.bind(self._certificates, target, readonly=True))
        mounts += [Mount.bind(links, links, readonly=True) for links in self._links]
        return mounts

    def fill(self, root: Path, local: Path, packages: Packages | None = None) -> None:
        """Write the shims into `local` (the container's /usr/local) and the session's state.

        The session begins with an environment of `packages`, or with an empty one.
        """
        begun = f"{_HOME}/cache/environments/{self._base}" if packages is None else f"/{PREFIX}"
        binaries = local / "bin"
        for name in ("python", "python3", f"python{_MINOR}"):
            _link(binaries / name, f"{_HOME}/shim/python3")
        for name in ("pip", "pip3", f"pip{_MINOR}"):
            _link(binaries / name, f"{_HOME}/shim/pip")
        session = root / "run/kubelet/session"
        session.mkdir(parents=True)
        session.chmod(0o777)
        (session / "env").symlink_to(begun)
        (session / "current").write_text(f"{os.path.basename(begun)}\n")
        (session / "current").chmod(0o666)


def _link(path: Path, target: str) -> None:
    # The interpreter itself lies there when it was installed under /usr/local.
    if not path.exists():
        path.symlink_to(target)


def _pip_files() -> dict[str, str]:
    """Settings from pip's configuration files, later ones winning (pip's own order)."""
    home = Path.home()
    files = [
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        platformdirs.user_config_path("pip") / "pip.conf",
        Path(sys.prefix) / "pip.conf",
        Path(os.environ.get("PIP_CONFIG_FILE", "/nonexistent")),
    ]
    parser = configparser.RawConfigParser()
    try:
        parser.read(files)
    except configparser.Error:
        return {}  # pip itself will say what is wrong with it
    found = {}
    for section in ("global", "install"):
        for key, name in _PIP_KEYS.items():
            if parser.has_option(section, key):
                found[name] = " ".join(parser.get(section, key).split())
    return found
