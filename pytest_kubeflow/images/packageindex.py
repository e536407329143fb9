"""PackageIndex: whether components get their packages, tried by a pod as components would.

Where components install nothing (--kf-offline) their image must have kfp in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain

from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import PodFailed
from pytest_kubeflow.k8s.pods.helper_pods import HelperPods
from pytest_kubeflow.k8s.pods.template import ContainerSpec
from pytest_kubeflow.pipelines.packages.component_environment import AUTHORITY, ComponentEnvironment
from pytest_kubeflow.waiting import Deadline

_INSTALLED = "/packages"
_INSTALL = (
    "python3 -m pip install --quiet --disable-pip-version-check --no-deps "
    f'--target {_INSTALLED} "kfp==$KFP"'
)
_IMPORT = "python3 -c 'import kfp; print(kfp.__version__)'"
_LONGEST = 300
_LOST = re.compile(r"Retrying .* after connection broken by (.*)")
_VOLUME = "packages"
_CERTIFICATES = "certificates"


class PackageIndex:
    """Tries it with `image`, whose components would install kfp of the version `kfp`."""

    def __init__(self, config: KubeflowConfig, image: str, kfp: str) -> None:
        self._environment = ComponentEnvironment.configured(config)
        self._image = image
        self._kfp = kfp

    def check(self, pods: HelperPods, *, deadline: Deadline) -> str:
        """What a pod has found, as a sentence. Raises PodFailed, AdmissionRefused, WaitTimeout."""
        environment = self._environment
        mounts, volumes = {_VOLUME: _INSTALLED}, [{"name": _VOLUME, "emptyDir": {}}]
        if environment.authority is not None:
            mounts[_CERTIFICATES] = AUTHORITY
            volumes.append({"name": _CERTIFICATES, "configMap": {"name": environment.authority}})
        script = _IMPORT if environment.offline else _INSTALL
        container = ContainerSpec(
            "pip",
            self._image,
            ["sh", "-c", script],
            mounts,
            env={**dict(environment.variables), "KFP": self._kfp, "HOME": _INSTALLED},
        )
        _, logs = pods.run(
            "index", [container], volumes=volumes, deadline=deadline, explain=self.explain
        )
        if environment.offline:
            return f"{self._image} has kfp {logs['pip'].decode(errors='replace').strip()}"
        return f"a pod of {self._image} has installed kfp {self._kfp} from {self._where}"

    @property
    def _where(self) -> str:
        given = dict(self._environment.variables)
        return given.get("PIP_INDEX_URL", "the package index of pip's own settings")

    def explain(self, _pod: str, logs: Mapping[str, bytes]) -> None:
        """Raise PodFailed for what a pod that failed has said, if it has."""
        words = [
            line.strip()
            for line in logs.get("pip", b"").decode(errors="replace").splitlines()
            if line.strip()
        ]
        if not words:
            return
        # That nothing answers is a warning of pip, whose error says only what was not found.
        lost = (found[1] for line in words if (found := _LOST.search(line)) is not None)
        errors = (line for line in words if "ERROR" in line)
        last = next(chain(lost, errors, words[-1:]))[:_LONGEST]
        if self._environment.offline:
            raise PodFailed(
                f"the image {self._image} has no kfp, which components need with --kf-offline: "
                f"name one with --kf-base-image ({last})"
            )
        raise PodFailed(
            f"a pod of {self._image} does not get kfp {self._kfp} from {self._where}: name an "
            "index with --kf-pip-index-url, or an image that has kfp with --kf-offline "
            f"--kf-base-image=IMAGE ({last})"
        )
