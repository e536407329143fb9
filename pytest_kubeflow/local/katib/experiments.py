"""ExperimentController: asks for assignments, makes Trials of them, and says how they fare.

Rules: kubeflow/katib v0.19.0, pkg/controller.v1beta1/experiment/experiment_controller.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.controllers.controller import Controller, Informers, TryAgainError
from pytest_kubeflow.local.controllers.owners import controller_of, controller_reference
from pytest_kubeflow.local.controllers.ownwrites import OwnWrites
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.katib.conditions import (
    end,
    find,
    has,
    is_completed_trial,
    mark,
    unset,
)
from pytest_kubeflow.local.katib.experimentstatus import (
    count,
    is_completed,
    is_restartable,
    update,
)
from pytest_kubeflow.local.katib.labels import TRIAL_FINALIZER, experiment_of, trial_labels
from pytest_kubeflow.local.katib.presence import Presence
from pytest_kubeflow.local.katib.templates import TemplateError, run_spec, template_text
from pytest_kubeflow.local.katib.trialstate import TrialState
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import EXPERIMENTS, SUGGESTIONS, TRIALS
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.kube.versioncache import VersionCache

FINALIZER = "update-prometheus-metrics"
RESTARTED = "Experiment is restarting"
"""The reason for which a suggestion does not run, while its experiment begins anew."""

_CLEANED = ("Never", "FromVolume")
_COPIED = ("primaryPodLabels", "primaryContainerName")


class ExperimentController(Controller):
    """Works while Katib's controller is there."""

    name = "experiment"

    def __init__(
        self, client: KubeClient, informers: Informers, *, presence: Presence, faults: Faults
    ) -> None:
        self._presence = presence
        self._faults = faults
        self._recorder = EventRecorder(client, "experiment-controller")
        self._own_writes = OwnWrites(client)
        self._states = VersionCache(TrialState.of)
        super().__init__(client, informers)
        presence.on_change(lambda: self.enqueue_all(self.experiments.objects))

    def watch(self) -> None:
        self.experiments = self.enqueue_from(EXPERIMENTS)
        self.trials = self.enqueue_from(TRIALS, _owner_key)
        self.trials.on_change(self._states.on_change)
        self._trials_of = self.trials.index(experiment_of)
        self.suggestions = self.enqueue_from(SUGGESTIONS, _owner_key)

    async def reconcile(self, key: Key) -> None:
        before = self.experiments.get(key[1], key[0])
        if before is None or not self._presence.works() or self._own_writes.outdated(before):
            return
        experiment = {**before, "status": dict(before.get("status") or {})}
        if await self._finalized(experiment):
            return
        if is_completed(experiment):
            if experiment["spec"].get("resumePolicy") in _CLEANED:
                await self._clean_up(key, experiment)
            if _is_to_restart(experiment):
                unset(experiment, "Succeeded")
                unset(experiment, "Failed")
                mark(experiment, "Restarting", "ExperimentRestarting", "Experiment is restarted")
                if experiment["spec"].get("resumePolicy") == "FromVolume":
                    await self._restart_suggestion(key)
            elif not count(experiment["status"], "trialsRunning"):
                return
        if not has(experiment, "Created"):
            status = experiment["status"]
            status.setdefault("startTime", now())
            status.setdefault("completionTime", None)
            status.setdefault("currentOptimalTrial", {"observation": {}})
            mark(experiment, "Created", "ExperimentCreated", "Experiment is created")
        else:
            try:
                await self._reconcile(key, experiment)
            except (ApiError, TemplateError) as error:
                await self._complain(before, error)
                raise TryAgainError(str(error)) from error
        if experiment["status"] != before.get("status"):
            await self._own_writes.replace(EXPERIMENTS, experiment, subresource="status")

    async def _complain(self, experiment: Object, error: Exception) -> None:
        if isinstance(error, ApiError) and error.reason in {"AlreadyExists", "Conflict"}:
            return
        found = error.message if isinstance(error, ApiError) else str(error)
        message = f"Failed to reconcile: {found}"
        await self._recorder.event(experiment, "Warning", "ReconcileError", message)

    async def _finalized(self, experiment: Object) -> bool:
        metadata = experiment["metadata"]
        finalizers = metadata.get("finalizers") or []
        is_deleted = bool(metadata.get("deletionTimestamp"))
        if is_deleted != (FINALIZER in finalizers):
            return is_deleted
        changed = (
            [one for one in finalizers if one != FINALIZER]
            if is_deleted
            else [*finalizers, FINALIZER]
        )
        await self._own_writes.replace(
            EXPERIMENTS, {**experiment, "metadata": {**metadata, "finalizers": changed}}
        )
        return True

    async def _reconcile(self, key: Key, experiment: Object) -> None:
        trials = self._trials_of.get(key)
        if trials:
            wrong = self._faults.active("katib-wrong-optimum")
            seen = [(one, self._states.of(one)) for one in self._seen(trials)]
            update(experiment, seen, wrong=wrong)
        if not is_completed(experiment):
            await self._reconcile_trials(key, experiment, trials)

    def _seen(self, trials: list[Object]) -> list[Object]:
        """Those that count: all, but for a fault."""
        if not self._faults.active("katib-trials-forgotten"):
            return trials
        ended = next((one for one in trials if is_completed_trial(one)), None)
        return [one for one in trials if one is not ended]

    async def _reconcile_trials(
        self, key: Key, experiment: Object, trials: Sequence[Object]
    ) -> None:
        spec, status = experiment["spec"], experiment["status"]
        parallel, most = spec["parallelTrialCount"], spec.get("maxTrialCount")
        if self._faults.active("katib-parallel-ignored"):
            parallel = max(parallel, most or 2 * parallel)
        active = count(status, "trialsPending", "trialsRunning")
        # Those without metrics do not count here, as the real one has it.
        completed = count(
            status, "trialsSucceeded", "trialsFailed", "trialsKilled", "trialsEarlyStopped"
        )
        if active > parallel:
            await self._delete_trials(key, trials, active - parallel)
        elif active < parallel:
            wanted = parallel if most is None else min(most - completed, parallel)
            if wanted > active:
                await self._create_trials(key, experiment, trials, wanted - active)

    async def _create_trials(
        self, key: Key, experiment: Object, trials: Sequence[Object], more: int
    ) -> None:
        assignments = await self._assignments(key, experiment, trials, more)
        if not assignments:
            return
        text = await template_text(self.client, experiment)
        for assignment in assignments:
            try:
                await self.client.create(TRIALS, _trial(experiment, assignment, text))
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    await self._complain(experiment, error)

    async def _assignments(
        self, key: Key, experiment: Object, trials: Sequence[Object], more: int
    ) -> list[Object]:
        """Those of which no Trial was made yet; asks for as many as are needed."""
        names = {one["metadata"]["name"] for one in trials}
        waiting = sum(self._states.of(one).awaits_value for one in trials)
        requests = len(trials) + more - waiting
        suggestion = self.suggestions.get(key[1], key[0])
        if suggestion is None:
            await self.client.create(SUGGESTIONS, _suggestion(experiment, requests))
            return []
        if has(suggestion, "Failed"):
            end(experiment, "Failed", "ExperimentFailed", "Suggestion has failed")
            return []
        known = (suggestion.get("status") or {}).get("suggestions") or []
        found = [one for one in known if one["name"] not in names]
        if suggestion["spec"].get("requests", 0) != requests:
            spec = {**suggestion["spec"], "requests": requests}
            await self.client.replace(SUGGESTIONS, {**suggestion, "spec": spec})
        return found if len(known) > len(trials) else []

    async def _delete_trials(self, key: Key, trials: Sequence[Object], number: int) -> None:
        """End the newest ones; who is asked for assignments forgets them."""
        newest = sorted(trials, key=lambda one: one["metadata"]["creationTimestamp"], reverse=True)
        gone = {one["metadata"]["name"] for one in newest[:number]}
        for name in gone:
            await self.client.delete(TRIALS, name, key[0])
        suggestion = await self.client.get(SUGGESTIONS, key[1], key[0])
        status = suggestion.get("status") or {}
        kept = [one for one in status.get("suggestions") or [] if one["name"] not in gone]
        spec = {**suggestion["spec"], "requests": len(kept)}
        made = await self.client.replace(SUGGESTIONS, {**suggestion, "spec": spec})
        status = {**(made.get("status") or {}), "suggestions": kept, "suggestionCount": len(kept)}
        await self.client.replace(SUGGESTIONS, {**made, "status": status}, subresource="status")

    async def _clean_up(self, key: Key, experiment: Object) -> None:
        """Let the suggestion end, by which its Deployment and its Service are removed."""
        known = self.suggestions.get(key[1], key[0])
        if known is None or has(known, "Succeeded", "Failed") or _is_restarting(known):
            return
        suggestion = {**known, "status": dict(known.get("status") or {})}
        reason = "Suggestion is succeeded"
        for kind, message in (
            ("Running", "Suggestion is not running"),
            ("DeploymentReady", "Deployment is not ready"),
        ):
            if find(suggestion, kind) is not None:
                mark(suggestion, kind, reason, message, status="False")
        message = (
            "Suggestion is succeeded, can't be restarted"
            if experiment["spec"].get("resumePolicy") == "Never"
            else "Suggestion is succeeded, suggestion volume is not deleted, can be restarted"
        )
        mark(suggestion, "Succeeded", "Experiment is succeeded", message)
        await self.client.replace(SUGGESTIONS, suggestion, subresource="status")

    async def _restart_suggestion(self, key: Key) -> None:
        known = self.suggestions.get(key[1], key[0])
        if known is None or _is_restarting(known):
            return
        suggestion = {**known, "status": dict(known.get("status") or {})}
        unset(suggestion, "Succeeded")
        mark(suggestion, "Running", RESTARTED, "Suggestion is not running", status="False")
        await self.client.replace(SUGGESTIONS, suggestion, subresource="status")


