"""ImageCatalogue: which image names this node knows, and what stands behind each.

Nothing is downloaded and no layer is unpacked: a name stands for the cluster's interpreter, for
the userland of the host, or for a directory. Whatever else is asked for cannot be pulled.
"""

from __future__ import annotations

import fnmatch
import importlib.util
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pytest_kubeflow.local.kubelet.images.environments import PythonEnvironments
from pytest_kubeflow.local.kubelet.images.hosted import HostedPrograms
from pytest_kubeflow.local.kubelet.images.imageenvironments import Packages

Kind = Literal["python", "userland", "directory", "whole"]

_REFERENCE = re.compile(
    r"(?P<name>[a-zA-Z0-9]+(?:[._:/-]+[a-zA-Z0-9]+)*?)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)
# Names without the registry; a pattern with `*` may stand for any registry and folder.
_PYTHON = ("python", "library/python", "*/python", "*/python-3*", "*kfp*python*", "*python*kfp*")
_USERLAND = (
    "busybox", "*/busybox", "alpine", "*/alpine", "debian", "ubuntu", "bash", "nvidia/cuda",
)  # fmt: skip
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PYTHON_PATH = (
    "/usr/local/bin:/usr/local/sbin:/run/kubelet/session/env/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)


PACKAGES = "/run/kubelet/packages"
"""Below it, by number, the directories of packages of an image: their own paths may be hidden by a
volume at /tmp or another place."""

LISTEN_ADDRESS = "KF_LISTEN_ADDRESS"
"""A variable that images of ours name and the kubelet sets: where their servers may listen."""


class ImageUnknown(Exception):  # noqa: N818 (named as the kubelet's reasons are)
    """No image of this name can be had; the message names those that can, and how to add one."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its identity, what it sets, and the directory that it is, if it is one.

    `packages` are directories of Python packages that its containers see below PACKAGES. `user`
    is `UID`, `UID:GID` or the name of one, as in a Dockerfile; empty: root.
    """

    reference: str
    id: str
    kind: Kind
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    packages: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    user: str = ""
    environment: Packages | None = None
    """What a python image holds besides the interpreter."""

    account: str = "user"
    """How its user is called."""

    home: str = ""
    """The directory of its user, if the image has one."""

    programs: tuple[tuple[str, str], ...] = ()
    """Names in /usr/local/bin, and what of the image each leads to."""

    root: Path | None = None
    """What was pulled from a registry: all of a whole image, or what others are added."""

    working_dir: str = ""
    """Where its containers begin, unless their pod says otherwise."""


@dataclass(frozen=True, slots=True)
class PythonImage:
    """A python image with packages, and with what is in `directory` at its root.

    Names of images are patterns without a tag, as for `fnmatch`; those that are `refused` cannot
    be pulled, and why is told.
    """

    names: tuple[str, ...]
    packages: Packages
    directory: Path
    entrypoint: tuple[str, ...]
    env: Mapping[str, str]
    user: str
    account: str
    home: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    programs: tuple[tuple[str, str], ...] = ()
    """Names in /usr/local/bin, and what of the image each leads to."""

    def is_called(self, name: str) -> bool:
        """Whether an image of this name (without a tag) is this one."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.names)

    def refusal(self, name: str) -> str | None:
        """Why an image of this name is none that there is, if this one is to be told apart."""
        found = (why for pattern, why in self.refused.items() if fnmatch.fnmatchcase(name, pattern))
        return next(found, None)


@dataclass(frozen=True, slots=True)
class _Directory:
    path: Path
    entrypoint: tuple[str, ...]
    packages: Mapping[str, str]
    env: Mapping[str, str]
    user: str


class ImageCatalogue:
    """Resolves image references.

    `directories` maps image names (without tag) to directories, as `register` does later.
    """

    def __init__(
        self,
        *,
        environments: PythonEnvironments | None = None,
        directories: Mapping[str, Path] | None = None,
    ) -> None:
        self.environments = environments or PythonEnvironments()
        self.hosted = HostedPrograms()
        """Images of components that run in this process."""

        self._programs: list[PythonImage] = []
        self._directories: dict[str, _Directory] = {}
        for name, directory in (directories or {}).items():
            self.register(name, directory)

    def register(
        self,
        name: str,
        directory: Path,
        *,
        entrypoint: Sequence[str] = (),
        packages: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        user: str = "",
    ) -> None:
        """Let the image `name` (any tag) be the content of `directory`.

        `env` and `user` are what the image sets: variables (its PATH among them), and who its
        containers run as where the pod does not say.
        `packages` are what its program imports besides, `{module: distribution}`: containers see
        those that are installed where this process runs. While one is missing, the image cannot
        be pulled. Raises ValueError for a name that is no image name, or a directory that is not
        there.
        """
        repository, _ = split_reference(name)
        if not directory.is_dir():
            raise ValueError(f"image {name}: {directory} is not a directory")
        self._directories[repository] = _Directory(
            directory.resolve(), tuple(entrypoint), packages or {}, env or {}, user
        )

    def add(self, image: PythonImage) -> None:
        """Know an image that has packages."""
        self._programs.append(image)

    def resolve(self, reference: str) -> Image:
        """The image behind `reference`. Raises ImageUnknown."""
        try:
            repository, _ = split_reference(reference)
        except ValueError as error:
            raise ImageUnknown(str(error)) from None
        if self.hosted.knows(reference):
            # For what is run in it besides its own program.
            return replace(self._python(reference), id=f"hosted://{reference}")
        short = repository.removeprefix("docker.io/").removeprefix("library/")
        if known := self._directories.get(repository) or self._directories.get(short):
            packages = _installed(reference, known.packages)
            places = [f"{PACKAGES}/{number}" for number in range(len(packages))]
            path = {"PYTHONPATH": ":".join(["/", *places])} if packages else {}
            return Image(
                reference,
                id=f"directory://{known.path}",
                kind="directory",
                entrypoint=known.entrypoint,
                packages=packages,
                env={"PATH": _SYSTEM_PATH, **path, **known.env},
                directory=known.path,
                user=known.user,
            )
        for program in self._programs:
            if program.is_called(short):
                return self._program(reference, program)
            if (why := program.refusal(short)) is not None:
                raise ImageUnknown(f"{reference}: {why}")
        if any(fnmatch.fnmatchcase(short, pattern) for pattern in _PYTHON):
            return self._python(reference)
        if any(fnmatch.fnmatchcase(short, pattern) for pattern in _USERLAND):
            return Image(
                reference,
                id=f"host://{_host_system()}",
                kind="userland",
                command=("bash" if short in {"bash", "ubuntu", "debian"} else "sh",),
                env={"PATH": _SYSTEM_PATH},
            )
        raise ImageUnknown(
            f"{reference}: this node has no container engine and pulls nothing; it offers "
            f"{', '.join(self.names)}"
        )

    def _program(self, reference: str, program: PythonImage) -> Image:
        plain = self._python(reference)
        return replace(
            plain,
            id=f"{plain.id}+{program.packages.key}",
            entrypoint=program.entrypoint,
            command=(),
            env={**plain.env, **program.env},
            directory=program.directory,
            user=program.user,
            environment=program.packages,
            account=program.account,
            home=program.home,
            programs=program.programs,
        )

    def _python(self, reference: str) -> Image:
        python = self.environments
        return Image(
            reference,
            id=f"interpreter://{python.executable}@{python.version}",
            kind="python",
            command=("python3",),
            env={
                "PATH": PYTHON_PATH,
                "LANG": "C.UTF-8",
                "PYTHON_VERSION": python.version,
            },
        )

    @property
    def names(self) -> list[str]:
        """What can be used, for messages and the node's status."""
        userland = [one for one in _USERLAND if "*" not in one]
        return ["python (any tag)", *userland, *self._directories]


def split_reference(reference: str) -> tuple[str, str | None]:
    """`registry:5000/a/b:tag@digest` -> (`registry:5000/a/b`, `tag` or digest or None).

    Raises ValueError for what is no image reference. Grammar: distribution/reference.
    """
    head, _, last = reference.rpartition("/")
    match = _REFERENCE.fullmatch(last)
    if match is None or (head and not _REFERENCE.fullmatch(head)):
        raise ValueError(f"couldn't parse image name {reference!r}: invalid reference format")
    name = f"{head}/{match['name']}" if head else match["name"]
    return name, match["tag"] or match["digest"]


def _installed(reference: str, packages: Mapping[str, str]) -> tuple[Path, ...]:
    """The directories that hold `packages`; they are looked up, not imported."""
    found: dict[Path, None] = {}
    missing = []
    for module, distribution in packages.items():
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            missing.append(distribution)
        else:
            found[Path(spec.origin).parents[1]] = None
    if missing:
        raise ImageUnknown(
            f"{reference}: its program needs {', '.join(missing)}, which is not installed beside "
            f"the embedded cluster: pip install {' '.join(missing)}"
        )
    return tuple(found)


def _host_system() -> str:
    try:
        text = Path("/etc/os-release").read_text()
    except OSError:
        return os.uname().sysname.lower()
    words = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return f"{words.get('ID', 'linux')}-{words.get('VERSION_ID', '')}".replace('"', "").rstrip("-")
