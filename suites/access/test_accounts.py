"""Programs have what is theirs: a service account of another namespace has nothing of ours."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from pytest_kubeflow import (
    AccountAtKubernetes,
    AccountToken,
    Callers,
    Cluster,
    PermissionDenied,
    ProfileKeys,
    skip_for,
)

from .endpoints import Endpoint

CONTENT = "for the owner of this namespace"
KEYS = "mlpipeline-minio-artifact"
"""The secret with the keys to a namespace's prefix of the bucket."""


@pytest.mark.parametrize("name", ["pipelines", "volumes"])
def test_a_foreign_account_is_refused_and_ours_is_not(
    name: str,
    endpoints: dict[str, Endpoint],
    callers: Callers,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    """Pipelines and volumes open for our service account, not for one of another namespace."""
    endpoint = endpoints[name]
    ours = callers.bearer(own_account.token, f"our account {own_account.user}")
    theirs = callers.bearer(foreign_account.token, f"the foreign account {foreign_account.user}")
    endpoint.require(ours)
    endpoint.allows(ours)
    endpoint.refuses(theirs, known=True)
    endpoint.allows(ours)


def test_artifacts_of_our_namespace_are_ours_alone(
    callers: Callers,
    own_account: AccountToken,
    foreign_account: AccountToken,
    profile_keys: ProfileKeys,
    kf_cluster: Cluster,
) -> None:
    """The pipelines UI shows our artifact to us, and not to an account of another namespace.

    By the pipelines' UI, which reads the whole bucket: it has to ask whose artifact that is.
    """
    place = profile_keys.scratch()
    place.put("kept.txt", CONTENT)
    try:
        where = f"source=minio&bucket={place.name}&key={quote(place.prefix, safe='')}kept.txt"
        artifact = f"{kf_cluster.kfp_api_url}/artifacts/get?{where}&namespace="
        endpoint = Endpoint("our part of the bucket", artifact + profile_keys.namespace)
        claimed = Endpoint("our part of the bucket", artifact + foreign_account.namespace)
        ours = callers.bearer(own_account.token, f"our account {own_account.user}")
        theirs = callers.bearer(
            foreign_account.token, f"the foreign account {foreign_account.user}"
        )
        endpoint.require(ours)
        if "does not belong" in (seen := ours.get(endpoint.path)).text:
            skip_for(
                "stored-artifacts",
                f"this UI gives artifacts of runs alone, none put there by hand: {seen}",
            )
        assert endpoint.allows(ours).text == CONTENT
        endpoint.refuses(theirs, known=True)
        # Their own namespace, and still our object: kubeflow/pipelines#9889.
        reply = theirs.get(claimed.path)
        message = f"{claimed.name} is open to all: {theirs.name} reads it as its own ({reply})"
        assert reply.status != 200, message
        assert endpoint.allows(ours).text == CONTENT
    finally:
        profile_keys.remove(place)


@pytest.mark.parametrize(
    ("what", "ask"),
    [
        ("volumes", AccountAtKubernetes.claim_names),
        ("bucket keys", lambda account, namespace: account.secret_keys(namespace, KEYS)),
    ],
    ids=["volumes", "bucket-keys"],
)
def test_kubernetes_gives_a_foreign_account_nothing_of_ours(
    what: str,
    ask: Callable[[AccountAtKubernetes, str], list[str]],
    own_account_at_kubernetes: AccountAtKubernetes,
    foreign_account_at_kubernetes: AccountAtKubernetes,
    kf_namespace: str,
) -> None:
    """Kubernetes refuses our claims and store keys to an account of another namespace."""
    ask(own_account_at_kubernetes, kf_namespace)
    try:
        ask(foreign_account_at_kubernetes, kf_namespace)
    except PermissionDenied:
        pass
    else:
        stranger = foreign_account_at_kubernetes.name
        pytest.fail(f"Kubernetes is open to all: {stranger} gets at the {what} of {kf_namespace}")
    ask(own_account_at_kubernetes, kf_namespace)
