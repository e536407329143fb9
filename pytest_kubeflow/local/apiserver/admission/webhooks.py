"""Admission webhooks: who else is asked before an object is stored, and what comes of it.

Order and words: k8s.io/apiserver pkg/admission/plugin/webhook. An object goes through the mutating
webhooks one by one, then through the validating ones.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.local.apiserver.admission.webhookcalls import CallFailedError, WebhookCalls
from pytest_kubeflow.local.apiserver.errors import Object, StatusError, bad_request
from pytest_kubeflow.local.apiserver.naming import named
from pytest_kubeflow.local.apiserver.patches import JSON, apply_patch
from pytest_kubeflow.local.apiserver.selectors.labelselectors import fits
from pytest_kubeflow.local.apiserver.store import ResourceStore, Type
from pytest_kubeflow.local.apiserver.targets import Target
from pytest_kubeflow.local.apiserver.tokens import User

_GROUP = "admissionregistration.k8s.io"
_MUTATING, _VALIDATING = (
    (_GROUP, f"{way}webhookconfigurations") for way in ("mutating", "validating")
)
_VERSIONS = ("v1", "v1beta1")
_WITHOUT_EFFECTS = ("None", "NoneOnDryRun")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody is about to do: `operation` is CREATE, UPDATE or DELETE."""

    operation: str
    target: Target
    user: User
    dry_run: bool


class AdmissionWebhooks:
    """Those that the configurations in `store` name."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store
        self._calls = WebhookCalls(store)
        self._configurations: dict[Type, list[Object]] = {}
        self._covering: dict[Hashable, list[Object]] = {}

    async def close(self) -> None:
        await self._calls.close()

    def concern(self, attempt: Attempt) -> bool:
        """Whether any of them wants to know of such an attempt."""
        return any(self._wanting(kind, attempt) for kind in (_MUTATING, _VALIDATING))

    async def admit(
        self,
        attempt: Attempt,
        new: Object | None,
        old: Object | None,
        check: Callable[[Object], None] | None = None,
    ) -> Object | None:
        """The object as the webhooks leave it; those that change nothing see it after `check`.

        Raises StatusError: what one of them says, or 500 where one that must be asked cannot be.
        """
        new = await self._mutated(attempt, new, old)
        metadata = (new or {}).get("metadata") or {}
        if new is not None and attempt.operation == "CREATE" and metadata.get("generateName"):
            # Only those that come now see the name that is made up.
            new = {**new, "metadata": named(metadata)}
        if check is not None and new is not None:
            check(new)
        for webhook in self._wanting(_VALIDATING, attempt):
            await self._ask(webhook, attempt, new, old)
        return new

    async def _mutated(
        self, attempt: Attempt, new: Object | None, old: Object | None
    ) -> Object | None:
        """Webhooks that want it see the changes of later ones, too; once."""
        again: list[Object] = []
        seen: list[Object] = []
        for webhook in self._wanting(_MUTATING, attempt):
            changed = await self._change(webhook, attempt, new, old)
            if changed is None:
                continue
            if changed != new:
                again, seen, new = [*again, *seen], [], changed
            if webhook.get("reinvocationPolicy") == "IfNeeded":
                seen.append(webhook)
        for webhook in again:
            changed = await self._change(webhook, attempt, new, old)
            new = new if changed is None else changed
        return new

    async def _change(
        self, webhook: Object, attempt: Attempt, new: Object | None, old: Object | None
    ) -> Object | None:
        """What one of them makes of the object; None if it was not asked, or there is none."""
        answer = await self._ask(webhook, attempt, new, old)
        if answer is None or not answer.get("patch"):
            return None if answer is None else new
        patch = _patch(webhook, answer)
        if new is None:
            why = f'admission webhook "{webhook["name"]}" attempted to modify the object, which is '
            raise _internal(f"{why}not supported for this operation")
        try:
            changed: Object = apply_patch(JSON, new, patch, custom=True)
        except StatusError as error:
            raise _internal(error.message) from None
        return changed

    async def _ask(
        self, webhook: Object, attempt: Attempt, new: Object | None, old: Object | None
    ) -> Object | None:
        """Its answer; None if it does not concern it, or may be left out."""
        if not self._selects(webhook, attempt, new, old):
            return None
        name = webhook["name"]
        if attempt.dry_run and webhook.get("sideEffects") not in _WITHOUT_EFFECTS:
            raise bad_request(f'admission webhook "{name}" does not support dry run')
        try:
            answer = await self._calls.ask(webhook, _review(webhook, attempt, new, old))
        except CallFailedError as error:
            if webhook.get("failurePolicy") == "Ignore":
                return None
            why = f'failed calling webhook "{name}": failed to call webhook: {error}'
            raise _internal(why) from None
        if not answer["allowed"]:
            raise _denial(name, answer.get("status") or {})
        return answer

    def _wanting(self, type_: Type, attempt: Attempt) -> list[Object]:
        """Those with a rule for it; of most writes that is known from the one before."""
        configurations = list(self._store.list(type_))
        if configurations != self._configurations.get(type_):
            self._configurations[type_] = configurations
            self._covering.clear()
        target = attempt.target
        kind = target.kind
        key = (
            type_,
            attempt.operation,
            kind.group,
            kind.plural,
            target.subresource,
            kind.namespaced,
            kind.versions,
        )
        known = self._covering.get(key)
        if known is None:
            known = self._covering[key] = [
                webhook
                for configuration in configurations
                for webhook in configuration.get("webhooks") or ()
                if any(_covers(rule, attempt) for rule in webhook.get("rules") or ())
            ]
        return known

    def _selects(
        self, webhook: Object, attempt: Attempt, new: Object | None, old: Object | None
    ) -> bool:
        """Whether its selectors fit the object and the object's namespace."""
        labels = [
            (one.get("metadata") or {}).get("labels") or {} for one in (new, old) if one is not None
        ]
        wanted = webhook.get("objectSelector") or {}
        if wanted and not any(fits(wanted, one) for one in labels):
            return False
        target, selector = attempt.target, webhook.get("namespaceSelector") or {}
        name = target.namespace
        if target.kind.type == ("", "namespaces"):
            return fits(selector, labels[0] if labels else {})
        if not name or not selector:
            return True
        home = self._store.get(("", "namespaces"), ("", name)) or {"metadata": {}}
        return fits(selector, home["metadata"].get("labels") or {})


