"""Experiment: where a session's runs are; and what interrupted sessions left behind in KFP.

KFP's objects have no labels, so ours are in their descriptions, as `key=value`. Descriptions cannot
be changed: a session that outlives its own makes another experiment, which says that it lives.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import RUN_ID, Ownership, has_expired, is_ours, living
from pytest_kubeflow.pipelines.client import AlreadyThere, calling, pages
from pytest_kubeflow.pipelines.packages.package import Package
from pytest_kubeflow.pipelines.runs.states import FINAL_STATES
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.transport import policy_of

OURS = "pytest-kubeflow"

Deleted = Callable[[str, str], None]
"""Is told each run that was deleted: its pipeline's name ("" if that is not known), and its id."""

_LABEL = re.compile(r"([\w.-]+/[\w.-]+)=(\S+)")


def no_matter(_pipeline: str, _run_id: str) -> None:
    """Nobody wants to know."""


def describe(ownership: Ownership, *, lifetime: float | None = None) -> str:
    """The description of what we make in KFP, by which it is known as ours."""
    given = ownership.labels(lifetime=lifetime)
    labels = " ".join(f"{key}={value}" for key, value in given.items())
    return f"Of a pytest session, which removes it at its end. {labels}"


def labels_in(description: str | None) -> dict[str, str]:
    """The labels that `describe` has written."""
    return dict(_LABEL.findall(description or ""))


class Experiment:
    """An experiment, such as that of a session's runs: made when its id is asked for."""

    def __init__(
        self, client: Any, namespace: str | None, ownership: Ownership, *, name: str = OURS
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._ownership = ownership
        self.name = _new_name(name)
        """Its name in KFP: the one given, and something random."""
        self._lock = threading.Lock()
        self._id: str | None = None
        self._record: str | None = None

    @property
    def id(self) -> str:
        """The experiment's id in KFP. Several threads may ask for it at once."""
        with self._lock:
            if self._id is None:
                self._id = self._create(self.name)
            return self._id

    def renew(self, *, lifetime: float | None = None) -> None:
        """Say that the session lives, or that what it kept does for `lifetime` seconds."""
        with self._lock:
            if self._id is None and lifetime is None:
                return
            before, self._record = self._record, self._create(_new_name(), lifetime=lifetime)
        if before is not None:
            _delete_experiment(self._client, before)

    @property
    def description(self) -> str:
        """What says whose it is; what is made in it says the same."""
        return describe(self._ownership)

    def delete(self, deleted: Deleted = no_matter) -> None:
        """Remove it, if it was made at all, with runs in it that nobody knows of.

        Something on the way may send one request twice, or do it after we have given it up.
        """
        if self._id is not None:
            remove_experiment(self._client, self._id, self._namespace, deleted)
        if self._record is not None:
            _delete_experiment(self._client, self._record)

    def _create(self, name: str, *, lifetime: float | None = None) -> str:
        def create() -> str:
            try:
                with calling(f"create experiment {name}"):
                    made = self._client.create_experiment(
                        name,
                        description=describe(self._ownership, lifetime=lifetime),
                        namespace=self._namespace,
                    )
            except AlreadyThere:
                # Its name is random: something on the way has sent the request twice.
                if (found := self._find(name)) is not None:
                    return found
                raise
            if made.display_name != name:
                # kfp looks for the name first. Whatever that is, it is not ours to remove.
                raise KubeflowError(
                    f"cannot create experiment {name}: the pipelines API was asked for one of "
                    f"this name, and gives {made.display_name or 'one without a name'}"
                )
            MADE.add("experiment")
            return str(made.experiment_id)

        # kfp looks for the name first, so a second attempt finds the first one's.
        return policy_of(self._client).repeat(create)

    def _find(self, name: str) -> str | None:
        """The id of the experiment of this name, if it is ours."""
        with calling(f"look for experiment {name}"):
            try:
                there = self._client.get_experiment(experiment_name=name, namespace=self._namespace)
            except ValueError:  # kfp's, for one that is not there
                return None
        labels = labels_in(there.description)
        ours = is_ours(labels) and labels[RUN_ID] == self._ownership.labels()[RUN_ID]
        return str(there.experiment_id) if ours else None


def _new_name(name: str = OURS) -> str:
    return f"{name}-{uuid.uuid4().hex[:10]}"


@dataclass(frozen=True, slots=True)
class KfpLeftover:
    """An experiment with its runs, or a pipeline with its versions, that a session made."""

    kind: str
    id: str
    name: str
    namespace: str | None
    labels: Mapping[str, str] = field(repr=False)
    made: float | None = None
    """When, in seconds since 1970."""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}".replace(" None/", " ")

    @property
    def run_id(self) -> str:
        """The session that made it."""
        return self.labels.get(RUN_ID, "")