def _is_to_restart(experiment: Object) -> bool:
    most, trials = experiment["spec"].get("maxTrialCount"), experiment["status"].get("trials", 0)
    if most is None:
        return bool(trials)
    return is_restartable(experiment) and bool(most > trials)


def _is_restarting(suggestion: Object) -> bool:
    running = find(suggestion, "Running") or {}
    return running.get("status") == "False" and running.get("reason") == RESTARTED


def _suggestion(experiment: Object, requests: int) -> Object:
    metadata, spec = experiment["metadata"], experiment["spec"]
    copied = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
    stopping = {"earlyStopping": spec["earlyStopping"]} if spec.get("earlyStopping") else {}
    return {
        "metadata": {
            **copied,
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "ownerReferences": [controller_reference(experiment)],
        },
        "spec": {
            "algorithm": spec["algorithm"],
            **stopping,
            "requests": requests,
            "resumePolicy": spec.get("resumePolicy", ""),
        },
    }


def _trial(experiment: Object, assignment: Object, text: str) -> Object:
    """The Trial of an assignment. Raises TemplateError."""
    metadata, spec = experiment["metadata"], experiment["spec"]
    template = spec["trialTemplate"]
    name, namespace = assignment["name"], metadata["namespace"]
    assignments = assignment.get("parameterAssignments") or []
    job = run_spec(experiment, text, name=name, namespace=namespace, assignments=assignments)
    made: Object = {
        "objective": spec["objective"],
        "parameterAssignments": assignments,
        "runSpec": job,
        "metricsCollector": spec.get("metricsCollectorSpec") or {},
    }
    if spec.get("earlyStopping") and assignment.get("earlyStoppingRules"):
        made["earlyStoppingRules"] = assignment["earlyStoppingRules"]
    if template.get("retain"):
        made["retainRun"] = True
    made |= {key: template[key] for key in _COPIED if template.get(key)}
    if template.get("successCondition") and template.get("failureCondition"):
        made |= {key: template[key] for key in ("successCondition", "failureCondition")}
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {**trial_labels(experiment), **(assignment.get("labels") or {})},
            # As Katib's controller of trials would add it first of all.
            "finalizers": [TRIAL_FINALIZER],
            "ownerReferences": [controller_reference(experiment)],
        },
        "spec": made,
    }


def _owner_key(obj: Object) -> Key | None:
    owner = controller_of(obj)
    if owner is None or owner["kind"] != EXPERIMENTS.kind:
        return None
    return obj["metadata"]["namespace"], owner["name"]