def _covers(rule: Object, attempt: Attempt) -> bool:
    target = attempt.target
    kind = target.kind
    # Of all writes, most are of groups that few rules have.
    if {"*", kind.group}.isdisjoint(rule.get("apiGroups") or ()):
        return False
    resource = f"{kind.plural}/{target.subresource}" if target.subresource else kind.plural
    some = {"*/*", resource, f"*/{target.subresource}" if target.subresource else "*"}
    if target.subresource:
        some.add(f"{kind.plural}/*")
    versions = rule.get("apiVersions") or ()
    return (
        bool({"*", attempt.operation} & set(rule.get("operations") or ()))
        and bool({"*", *kind.versions} & set(versions))
        and bool(some & set(rule.get("resources") or ()))
        and rule.get("scope", "*") in {"*", "Namespaced" if kind.namespaced else "Cluster"}
        and kind.group != _GROUP
    )


def _review(webhook: Object, attempt: Attempt, new: Object | None, old: Object | None) -> Object:
    target = attempt.target
    kind = target.kind
    known = [one for one in webhook.get("admissionReviewVersions") or () if one in _VERSIONS]
    kinds = {"group": kind.group, "version": target.version, "kind": kind.kind}
    resources = {"group": kind.group, "version": target.version, "resource": kind.plural}
    named = new or old or {}
    request: dict[str, Any] = {
        "uid": str(uuid.uuid4()),
        "kind": kinds,
        "resource": resources,
        "requestKind": kinds,
        "requestResource": resources,
        "subResource": target.subresource,
        "name": target.name or (named.get("metadata") or {}).get("name", ""),
        "namespace": target.namespace,
        "operation": attempt.operation,
        "userInfo": {"username": attempt.user.name, "groups": list(attempt.user.groups)},
        "object": new,
        "oldObject": old,
        "dryRun": attempt.dry_run,
    }
    return {
        "apiVersion": f"admission.k8s.io/{known[0] if known else 'v1'}",
        "kind": "AdmissionReview",
        "request": request,
    }


def _patch(webhook: Object, answer: Object) -> list[Any]:
    try:
        patch = json.loads(base64.b64decode(answer["patch"]))
    except ValueError:
        patch = None
    if not isinstance(patch, list):
        raise _internal(f'admission webhook "{webhook["name"]}" gave a patch that is none')
    return patch


def _internal(why: str) -> StatusError:
    message = f"Internal error occurred: {why}"
    return StatusError(500, "InternalError", message, details={"causes": [{"message": why}]})


def _denial(name: str, status: Object) -> StatusError:
    found = f'admission webhook "{name}" denied the request'
    message = status.get("message") or status.get("reason")
    code = int(status.get("code") or 400)
    return StatusError(
        code,
        str(status.get("reason") or ""),
        f"{found}: {message}" if message else f"{found} without explanation",
    )


def operations(verb: str) -> Iterator[str]:
    """What a write of the API may be for a webhook: an apply patch makes or changes."""
    return iter(
        {
            "create": ("CREATE",),
            "update": ("UPDATE",),
            "patch": ("UPDATE", "CREATE"),
            "delete": ("DELETE",),
        }.get(verb, ())
    )
