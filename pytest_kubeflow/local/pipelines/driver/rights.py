"""What the account of a run's pods may do of what KFP and Argo do by it.

A real driver reads the ConfigMap `kfp-launcher`, the launcher the object store's Secret
(kubeflow/pipelines backend/src/v2/config/env.go and objectstore), and Argo's executor makes a
`workflowtaskresult` and patches it (argo-workflows docs/workflow-rbac.md). Here the server does
these things by itself, and asks whether the account might.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.accessreview import review_access


@dataclass(frozen=True, slots=True)
class Rights:
    """What Kubernetes says where the account has no right; empty where it has."""

    settings: str = ""
    keys: str = ""
    results: str = ""


async def rights_of(client: KubeClient, namespace: str, account: str, secret: str) -> Rights:
    """Ask for the account of a run's pods. Raises ApiError.

    What an API server refuses that was away until just now is asked for again.
    """

    async def refusal(verb: str, group: str, resource: str, name: str) -> str:
        user = f"system:serviceaccount:{namespace}:{account}"
        attributes = {"namespace": namespace, "verb": verb, "group": group, "resource": resource}
        spec = {
            "user": user,
            "groups": [
                "system:serviceaccounts",
                f"system:serviceaccounts:{namespace}",
                "system:authenticated",
            ],
            "resourceAttributes": attributes | ({"name": name} if name else {}),
        }
        if (await review_access(client, spec)).get("allowed"):
            return ""
        what = f'{resource} "{name}"' if name else f"{resource}.{group}"
        return (
            f'{what} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group '
            f'"{group}" in the namespace "{namespace}"'
        )

    return Rights(
        await refusal("get", "", "configmaps", "kfp-launcher"),
        await refusal("get", "", "secrets", secret),
        await refusal("create", "argoproj.io", "workflowtaskresults", "")
        or await refusal("patch", "argoproj.io", "workflowtaskresults", ""),
    )


def without_results(namespace: str, account: str) -> Rights:
    """Those of an account by which Argo's executor may not write its results."""
    return Rights(
        results=f'workflowtaskresults.argoproj.io is forbidden: User "system:serviceaccount:'
        f'{namespace}:{account}" cannot create resource "workflowtaskresults" in API group '
        f'"argoproj.io" in the namespace "{namespace}"'
    )
