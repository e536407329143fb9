"""Signs: what alone shows that a fault is behind a failure, and what only looks like it."""

from __future__ import annotations

import re

import pytest

from pytest_kubeflow.platform.catalogue import FAULTS

# Lines that each sign must match, in the order of the fault's signs.
_SHOWN: dict[str, tuple[str, ...]] = {
    "KF102": (
        "failed to create fsnotify watcher: too many open files",
        "fsnotify: Inotify_init1: too many open files",
    ),
    "KF104": (
        'pods "x-0" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
    ),
    "KF110": (
        'The Deployment "jobset-controller-manager" is invalid: spec.selector: Invalid value: '
        'v1.LabelSelector{MatchLabels:map[string]string{"a":"b"}}: field is immutable',
    ),
    "KF115": ('failed to setup network for sandbox "0a": plugin type="istio-cni" failed (add)',),
    "KF401": (
        "no persistent volumes available for this claim and no storage class is set",
        "this cluster has no default storage class: name one with it",
    ),
    "KF403": ('storageclass.storage.k8s.io "fast" not found',),
    "KF404": (
        'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node',
        "0/2 nodes are available: 2 node(s) had volume node affinity conflict.",
        "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
    ),
    "KF405": (
        "Can't create test file /var/lib/mysql/mysqld_tmp_file_case_insensitive_test.lower-test",
        "mysqld: Can't create/write to file '/var/lib/mysql/is_writable'",
    ),
    "KF406": (
        "Cannot boot server version 80026 on data directory built by version 80030.",
        "Invalid MySQL server upgrade: Cannot upgrade from 80036 to 90100.",
        "Upgrading the data dictionary from dictionary version '1' is not supported.",
        "Upgrade is not supported after a crash or shutdown with innodb_fast_shutdown = 2.",
    ),
    "KF407": (
        "In the given db, MLMDEnv table exists but no schema_version can be found.",
        "there are multiple schema_verion numbers registered in the MLMDEnv table.",
        "Plugin 'mysql_native_password' is not loaded",
        "Authentication plugin 'caching_sha2_password' cannot be loaded",
    ),
    "KF408": (
        "Waiting for a volume to be created either by the external provisioner 'x' or manually",
    ),
    "KF503": (
        "S3 operation failed; code: RequestTimeTooSkewed",
        "Jwt not yet valid",
        "Token used before issued",
    ),
    "KF601": (
        'secret "mlpipeline-minio-artifact" not found',
        'configmap "metadata-grpc-configmap" not found',
    ),
    "KF602": ("namespace already exist, but not owned by profile creator user@example.com",),
    "KF702": (
        "toomanyrequests: Rate exceeded",
        "You have reached your unauthenticated pull rate limit.",
    ),
    "KF703": (
        "no matching manifest for linux/arm64/v8 in the manifest list entries",
        "no match for platform in manifest sha256:0: not found",
        'no image found in image index for architecture "arm64"',
        "exec /manager: exec format error",
    ),
    "KF714": ('status.storedVersions[0]: Invalid value: "v1alpha3": must appear in spec.versions',),
    "KF716": ('no matches for kind "MPIJob" in version "kubeflow.org/v1"',),
    "KF717": ('conversion webhook for kubeflow.org/v1, Kind=Notebook failed: Post "https://x"',),
    "KF801": (
        'error unmarshaling JSON: json: unknown field "containerRuntimeExecutor"',
        "hostPath type check failed: /var/run/docker.sock is not a socket file",
    ),
    "KF802": (
        'workflowtaskresults.argoproj.io is forbidden: User "system:serviceaccount:a:default"',
    ),
    "KF803": (
        "S3 operation failed; code: InvalidAccessKeyId",
        "The Access Key Id you provided does not exist in our records.",
        "<Code>SignatureDoesNotMatch</Code>",
    ),
}
_MINE = {code: fault for code, fault in FAULTS.items() if code in _SHOWN}

_NOTHING = (
    # What each claim of an external provisioner says at first.
    "08:01:46 Normal ExternalProvisioning PersistentVolumeClaim/a: Waiting for a volume to be "
    "created either by the external provisioner 'x' or manually by the system administrator.\n"
    "08:01:46 Normal ProvisioningSucceeded PersistentVolumeClaim/a: Successfully provisioned "
    "volume pvc-826fa984",
    "accept tcp [::]:8080: accept4: too many open files",
    "write /data: no space left on device",
    'pods "x" is forbidden: exceeded quota: all',
    "spec.clusterIP: Invalid value: field is immutable",
    "failed to create pod sandbox: context deadline exceeded",
    'persistentvolumeclaim "data" not found',
    "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
    "Can't create test file /tmp/x",
    "MLMDEnv table has 1 row",
    "waiting for first consumer to be created before binding",
    "Jwt is expired",
    'secret "my-own" not found',
    "429 Too Many Requests",
    'no matches for kind "Notebook" in version "kubeflow.org/v1"',
    'failed calling webhook "x": failed to call webhook',
    'json: unknown field "retryStrategie"',
    'workflows.argoproj.io is forbidden: User "x" cannot list',
    "AccessDenied: Access Denied",
)


@pytest.mark.parametrize("code", _SHOWN)
def test_a_sign_shows_its_fault_and_no_other(code: str) -> None:
    signs = FAULTS[code].signs
    assert len(signs) == len(_SHOWN[code])
    for sign, line in zip(signs, _SHOWN[code], strict=True):
        assert re.search(sign, line)
        others = [
            other for other, one in FAULTS.items() if other != code and _shows(one.signs, line)
        ]
        assert others == []


def test_signs_can_be_put_together() -> None:
    """A diagnosis searches for all of a fault's at once: no flag may be for a whole expression."""
    for fault in FAULTS.values():
        re.compile("|".join(f"(?:{sign})" for sign in ("x", *fault.signs)))


@pytest.mark.parametrize("line", _NOTHING)
def test_a_line_that_only_looks_like_one_shows_nothing(line: str) -> None:
    assert [code for code, fault in _MINE.items() if _shows(fault.signs, line)] == []


def test_signs_are_shown_here_for_all_faults_that_have_some() -> None:
    groups = ("KF1", "KF4", "KF5", "KF6", "KF7", "KF8")
    assert {
        code for code, fault in FAULTS.items() if fault.signs and code.startswith(groups)
    } == set(_SHOWN)


def _shows(signs: tuple[str, ...], line: str) -> bool:
    return any(re.search(sign, line) for sign in signs)
