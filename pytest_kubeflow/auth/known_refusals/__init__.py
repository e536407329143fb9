"""Refusals that are known: by the words of Istio, Dex, oauth2-proxy, oidc-authservice, the API.

One file a server.
"""

from __future__ import annotations

import re

from pytest_kubeflow.auth.known_refusals.authservice import AUTHSERVICE
from pytest_kubeflow.auth.known_refusals.dex import DEX
from pytest_kubeflow.auth.known_refusals.istio import ISTIO, NEW_KEY
from pytest_kubeflow.auth.known_refusals.known import Known
from pytest_kubeflow.auth.known_refusals.oauth2proxy import OAUTH2_PROXY
from pytest_kubeflow.auth.known_refusals.pipelines import PIPELINES
from pytest_kubeflow.errors import ClusterUnreachable, KubeflowError

__all__ = ["KNOWN", "NEW_KEY", "Known", "meaning"]

KNOWN: tuple[Known, ...] = (*ISTIO, *DEX, *OAUTH2_PROXY, *AUTHSERVICE, *PIPELINES)


def meaning(path: str, status: int, words: str) -> tuple[type[KubeflowError], str] | None:
    """The kind of error, what it means and what to do; None where nobody knows.

    Every error of a server is known: something stands behind the path, and it fails.
    """
    for known in KNOWN:
        here = status == known.status and path.startswith(known.path)
        if here and re.search(known.words, words):
            return known.kind, known.sentence.format(**_behind(path))
    if status >= 500:
        return ClusterUnreachable, _FAILS.format(**_behind(path))
    return None


def _behind(path: str) -> dict[str, str]:
    """What the gateway has behind a path, and where its pods are."""
    for prefix, part, namespace in (
        ("/dex", "Dex", "auth"),
        ("/oauth2", "oauth2-proxy", "oauth2-proxy"),
        ("/authservice", "oidc-authservice", "istio-system"),
        ("/login/oidc", "oidc-authservice", "istio-system"),
        ("/pipeline", "Kubeflow Pipelines (ml-pipeline-ui)", "kubeflow"),
        ("/apis", "Kubeflow Pipelines (ml-pipeline)", "kubeflow"),
    ):
        if path.startswith(prefix):
            return {"part": part, "pods": f"kubectl -n {namespace} get pods"}
    return {"part": "the central dashboard", "pods": "kubectl -n kubeflow get pods"}


_FAILS = "{part} fails; see {pods} and their logs"
