"""SuggestionController: runs the service of an algorithm, and asks it for assignments.

Rules and words: kubeflow/katib v0.19.0, pkg/controller.v1beta1/suggestion.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from pytest_kubeflow.local.controllers.controller import Controller, Informers, TryAgainError
from pytest_kubeflow.local.controllers.owners import controller_of
from pytest_kubeflow.local.controllers.ownwrites import OwnWrites
from pytest_kubeflow.local.katib.conditions import end, has, mark, unset
from pytest_kubeflow.local.katib.config import ConfigError, KatibConfig
from pytest_kubeflow.local.katib.conversion import (
    COMPARISONS,
    experiment_message,
    trial_message,
)
from pytest_kubeflow.local.katib.dbmanager import ENDPOINT
from pytest_kubeflow.local.katib.labels import EXPERIMENT, endpoint, service_name
from pytest_kubeflow.local.katib.messages import EARLY_STOPPING, ENUMS, SUGGESTION, new
from pytest_kubeflow.local.katib.presence import Presence
from pytest_kubeflow.local.katib.rpc import CallError, Channels
from pytest_kubeflow.local.katib.suggestionobjects import (
    PORT,
    STOPPING_PORT,
    claim_of,
    deployment_of,
    rights_of,
    service_of,
    stopping_of,
)
from pytest_kubeflow.local.kube import ApiError, Informer, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import (
    DEPLOYMENTS,
    EXPERIMENTS,
    SERVICES,
    SUGGESTIONS,
    TRIALS,
)
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.kube.versioncache import VersionCache

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_REFUSING = {"INVALID_ARGUMENT", "UNKNOWN"}


class _ReconcileError(Exception):
    """An answer of a service is of no use."""


class SuggestionController(Controller):
    """Works while Katib's controller is there; asks services by `channels`."""

    name = "suggestion"

    def __init__(
        self,
        client: KubeClient,
        informers: Informers,
        *,
        channels: Channels,
        presence: Presence,
    ) -> None:
        self._channels = channels
        self._presence = presence
        self._recorder = EventRecorder(client, "suggestion-controller")
        self._own_writes = OwnWrites(client)
        self._messages = VersionCache(trial_message)
        super().__init__(client, informers)
        presence.on_change(lambda: self.enqueue_all(self.suggestions.objects))

    def watch(self) -> None:
        self.suggestions = self.enqueue_from(SUGGESTIONS)
        self.deployments = self.enqueue_from(DEPLOYMENTS, _owner_key)
        self.services = self.enqueue_from(SERVICES, _owner_key)
        self.experiments = self.informers[EXPERIMENTS]
        self.trials = self.informers[TRIALS]
        self.trials.on_change(self._messages.on_change)

    async def reconcile(self, key: Key) -> None:
        before = self.suggestions.get(key[1], key[0])
        if before is None or not self._presence.works() or self._own_writes.outdated(before):
            return
        if before["metadata"].get("deletionTimestamp"):
            return
        suggestion = {**before, "status": dict(before.get("status") or {})}
        if has(suggestion, "Succeeded"):
            await self._remove(DEPLOYMENTS, self.deployments, suggestion)
            await self._remove(SERVICES, self.services, suggestion)
            return
        if not has(suggestion, "Created"):
            suggestion["status"].setdefault("startTime", now())
            mark(suggestion, "Created", "SuggestionCreated", "Suggestion is created")
        else:
            try:
                await self._reconcile(key, suggestion)
            except (ApiError, CallError, ConfigError, _ReconcileError) as error:
                await self._failed(before, suggestion, error)
                raise TryAgainError(str(error)) from error
        await self._write(before, suggestion)

    async def _failed(self, before: Object, suggestion: Object, error: Exception) -> None:
        """Say why, and write the conditions, which may have changed before that."""
        message = error.message if isinstance(error, ApiError) else str(error)
        if not (isinstance(error, ApiError) and error.reason in {"AlreadyExists", "Conflict"}):
            await self._recorder.event(before, "Warning", "ReconcileError", message)
        conditions = suggestion["status"].get("conditions")
        status = {**(before.get("status") or {}), "conditions": conditions}
        await self._write(before, {**suggestion, "status": status})

    async def _write(self, before: Object, suggestion: Object) -> None:
        status, metadata = suggestion["status"], suggestion["metadata"]
        if status == before.get("status"):
            return
        # While a service was asked, the experiment may have come to want more assignments: they are
        # asked for next. What was found is good as long as the status is the one it was added to.
        newest = self.suggestions.get(metadata["name"], metadata["namespace"])
        if newest is not None and newest.get("status") == before.get("status"):
            suggestion = {**newest, "status": status}
        await self._own_writes.replace(SUGGESTIONS, suggestion, subresource="status")

    async def _reconcile(self, key: Key, suggestion: Object) -> None:
        deployment = self.deployments.get(service_name(suggestion), key[0])
        if self.services.get(service_name(suggestion), key[0]) is None:
            await self._ensure(SERVICES, service_of(suggestion))
        if deployment is None:
            await self._make(suggestion)
        if deployment is None or not _is_available(deployment):
            message = "Deployment is not ready"
            mark(suggestion, "DeploymentReady", "DeploymentNotReady", message, status="False")
            return
        mark(suggestion, "DeploymentReady", "DeploymentReady", "Deployment is ready")
        experiment = self.experiments.get(key[1], key[0])
        if experiment is None:
            return
        if not has(suggestion, "Running") and not await self._is_valid(suggestion, experiment):
            return
        await self._assign(suggestion, experiment)

    async def _make(self, suggestion: Object) -> None:
        """The Deployment, and what it needs. Raises ApiError, ConfigError."""
        config = await KatibConfig.read(self.client)
        if suggestion["spec"].get("resumePolicy") == "FromVolume":
            await self._ensure(*claim_of(suggestion, config))
        wanted = deployment_of(suggestion, config)
        account = wanted["spec"]["template"]["spec"].get("serviceAccountName")
        if stopping_of(suggestion) and account == service_name(suggestion):
            for resource, obj in rights_of(suggestion):
                await self._ensure(resource, obj)
        await self._ensure(DEPLOYMENTS, wanted)

    async def _is_valid(self, suggestion: Object, experiment: Object) -> bool:
        """Let the services look at their settings; False: they have refused them, for good."""
        message = experiment_message(experiment)
        checks = [(SUGGESTION, PORT, "ValidateAlgorithmSettings", {"experiment": message})]
        if stopping_of(suggestion):
            settings = {"early_stopping": message.spec.early_stopping}
            checks.append(
                (EARLY_STOPPING, STOPPING_PORT, "ValidateEarlyStoppingSettings", settings)
            )
        for service, port, method, fields in checks:
            request = new(f"{method}Request", **fields)
            try:
                await self._channels.call(endpoint(suggestion, port), service, method, request)
            except CallError as error:
                # What does not validate, or does not answer in its words, is taken as it is.
                if error.code == "UNAVAILABLE":
                    raise
                if error.code in _REFUSING:
                    found = f"Validation failed: {method} Error: {error.message}"
                    end(suggestion, "Failed", "SuggestionFailed", found)
                    return False
        unset(suggestion, "Succeeded")
        mark(suggestion, "Running", "SuggestionRunning", "Suggestion is running")
        return True

    async def _assign(self, suggestion: Object, experiment: Object) -> None:
        """Ask for as many assignments as are wanted and not there."""
        status = suggestion["status"]
        total = suggestion["spec"].get("requests", 0)
        more = total - status.get("suggestionCount", 0)
        if more <= 0:
            return
        messages = map(self._messages.of, self._trials(experiment))
        trials = [one for one in messages if one is not None]
        message = experiment_message(experiment, status.get("algorithmSettings") or [])
        request = new(
            "GetSuggestionsRequest",
            experiment=message,
            trials=trials,
            current_request_number=more,
            total_request_number=total,
        )
        place = endpoint(suggestion, PORT)
        reply = await self._channels.call(place, SUGGESTION, "GetSuggestions", request)
        if len(reply.parameter_assignments) != more:
            raise _ReconcileError("The response contains unexpected trials")
        rules = await self._rules(suggestion, message, trials)
        found = [_assignment(suggestion, one, rules) for one in reply.parameter_assignments]
        status["suggestions"] = [*(status.get("suggestions") or []), *found]
        status["suggestionCount"] = len(status["suggestions"])
        if reply.HasField("algorithm"):
            settings = {one["name"]: one for one in status.get("algorithmSettings") or []}
            for one in reply.algorithm.algorithm_settings:
                settings[one.name] = {"name": one.name, "value": one.value}
            status["algorithmSettings"] = list(settings.values())

    def _trials(self, experiment: Object) -> list[Object]:
        """The experiment's trials, and those of others of its name: Katib lists all namespaces."""
        labels = {
            **(experiment["metadata"].get("labels") or {}),
            EXPERIMENT: experiment["metadata"]["name"],
        }
        return [
            one
            for one in self.trials.objects.values()
            if labels.items() <= (one["metadata"].get("labels") or {}).items()
        ]

    async def _rules(
        self, suggestion: Object, message: object, trials: Sequence[object]
    ) -> list[Object]:
        if not stopping_of(suggestion):
            return []
        request = new(
            "GetEarlyStoppingRulesRequest",
            experiment=message,
            trials=trials,
            db_manager_address=ENDPOINT,
        )
        place = endpoint(suggestion, STOPPING_PORT)
        reply = await self._channels.call(place, EARLY_STOPPING, "GetEarlyStoppingRules", request)
        return [
            {
                "name": one.name,
                "value": one.value,
                "comparison": COMPARISONS.get(ENUMS["ComparisonType"][one.comparison], "equal"),
                **({"startStep": one.start_step} if one.start_step else {}),
            }
            for one in reply.early_stopping_rules
        ]

    async def _ensure(self, resource: Resource, obj: Object) -> None:
        try:
            await self.client.create(resource, obj)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise

    async def _remove(self, resource: Resource, known: Informer, suggestion: Object) -> None:
        name, namespace = service_name(suggestion), suggestion["metadata"]["namespace"]
        if known.get(name, namespace) is None:
            return
        try:
            await self.client.delete(resource, name, namespace)
        except ApiError as error:
            if not error.not_found:
                raise


def _assignment(suggestion: Object, one: Any, rules: list[Object]) -> Object:
    suffix = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    name = one.trial_name or f"{suggestion['metadata']['name']}-{suffix}"
    labels = dict(one.labels)
    return {
        "parameterAssignments": [
            {"name": each.name, "value": each.value} for each in one.assignments
        ],
        "name": name,
        **({"earlyStoppingRules": rules} if rules else {}),
        **({"labels": labels} if labels else {}),
    }


def _is_available(deployment: Object) -> bool:
    return any(
        one["type"] == "Available" and one["status"] == "True"
        for one in (deployment.get("status") or {}).get("conditions") or []
    )


def _owner_key(obj: Object) -> Key | None:
    owner = controller_of(obj)
    if owner is None or owner["kind"] != SUGGESTIONS.kind:
        return None
    return obj["metadata"]["namespace"], owner["name"]
