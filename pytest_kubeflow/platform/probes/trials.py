"""Trials: which objects show by a dry run what most webhooks say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_kubeflow.platform.backends import is_ending, labels
from pytest_kubeflow.platform.probes.minimal_objects import KNOWN, Resource, resource_of
from pytest_kubeflow.platform.selectors import labels_for, selects
from pytest_kubeflow.platform.snapshot import Snapshot, Unseen
from pytest_kubeflow.platform.snapshot.fields import mapping, text
from pytest_kubeflow.platform.snapshot.kind import NAMESPACES
from pytest_kubeflow.platform.webhook import Webhook, saw_webhooks, webhooks_of

_MOST = 12
_LONGEST_SECONDS = 33.0
"""The API server waits for 30 s at most for a webhook."""

_SYSTEM = re.compile(r"kube-.+|istio-system|cert-manager|knative-.+")
_PROFILE = ("app.kubernetes.io/part-of", "kubeflow-profile")
_BY_OWNERS = ("pods", "notebooks.kubeflow.org", "experiments.kubeflow.org")
"""What an owner of a profile can try where webhooks may not be listed."""


@dataclass
class Trial:
    """One object, and the webhooks that are asked about it."""

    resource: Resource
    namespace: str
    labels: Mapping[str, str]
    asked: list[Webhook] = field(default_factory=list)

    def __str__(self) -> str:
        names = ", ".join(one.name for one in self.asked)
        return f"webhooks for {self.resource.plural}" + (f" ({names})" if names else "")

    @property
    def what(self) -> str:
        """What is tried; it completes "cannot ..."."""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"try a dry run of {self.resource.plural}{where}"

    @property
    def seconds(self) -> float:
        """For how long a response may take."""
        return min(max([10, *(one.seconds for one in self.asked)]) + 3.0, _LONGEST_SECONDS)


class Plan:
    """Which objects show the most webhooks. `unseen` is what is left out.

    They are of the namespace `own` where webhooks look at that, in which we may do the most.
    """

    def __init__(self, snapshot: Snapshot, *, own: str | None = None) -> None:
        self._snapshot = snapshot
        self._webhooks = list(webhooks_of(snapshot))
        self._namespaces = _namespaces(snapshot, own)
        self.unseen: list[Unseen] = []

    def trials(self) -> Iterator[Trial]:
        """At most so many that the API server does not notice."""
        if not saw_webhooks(self._snapshot):
            yield from self._of_an_owner()
            return
        covered: set[Webhook] = set()
        seen: set[Webhook] = set()
        servers: set[tuple[str, str] | None] = set()
        left_out: list[str] = []
        count = 0
        for webhook in self._webhooks + self._webhooks:  # each server once before any twice
            if webhook in covered or not webhook.guarded:
                continue
            if webhook.service in servers and webhook not in seen:
                seen.add(webhook)
                continue
            trial = self._trial(webhook)
            covered.add(webhook)
            if trial is None:
                continue
            covered.update(trial.asked)
            servers.update(one.service for one in trial.asked)
            refusing = [one.name for one in trial.asked if not one.takes_dry_runs]
            if refusing:
                why = f"side effects of {refusing[0]} forbid a dry run"
                self.unseen.append(Unseen(str(trial), why))
            elif count >= _MOST:
                left_out += [one.name for one in trial.asked]
            else:
                count += 1
                yield trial
        if left_out:
            why = f"{_MOST} kinds of objects are tried at most"
            self.unseen.append(Unseen(f"webhooks {', '.join(left_out)}", why))

    def _of_an_owner(self) -> Iterator[Trial]:
        for namespace in self._snapshot.namespaces[:1]:
            for name in _BY_OWNERS:
                known = KNOWN[name]
                if name in self._snapshot.served:
                    yield Trial(known, namespace, {})

    def _trial(self, webhook: Webhook) -> Trial | None:
        """An object that a webhook is asked about, and all who are asked about it, too."""
        found = sorted(
            filter(None, (self._resource(*one) for one in webhook.guarded)),
            key=lambda one: one.name not in KNOWN,
        )
        wanted = labels_for(mapping(webhook.entry, "objectSelector"))
        for resource in found:
            for namespace, there in self._places(resource, webhook):
                asked = [
                    one
                    for one in self._webhooks
                    if one.asks_about(resource.group, resource.plural, wanted, there)
                ]
                if webhook in asked:
                    return Trial(resource, namespace, wanted, asked)
        return None

    def _resource(self, group: str, plural: str) -> Resource | None:
        if "*" in {group, plural}:
            chosen = (
                one
                for one in KNOWN.values()
                if one.name in self._snapshot.served
                and group in {"*", one.group}
                and plural in {"*", one.plural}
            )
            return next(chosen, None)
        return resource_of(self._snapshot, group, plural)

    def _places(
        self, resource: Resource, webhook: Webhook
    ) -> Iterable[tuple[str, Mapping[str, str] | None]]:
        if not resource.namespaced:
            yield "", None
            return
        selector = mapping(webhook.entry, "namespaceSelector")
        for name, there in self._namespaces:
            if selects(selector, there):
                yield name, there


def _namespaces(snapshot: Snapshot, own: str | None) -> Sequence[tuple[str, Mapping[str, str]]]:
    """Those that an object could be made in, with their labels: the session's own, profiles'."""
    found = [
        (text(one, "metadata", "name"), labels(one))
        for one in snapshot.all(NAMESPACES)
        if not is_ending(one)
    ]

    def order(one: tuple[str, Mapping[str, str]]) -> tuple[bool, bool, bool, str]:
        name, there = one
        return (
            name != own and name not in snapshot.namespaces,
            there.get(_PROFILE[0]) != _PROFILE[1],
            _SYSTEM.fullmatch(name) is not None,
            name,
        )

    return sorted(found, key=order)
