"""Which rule of a cluster refuses an object, read from the words of a kube-apiserver 1.34."""

from __future__ import annotations

import json
import re

import pytest
from kubernetes.client import ApiException

from pytest_kubeflow.errors import AdmissionRefused, KubeflowError, PermissionDenied
from pytest_kubeflow.k8s.calling import calling


def answered(status: int, message: str, what: str = "create pod ns/a") -> KubeflowError:
    error = ApiException(status=status, reason="Forbidden")
    error.body = json.dumps({"kind": "Status", "message": message, "code": status})
    with pytest.raises(KubeflowError) as caught, calling(what):
        raise error
    assert " ".join(message.split()) in caught.value.message  # the server's own words
    return caught.value


REFUSALS = {
    'pods "a" is forbidden: exceeded quota: q, requested: limits.cpu=500m,pods=1, '
    "used: limits.cpu=2,pods=4, limited: limits.cpu=2,pods=4": (
        True,
        r"ResourceQuota 'q'.*no room for this now.*--kf-pod-limits",
    ),
    'pods "a" is forbidden: exceeded quota: q, requested: limits.cpu=2500m, used: limits.cpu=0, '
    "limited: limits.cpu=2": (
        False,
        r"never has room for limits\.cpu.*with --kf-pod-limits, make room",
    ),
    'pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0': (
        False,
        r"never has room for pods of that size; make room in it, or name another namespace",
    ),
    'pods "a" is forbidden: exceeded quota: q, requested: cpu=1, used: cpu=0, limited: cpu=500m': (
        False,
        r"ask for less with --kf-pod-requests",
    ),
    'persistentvolumeclaims "a" is forbidden: exceeded quota: q, requested: requests.storage=1Gi, '
    "used: requests.storage=0, limited: requests.storage=512Mi": (
        False,
        r"ResourceQuota 'q'.*ask for less with --kf-volume-size, make room",
    ),
    'pods "a" is forbidden: failed quota: q: must specify limits.cpu for: c; '
    "requests.ephemeral-storage for: c": (
        False,
        r"must name these: --kf-pod-limits=cpu=\.\.\. --kf-pod-requests=ephemeral-storage=",
    ),
    'pods "a" is forbidden: status unknown for quota: q, resources: limits.cpu': (
        True,
        r"ResourceQuota 'q'.*not counted yet",
    ),
    'pods "a" is forbidden: [minimum cpu usage per Container is 100m, but request is 10m, minimum '
    "memory usage per Container is 128Mi, but request is 32Mi]": (
        False,
        r"it is a LimitRange that refuses this.*--kf-pod-requests=cpu=",
    ),
    'pods "a" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi': (
        False,
        r"LimitRange.*--kf-pod-limits=memory=",
    ),
    'pods "a" is forbidden: cpu max limit to request ratio per Container is 4, but provided ratio '
    "is 50.000000": (False, r"LimitRange.*--kf-pod-requests=cpu=.*--kf-pod-limits=cpu="),
    'persistentvolumeclaims "a" is forbidden: minimum storage usage per PersistentVolumeClaim is '
    "1Gi, but request is 512Mi": (False, r"LimitRange.*--kf-volume-size"),
    'pods "a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (pod '
    'or container "c0" must set securityContext.runAsNonRoot=true)': (
        False,
        r"Pod Security 'restricted:latest'.*keep to the level restricted",
    ),
    "pods \"a\" is forbidden: ValidatingAdmissionPolicy 'owner-label' with binding 'owner-label' "
    "denied request: every pod needs the label cost-center": (
        False,
        r"ValidatingAdmissionPolicy 'owner-label'.*--kf-pod-labels",
    ),
    'admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/ns/a was '
    "blocked due to the following policies": (
        False,
        r"the admission webhook 'validate\.kyverno\.svc-fail'.*--kf-pod-labels",
    ),
    'pods "a" is forbidden: no PriorityClass with name nosuch was found': (
        False,
        r"--kf-pod-priority-class",
    ),
    'pods "a" is forbidden: error looking up service account plain/nosuch: serviceaccount '
    '"nosuch" not found': (False, r"create plain/nosuch, or name another namespace"),
    'pods "a" is forbidden: unable to create new content in namespace ns because it is being '
    "terminated": (False, r"the end of the namespace.*--kf-namespace"),
}


@pytest.mark.parametrize("message", REFUSALS)
def test_a_rule_is_told_as_one_with_what_to_do(message: str) -> None:
    passing, wanted = REFUSALS[message]
    error = answered(422 if "ValidatingAdmission" in message else 403, message)
    assert isinstance(error, AdmissionRefused)
    assert not isinstance(error, PermissionDenied)
    assert re.search(wanted, error.message), error.message
    assert "not a missing right" in error.message
    assert error.passing is passing


def test_options_are_named_for_pods_alone() -> None:
    words = 'admission webhook "w" denied the request: MinReplicas cannot be less than 0'
    error = answered(403, words, "create InferenceService ns/a")
    assert "the admission webhook 'w' that refuses this" in error.message
    assert "--kf-pod" not in error.message


def test_two_pods_that_count_at_once_are_no_failure() -> None:
    error = answered(
        409,
        'Operation cannot be fulfilled on resourcequotas "q": the object has been modified; please '
        "apply your changes to the latest version and try again",
    )
    assert isinstance(error, AdmissionRefused)
    assert error.passing


@pytest.mark.parametrize(
    "message",
    [
        'pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the '
        'namespace "plain"',
        'roles.rbac.authorization.k8s.io "r" is forbidden: user "jane" (groups=["a"]) is '
        "attempting to grant RBAC permissions not currently held",
    ],
)
def test_a_missing_right_stays_one(message: str) -> None:
    assert type(answered(403, message)) is PermissionDenied


def test_what_is_about_something_else_is_left_alone() -> None:
    error = answered(409, 'Operation cannot be fulfilled on pods "a": the object has been modified')
    assert type(error) is KubeflowError
