"""PodSecurity: what the pods of a namespace may not ask of their node, by the namespace's labels.

Levels, checks and their wording: Kubernetes' Pod Security Standards, those of 1.34 for each version
that a namespace names.
"""

from pytest_kubeflow.local.apiserver.podsecurity.policy import check_labels, check_pod, warnings

__all__ = ["check_labels", "check_pod", "warnings"]
