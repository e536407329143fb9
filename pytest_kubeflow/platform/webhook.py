"""Webhook: what the API server asks before it takes an object, as the configurations have it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_kubeflow.platform.selectors import selects
from pytest_kubeflow.platform.snapshot import Kind, Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, mapping, name_of, number, text, texts
from pytest_kubeflow.platform.snapshot.kind import MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS

CONFIGURATIONS = (MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS)


@dataclass(frozen=True, eq=False)
class Webhook:
    """One entry of a configuration. Two are the same if they are one object."""

    kind: Kind
    """Of its configuration."""

    configuration: Object
    entry: Object

    @property
    def name(self) -> str:
        """As errors of the API server call it."""
        return text(self.entry, "name")

    @property
    def where(self) -> str:
        """The configuration, for people: "MutatingWebhookConfiguration katib.kubeflow.org"."""
        return f"{self.kind.name} {name_of(self.configuration)}"

    @property
    def service(self) -> tuple[str, str] | None:
        """Namespace and name of the Service that is asked; None where it is a URL."""
        found = mapping(self.entry, "clientConfig", "service")
        namespace, name = text(found, "namespace"), text(found, "name")
        return (namespace, name) if namespace and name else None

    @property
    def port(self) -> int:
        """Of the Service."""
        return number(self.entry, "clientConfig", "service", "port") or 443

    @property
    def path(self) -> str:
        """What is asked there."""
        return text(self.entry, "clientConfig", "service", "path")

    @property
    def server_name(self) -> str:
        """The name that its certificate must have; empty where it is a URL."""
        return f"{self.service[1]}.{self.service[0]}.svc" if self.service else ""

    @property
    def bundle(self) -> str:
        """The certificates that its server's must come from, as text; "" for none.

        What is no base64 is given as it is.
        """
        given = text(self.entry, "clientConfig", "caBundle")
        try:
            return base64.b64decode(given, validate=True).decode(errors="replace")
        except (binascii.Error, ValueError):
            return given

    @property
    def is_ignorable(self) -> bool:
        """Whether objects are taken where it cannot be asked."""
        return text(self.entry, "failurePolicy") == "Ignore"

    @property
    def is_mutating(self) -> bool:
        """Whether it may change objects: these are asked first, one after another."""
        return self.kind is MUTATING_WEBHOOKS

    @property
    def must_answer(self) -> bool:
        """Whether an object that went through shows that it was asked and has answered."""
        return not self.is_ignorable and not items(self.entry, "matchConditions")

    @property
    def takes_dry_runs(self) -> bool:
        """Whether it says that asking it in a dry run changes nothing."""
        return text(self.entry, "sideEffects") in {"None", "NoneOnDryRun"}

    @property
    def seconds(self) -> int:
        """For how long the API server waits for it."""
        return number(self.entry, "timeoutSeconds") or 10

    @property
    def guarded(self) -> tuple[tuple[str, str], ...]:
        """Group and resource of the objects whose creation it is asked about, "*" for any."""
        return tuple(
            (group, resource)
            for rule in items(self.entry, "rules")
            if {"CREATE", "*"} & set(texts(rule, "operations"))
            for group in texts(rule, "apiGroups")
            for resource in (one.removesuffix("/*") for one in texts(rule, "resources"))
            if "/" not in resource
        )

    def asks_about(
        self,
        group: str,
        resource: str,
        labels: Mapping[str, str],
        namespace: Mapping[str, str] | None,
    ) -> bool:
        """Whether it is asked about such an object with these labels.

        `namespace` has the labels of its namespace; None for what is in none.
        """
        takes = any(
            one in {group, "*"} and two in {resource, "*"} for one, two in self.guarded
        ) and selects(mapping(self.entry, "objectSelector"), labels)
        if namespace is None:
            return takes
        return takes and selects(mapping(self.entry, "namespaceSelector"), namespace)


def webhooks_of(snapshot: Snapshot) -> Iterator[Webhook]:
    """All of them, in the order in which the API server asks: mutating ones first."""
    for kind in CONFIGURATIONS:
        for configuration in sorted(snapshot.all(kind), key=name_of):
            for entry in items(configuration, "webhooks"):
                yield Webhook(kind, configuration, entry)


def saw_webhooks(snapshot: Snapshot) -> bool:
    """Whether all configurations were read."""
    return all(snapshot.saw(kind) for kind in CONFIGURATIONS)
