"""What a detached run has written, read from its claim into a folder or an archive."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from pytest_kubeflow.errors import ConfigurationError, NotFound
from pytest_kubeflow.incluster.detached import DetachedRun
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.pods.template import PodTemplate
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.k8s.volumes.volume import Volume, Volumes

_ARCHIVES = (".tar.gz", ".tgz")


def read_reports(
    run: DetachedRun,
    kubernetes: KubernetesClient,
    namespace: str,
    *,
    owner: str,
    image: str | None = None,
) -> dict[str, bytes]:
    """The files of its folder by their names in it, through a helper pod.

    Without an `image` that is of the run's own, which the cluster has pulled already. Raises
    NotFound where there is none, and VolumeError.
    """
    volumes = Volumes(
        kubernetes,
        namespace,
        ownership=Ownership(owner),
        image=image or run.image,
        template=PodTemplate(image_pull_secrets=run.pull_secrets),
    )
    volume, begin = Volume(volumes, run.claim), f"{run.name}/"
    paths = [one for one in volume.list() if one.startswith(begin)]
    if not paths:
        raise NotFound(
            f"{run.name} has written no report to claim {namespace}/{run.claim}: kf-run logs "
            f"{run.name} says why"
        )
    return {path.removeprefix(begin): data for path, data in volume.read(paths).items()}


def write(files: Mapping[str, bytes], target: Path) -> None:
    """Into one archive (.tar.gz), or a folder that is made. Raises ConfigurationError, OSError."""
    if target.name.endswith(_ARCHIVES):
        with tarfile.open(target, "w:gz") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        return
    if target.exists() and not target.is_dir():
        raise ConfigurationError(f"{target} is there, and no folder; archives end in .tar.gz")
    for name, data in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
