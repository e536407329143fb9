"""Tables of versions, from where they are kept: for docs/reference/versions.md."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_kubeflow.conformance.requirements import RELEASES as LISTS
from pytest_kubeflow.conformance.requirements import requirements_of
from pytest_kubeflow.platform.releases import RELEASES

_ROOT = Path(__file__).parents[2]
_PINS = _ROOT / "tests/real/go"


def reference() -> str:
    """Dependencies, parts of each release of Kubeflow, tests of each list."""
    return "\n".join(
        [
            *("## Dependencies", ""),
            "From `pyproject.toml`; `local` are those of the embedded Kubeflow.",
            *("", *_table(("package", "version", "for"), _dependencies()), ""),
            *("## Parts of a release", ""),
            "What `--kf-health` and the suite `platform` expect of each release of Kubeflow.",
            *("", *_table(("part", *RELEASES), _parts()), ""),
            *("## Tests of a conformance list", ""),
            *_table(("release", "tests"), _lists()),
            *("", "## Programs that tests/real builds", ""),
            *_table(("program", "version"), _programs()),
        ]
    )


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _dependencies() -> Iterator[Sequence[str]]:
    found = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    yield "Python", found["requires-python"], "all"
    needed = found["dependencies"]
    embedded = [one for one in found["optional-dependencies"]["local"] if one not in needed]
    for what, packages in (("all", needed), ("`local`", embedded)):
        for one in packages:
            name, bound = re.findall(r"^([\w.-]+)(.*)$", one)[0]
            yield f"`{name}`", bound, what


def _parts() -> Iterator[Sequence[str]]:
    names = sorted({part for parts in RELEASES.values() for part in parts}, key=str.lower)
    for name in names:
        yield name, *(", ".join(RELEASES[one].get(name, ("none",))) for one in RELEASES)


def _lists() -> Iterator[Sequence[str]]:
    for one in LISTS:
        yield one, str(len(requirements_of(one).tests))


def _programs() -> Iterator[Sequence[str]]:
    for folder, module, name in (
        ("kubernetes", "k8s.io/kubernetes", "kube-apiserver and others"),
        ("etcd", "go.etcd.io/etcd/server/v3", "etcd"),
    ):
        text = (_PINS / folder / "go.mod").read_text(encoding="utf-8")
        found = re.search(rf"{re.escape(module)} v(\S+)", text)
        assert found is not None, f"{folder}/go.mod does not name {module}"
        yield name, found[1]
