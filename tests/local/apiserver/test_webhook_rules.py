"""Which webhooks want a write, whoever wrote before."""

from __future__ import annotations

import pytest

from pytest_kubeflow.local.apiserver.admission.webhooks import AdmissionWebhooks, Attempt
from pytest_kubeflow.local.apiserver.resources import BUILT_IN
from pytest_kubeflow.local.apiserver.store import ResourceStore
from pytest_kubeflow.local.apiserver.targets import Target
from pytest_kubeflow.local.apiserver.tokens import User

CONFIGURATIONS = ("admissionregistration.k8s.io", "validatingwebhookconfigurations")
EVENTS = {one.group: one for one in BUILT_IN if one.plural == "events"}


def store(group: str) -> ResourceStore:
    """One with a webhook of this group's events."""
    rule = {
        "apiGroups": [group],
        "apiVersions": ["*"],
        "operations": ["CREATE"],
        "resources": ["events"],
    }
    made = ResourceStore()
    configuration = {
        "metadata": {"name": "one"},
        "webhooks": [{"name": "example.com", "rules": [rule]}],
    }
    made.put(CONFIGURATIONS, ("", "one"), configuration)
    return made


def wanted(webhooks: AdmissionWebhooks, group: str, operation: str = "CREATE") -> bool:
    """Whether a webhook wants to know of an event of this group."""
    target = Target(EVENTS[group], "v1", "team")
    return webhooks.concern(Attempt(operation, target, User("somebody"), dry_run=False))


@pytest.mark.parametrize("order", [("", "events.k8s.io"), ("events.k8s.io", "")])
def test_groups_that_share_their_objects_are_two(order: tuple[str, str]) -> None:
    webhooks = AdmissionWebhooks(store("events.k8s.io"))
    for _ in range(2):
        for group in order:
            assert wanted(webhooks, group) == (group == "events.k8s.io")


def test_a_configuration_that_changes_is_read_again() -> None:
    kept = store("events.k8s.io")
    webhooks = AdmissionWebhooks(kept)
    assert not wanted(webhooks, "")
    assert not wanted(webhooks, "", "DELETE")
    changed = store("").get(CONFIGURATIONS, ("", "one"))
    assert changed is not None
    kept.put(CONFIGURATIONS, ("", "one"), changed)
    assert wanted(webhooks, "")
    assert not wanted(webhooks, "events.k8s.io")
    kept.remove(CONFIGURATIONS, ("", "one"))
    assert not wanted(webhooks, "")
