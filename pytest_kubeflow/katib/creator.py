"""ExperimentCreator: makes experiments, remembers them, removes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_kubeflow.config.imagemirror import ImageMirrors
from pytest_kubeflow.deletion import deletions, in_turn
from pytest_kubeflow.errors import ConfigurationError, KubeflowError, NotFound
from pytest_kubeflow.k8s.objects.manifest import as_ours, read_manifest
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.katib.errors import ExperimentFailed
from pytest_kubeflow.katib.experiment import KatibAccess, KatibExperiment
from pytest_kubeflow.katib.search_space import SearchParameter
from pytest_kubeflow.katib.spec import KIND, ExperimentSpec, check_name
from pytest_kubeflow.katib.trial_watch import TrialWatch

_WEBHOOK = "admission webhook"


class ExperimentCreator:
    """Makes experiments, from a manifest or from a search space.

    `image` is that of trials for which none is named, `mirrors` are for all of them. `experiments`
    are those that it made; `close` removes them, newest first.
    """

    def __init__(
        self, access: KatibAccess, *, image: str, mirrors: ImageMirrors | None = None
    ) -> None:
        self._access = access
        self._mirrors = mirrors or ImageMirrors()
        self.image = image
        self.experiments: list[KatibExperiment] = []

    def __call__(
        self,
        manifest: Mapping[str, Any] | str | Path | None = None,
        *,
        name: str | None = None,
        namespace: str | None = None,
        space: Mapping[str, SearchParameter] | None = None,
        trial: Callable[..., Any] | Sequence[str] | None = None,
        metric: str = "",
        image: str | None = None,
        **spec: Any,
    ) -> KatibExperiment:
        """Make an experiment; returns at once.

        Either from a `manifest` (a dictionary, YAML, or the path of a file of it), of which only
        name, namespace and labels are changed; or from a search `space`, what a `trial` runs (a
        function or a command) and the name of the objective's `metric`; `spec` are the other fields
        of ExperimentSpec: `goal`, `parallel`, `trials`, `algorithm`... `namespace` is another one
        than the session's.
        Raises ConfigurationError for what can never work, before anything is sent; ExperimentFailed
        where the name is taken, or with the words of Katib's webhook where that refuses it.
        """
        access = self._access
        if namespace is not None:
            access = replace(access, namespace=namespace)
        name = check_name(name or access.cluster.ownership.name("experiment"))
        labels = access.cluster.ownership.labels()
        if manifest is not None:
            if space is not None or trial is not None or metric or image or spec:
                raise ConfigurationError(
                    "an experiment is made from a manifest or from a search space, not from both"
                )
            read = self._mirrors.in_manifest(read_manifest(manifest, KIND))
            body = as_ours(read, name, access.namespace, labels)
        else:
            if space is None or trial is None:
                raise ConfigurationError(
                    "an experiment needs a manifest, or space=, trial= and metric="
                )
            image = self._mirrors.of(image or self.image)
            wanted = ExperimentSpec(space, trial, metric, image, **spec)
            body = wanted.manifest(name, access.namespace, labels)
        watch = TrialWatch.on(access.cluster.kubernetes, access.namespace, name)
        _create(access, name, body)
        MADE.add("experiment")
        watch.start()
        made = KatibExperiment(access, name, watch)
        self.experiments.append(made)
        return made

    def close(self) -> None:
        """Remove the experiments, and wait until nothing of them is left; raises the first error.

        All deletions begin before the first is waited for.
        """
        in_turn([*deletions(self.experiments), self.experiments.clear])


def _create(access: KatibAccess, name: str, body: Mapping[str, Any]) -> None:
    where = f"{access.namespace}/{name}"
    try:
        access.read(name)
    except NotFound:
        pass
    else:
        raise ExperimentFailed(
            f"there is an Experiment {where} already: left as it is; take another name, or none"
        )
    try:
        access.at(name).create(body)
    except KubeflowError as error:
        if _WEBHOOK not in error.message:
            raise
        # What follows is about policies of a cluster; this one says by itself what it wants.
        words = error.message.partition("; it is the admission webhook")[0]
        raise ExperimentFailed(f"Katib refuses Experiment {where}: {words}") from error
