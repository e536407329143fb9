"""Labels and annotations of what a JobSet makes, and the names by which its pods are found.

Facts: kubernetes-sigs/jobset v0.11, api/jobset/v1alpha2 and pkg/controllers/jobset_controller.go.
"""

from __future__ import annotations

import hashlib

from pytest_kubeflow.local.kube.client import Object

_DOMAIN = "jobset.sigs.k8s.io"
JOB_SET = f"{_DOMAIN}/jobset-name"
REPLICATED_JOB = f"{_DOMAIN}/replicatedjob-name"
RESTARTS = f"{_DOMAIN}/restart-attempt"
PRIORITY = f"{_DOMAIN}/priority"
EXCLUSIVE = "alpha.jobset.sigs.k8s.io/exclusive-topology"
NODE_SELECTOR = "alpha.jobset.sigs.k8s.io/node-selector"
NAMESPACED_JOB = "alpha.jobset.sigs.k8s.io/namespaced-job"
NO_SCHEDULE = "alpha.jobset.sigs.k8s.io/no-schedule"


def job_name(jobset: Object, replicated: Object, index: int) -> str:
    """`NAME-REPLICATED-INDEX`; its pods' host names are that and the index of the pod."""
    return f"{jobset['metadata']['name']}-{replicated['name']}-{index}"


def subdomain(jobset: Object) -> str:
    """The name of the headless Service."""
    network = jobset["spec"].get("network") or {}
    return str(network.get("subdomain") or jobset["metadata"]["name"])


def coordinator(jobset: Object) -> str:
    """The name by which the pod is found that the others ask."""
    chosen = jobset["spec"]["coordinator"]
    host = (
        f"{jobset['metadata']['name']}-{chosen['replicatedJob']}"
        f"-{chosen.get('jobIndex', 0)}-{chosen.get('podIndex', 0)}"
    )
    return f"{host}.{subdomain(jobset)}"


def marks(jobset: Object, replicated: Object, index: int) -> dict[str, str]:
    """What Jobs and their pods have as labels, and again as annotations."""
    metadata, every = jobset["metadata"], jobset["spec"]["replicatedJobs"]
    group = replicated.get("groupName", "default")
    grouped = [one for one in every if one.get("groupName", "default") == group]
    name = f"{metadata['namespace']}/{job_name(jobset, replicated, index)}"
    found = {
        "jobset-name": metadata["name"],
        "jobset-uid": metadata["uid"],
        "replicatedjob-name": replicated["name"],
        "restart-attempt": str((jobset.get("status") or {}).get("restarts", 0)),
        "replicatedjob-replicas": str(replicas(replicated)),
        "global-replicas": str(sum(replicas(one) for one in every)),
        "job-index": str(index),
        "job-key": hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(),
        "job-global-index": str(_before(every, replicated) + index),
        "group-name": group,
        "group-replicas": str(sum(replicas(one) for one in grouped)),
        "job-group-index": str(_before(grouped, replicated) + index),
    }
    if jobset["spec"].get("coordinator"):
        found["coordinator"] = coordinator(jobset)
    return {f"{_DOMAIN}/{key}": value for key, value in found.items()}


def replicas(replicated: Object) -> int:
    """How many Jobs there are of it."""
    return int(replicated.get("replicas", 1))


def _before(every: list[Object], replicated: Object) -> int:
    """How many Jobs come before those of `replicated`."""
    count = 0
    for one in every:
        if one["name"] == replicated["name"]:
            break
        count += replicas(one)
    return count
