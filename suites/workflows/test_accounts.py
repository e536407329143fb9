"""Who may: a Workflow runs by the rights of its service account, and is made by its owner alone."""

import pytest

from pytest_kubeflow import AccountAtKubernetes, PermissionDenied, WorkflowCreator

from .conftest import Manifests

pytestmark = [pytest.mark.kf_requires("workflows"), pytest.mark.kf_images("--kf-base-image")]

FORBIDDEN = "workflowtaskresults.argoproj.io is forbidden"


def test_an_account_without_rights_is_told(
    run_workflow: WorkflowCreator, manifests: Manifests
) -> None:
    """A Workflow of an account without rights ends with the reason.

    As it is with a manifest without an account, made by kubectl in a profile.
    """
    refused = run_workflow(manifests("small"), service_account="default").wait(ended="Error")
    message = [one.message for one in refused.state.bad]
    assert any(FORBIDDEN in one for one in message), f"what is told of it is {message}"
    run_workflow(manifests("small")).wait()


def test_a_foreign_account_makes_no_workflow_of_ours(
    manifests: Manifests,
    own_account_at_kubernetes: AccountAtKubernetes,
    foreign_account_at_kubernetes: AccountAtKubernetes,
    kf_namespace: str,
) -> None:
    """An account of another namespace creates no Workflow in ours."""
    body = manifests("small")
    own_account_at_kubernetes.try_workflow(kf_namespace, body)
    try:
        foreign_account_at_kubernetes.try_workflow(kf_namespace, body)
    except PermissionDenied:
        own_account_at_kubernetes.try_workflow(kf_namespace, body)
    else:
        stranger = foreign_account_at_kubernetes.name
        pytest.fail(f"Kubernetes is open to all: {stranger} makes Workflows in {kf_namespace}")
