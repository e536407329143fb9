"""Programs have what is theirs: a service account of another namespace has nothing of ours."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from pytest_kubeflow import (
    AccountAtKubernetes,
    AccountToken,
    Cluster,
    PermissionDenied,
    ProfileKeys,
    Visitors,
    skip_for,
)

from .doors import Door

CONTENT = "for the owner of this namespace"
KEYS = "mlpipeline-minio-artifact"
"""The secret with the keys to a namespace's prefix of the bucket."""


@pytest.mark.parametrize("name", ["pipelines", "volumes"])
def test_a_foreign_account_is_refused_and_ours_is_not(
    name: str,
    doors: dict[str, Door],
    visitors: Visitors,
    own_account: AccountToken,
    foreign_account: AccountToken,
) -> None:
    """Pipelines and volumes open for our service account, not for one of another namespace."""
    door = doors[name]
    ours = visitors.bearer(own_account.token, f"our account {own_account.user}")
    theirs = visitors.bearer(foreign_account.token, f"the foreign account {foreign_account.user}")
    door.require(ours)
    door.opens_for(ours)
    door.refuses(theirs, known=True)
    door.opens_for(ours)


def test_artifacts_of_our_namespace_are_ours_alone(
    visitors: Visitors,
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
        door = Door("our part of the bucket", artifact + profile_keys.namespace)
        claimed = Door("our part of the bucket", artifact + foreign_account.namespace)
        ours = visitors.bearer(own_account.token, f"our account {own_account.user}")
        theirs = visitors.bearer(
            foreign_account.token, f"the foreign account {foreign_account.user}"
        )
        door.require(ours)
        if "does not belong" in (seen := ours.get(door.path)).text:
            skip_for(
                "stored-artifacts",
                f"this UI gives artifacts of runs alone, none put there by hand: {seen}",
            )
        assert door.opens_for(ours).text == CONTENT
        door.refuses(theirs, known=True)
        # Their own namespace, and still our object: kubeflow/pipelines#9889.
        reply = theirs.get(claimed.path)
        told = f"{claimed.name} is open to all: {theirs.name} reads it as its own ({reply})"
        assert reply.status != 200, told
        assert door.opens_for(ours).text == CONTENT
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