def leftovers(
    client: Any, namespace: str | None, *, kinds: Collection[str] | None = None
) -> list[KfpLeftover]:
    """What sessions have made in `namespace`; None: stand-alone, or public. Raises KubeflowErrors.

    Those of sessions that still live are among them. `kinds`: these alone.
    """
    listings = (
        ("experiment", client.list_experiments, "experiments", "experiment_id"),
        ("pipeline", client.list_pipelines, "pipelines", "pipeline_id"),
    )
    found = []
    for kind, listing, field_, key in listings:
        if kinds is not None and kind not in kinds:
            continue
        for one in list(pages(listing, field_, namespace=namespace)):
            labels = labels_in(one.description)
            if is_ours(labels):
                made = one.created_at.timestamp() if one.created_at else None
                name, number = str(one.display_name), str(getattr(one, key))
                found.append(KfpLeftover(kind, number, name, namespace, labels, made))
    return found


def reap(
    client: Any,
    namespace: str | None,
    *,
    clock: Callable[[], float] = time.time,
    deleted: Deleted = no_matter,
) -> list[KfpLeftover]:
    """Remove experiments with their runs, and pipelines, whose sessions' time is over.

    What cannot be listed or removed stays for the next session: this is no verdict on anything.
    """
    now = clock()
    gone = []
    with contextlib.suppress(KubeflowError):
        found = leftovers(client, namespace)
        alive = living((one.labels for one in found), now=now)
        for one in found:
            if has_expired(one.labels, now=now) and one.run_id not in alive:
                with contextlib.suppress(KubeflowError):
                    remove(client, one, deleted)
                    gone.append(one)
    return gone


def remove(client: Any, one: KfpLeftover, deleted: Deleted = no_matter) -> None:
    """Remove it; `deleted` is told its runs. Raises KubeflowErrors."""
    if one.kind == "experiment":
        remove_experiment(client, one.id, one.namespace, deleted)
    else:
        remove_pipeline(client, one.id)


def remove_pipeline(client: Any, pipeline_id: str) -> None:
    """Remove a pipeline with its versions; what is gone already is fine."""
    with contextlib.suppress(NotFound):
        # KFP refuses to remove a pipeline that has versions.
        for version in list(pages(client.list_pipeline_versions, "pipeline_versions", pipeline_id)):
            with contextlib.suppress(NotFound), calling(f"delete version {version.display_name}"):
                client.delete_pipeline_version(pipeline_id, version.pipeline_version_id)
        with calling(f"delete pipeline {pipeline_id}"):
            client.delete_pipeline(pipeline_id)


def remove_experiment(
    client: Any, experiment_id: str, namespace: str | None, deleted: Deleted = no_matter
) -> None:
    """Remove it with its recurring runs and runs, which would stay else, in no experiment.

    Recurring runs go first: one whose experiment is gone starts runs all the same.
    """
    within: dict[str, Any] = {"experiment_id": experiment_id, "namespace": namespace}
    with contextlib.suppress(NotFound):
        for one in list(pages(client.list_recurring_runs, "recurring_runs", **within)):
            with (
                contextlib.suppress(NotFound),
                calling(f"delete recurring run {one.display_name}"),
            ):
                client.delete_recurring_run(one.recurring_run_id)
        runs = pages(client.list_runs, "runs", **within)
        for run in map(RunView.of, list(runs)):
            _remove_run(client, run)
            deleted(_pipeline_of(run), run.run_id)
    _delete_experiment(client, experiment_id)


def _pipeline_of(run: RunView) -> str:
    """The name of what it ran; "" for a version that was uploaded, of which lists tell the ids."""
    spec = Package.of_api(run.pipeline_spec or {}).pipeline_spec
    info = spec.get("pipelineInfo") if isinstance(spec, Mapping) else None
    return str(info.get("name") or "") if isinstance(info, Mapping) else ""


def _remove_run(client: Any, run: RunView) -> None:
    with contextlib.suppress(NotFound):
        if run.state not in FINAL_STATES:
            with calling(f"terminate run {run.name}"):
                client.terminate_run(run.run_id)
        with calling(f"delete run {run.name}"):
            client.delete_run(run.run_id)


def _delete_experiment(client: Any, experiment_id: str) -> None:
    with contextlib.suppress(NotFound), calling(f"delete experiment {experiment_id}"):
        client.delete_experiment(experiment_id)
