"""Notebooks: whether what people save in them is kept."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.platform.catalogue.applications import NOTEBOOK_HOME_NOT_KEPT
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.notebook import Notebook, notebooks_of
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, mapping, text

_HOME = "/home/jovyan"
"""The home directory in Kubeflow's images, and the default of the form."""


def check_notebooks(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether the home directory of each is on a claim."""
    for notebook in notebooks_of(snapshot):
        yield from _home(notebook)


def _home(notebook: Notebook) -> Iterator[Finding]:
    pod = notebook.spec
    found = items(pod, "containers")
    container = next((one for one in found if text(one, "name") == notebook.name), None)
    container = container or next(iter(found), None)
    if container is None:
        return
    kept = {
        text(one, "name")
        for one in items(pod, "volumes")
        if mapping(one, "persistentVolumeClaim") or mapping(one, "ephemeral")
    }
    home = text(container, "workingDir") or _HOME
    mounts = [
        text(one, "mountPath")
        for one in items(container, "volumeMounts")
        if text(one, "name") in kept
    ]
    if any(_covers(mount, place) for mount in mounts for place in (home, _HOME)):
        return
    namespace, name = notebook.namespace, notebook.name
    there = f"its claims are mounted at {', '.join(mounts)}" if mounts else "it mounts no claim"
    yield Finding(
        fault=NOTEBOOK_HOME_NOT_KEPT,
        component="notebooks",
        severity=NOTEBOOK_HOME_NOT_KEPT.severity,
        sentence=f"what is saved in {home} of Notebook {notebook} is lost when it stops: " + there,
        fix=f"kubectl -n {namespace} cp {name}-0:{home} ./{name}   # before it is stopped\n"
        f"kubectl -n {namespace} edit notebook {name}   # volumeMounts: a claim at {home}",
        objects=(f"Notebook {namespace}/{name}",),
    )


def _covers(mount: str, place: str) -> bool:
    """Whether what is mounted there holds `place`."""
    root = mount.rstrip("/")
    return place.rstrip("/") == root or place.startswith(f"{root}/")
