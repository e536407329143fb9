"""What a JobSet leaves out, as its webhook fills it in.

Rules: kubernetes-sigs/jobset v0.11, pkg/webhooks/jobset_webhook.go.
"""

from __future__ import annotations

import copy

from pytest_kubeflow.local.kube.client import Object


def with_defaults(jobset: Object) -> Object:
    """The JobSet with everything."""
    changed = copy.deepcopy(jobset)
    spec: Object = changed.setdefault("spec", {})
    spec.setdefault("successPolicy", {"operator": "All"})
    spec.setdefault("startupPolicy", {"startupPolicyOrder": "AnyOrder"})
    for one in spec.get("replicatedJobs") or []:
        template = one["template"]
        # What Go writes of a struct that is empty.
        template.setdefault("metadata", {})
        job: Object = template.setdefault("spec", {})
        job.setdefault("completionMode", "Indexed")
        pod: Object = job.setdefault("template", {})
        pod.setdefault("metadata", {})
        pod_spec: Object = pod.setdefault("spec", {})
        pod_spec.setdefault("restartPolicy", "OnFailure")
        for group in ("containers", "initContainers"):
            for container in pod_spec.get(group) or []:
                container.setdefault("resources", {})
    network: Object = spec.setdefault("network", {})
    network.setdefault("enableDNSHostnames", True)
    network.setdefault("publishNotReadyAddresses", True)
    for at, rule in enumerate((spec.get("failurePolicy") or {}).get("rules") or []):
        rule["name"] = rule.get("name") or f"failurePolicyRule{at}"
    for policy in spec.get("volumeClaimPolicies") or []:
        policy.setdefault("retentionPolicy", {"whenDeleted": "Delete"})
    return changed
