"""What is behind a failure: by signs, by what was found, or nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.platform.catalogue import FAULTS
from pytest_kubeflow.platform.catalogue.storage import NO_DEFAULT_CLASS, SEVERAL_DEFAULT_CLASSES
from pytest_kubeflow.platform.diagnosis import diagnose
from pytest_kubeflow.platform.fault import Fault, Severity
from pytest_kubeflow.platform.finding import Finding

UNSET = "no persistent volumes available for this claim and no storage class is set"


def finding(fault: Fault, *objects: str, severity: Severity = Severity.BROKEN) -> Finding:
    return Finding(
        fault=fault,
        component="storage",
        severity=severity,
        sentence=f"found: {fault.title}",
        fix="mend it",
        objects=objects,
    )


def test_a_sign_is_enough() -> None:
    found = diagnose(["run x failed", f"Warning FailedBinding: {UNSET}"])
    assert found is not None
    assert (found.code, found.sign) == ("KF401", UNSET)
    assert found.sentence == NO_DEFAULT_CLASS.title
    assert found.fix == NO_DEFAULT_CLASS.fix


def test_what_was_found_on_the_cluster_has_the_words() -> None:
    found = diagnose([UNSET], [finding(NO_DEFAULT_CLASS)])
    assert found is not None
    assert (found.sentence, found.fix) == (f"found: {NO_DEFAULT_CLASS.title}", "mend it")


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("cannot read deployment kubeflow/katib: Kubernetes answers 500", True),
        ("pods of kubeflow/katib.", True),
        ("kubeflow/katib-db is not ready", False),
        ("my-kubeflow/katib", False),
        ("kubeflow/katib.example.com", False),
        ("katib", False),
        ('Post "https://katib.kubeflow.svc:443/mutate": EOF', True),
        ("my-katib.kubeflow.svc", False),
        ("katib.kubeflow.svc-2", False),
        ("image kubeflow/katib:v0.19.0", False),
        ("image kubeflow/katib@sha256:0123", False),
        ("kubeflow/katib: it is away", True),
    ],
)
def test_a_broken_object_that_is_named(text: str, is_named: bool) -> None:
    broken = finding(SEVERAL_DEFAULT_CLASSES, "Deployment kubeflow/katib")
    assert (diagnose([text], [broken]) is not None) is is_named


def test_what_is_not_broken_and_cluster_wide_names_are_no_cause() -> None:
    texts = ["kubeflow/katib and StorageClass standard"]
    lesser = finding(NO_DEFAULT_CLASS, "Deployment kubeflow/katib", severity=Severity.NOTICE)
    assert diagnose(texts, [lesser, finding(NO_DEFAULT_CLASS, "StorageClass standard")]) is None


def test_a_sign_goes_before_a_name() -> None:
    named = finding(SEVERAL_DEFAULT_CLASSES, "Deployment kubeflow/katib")
    found = diagnose([f"kubeflow/katib: {UNSET}"], [named])
    assert found is not None
    assert found.code == "KF401"


def test_signs_are_seen_in_what_a_program_told_as_json() -> None:
    message = r'{"message":"failed calling webhook \"a.b\": Post: context deadline exceeded"}'
    found = diagnose([message])
    assert found is not None
    assert found.code == "KF203"
    assert "\\" not in found.sign


# hypothesis tries the words of the package's own modules, too: no code and no sign is without these
_OTHER = st.characters(exclude_characters="aeioK")


@given(st.lists(st.text(_OTHER, max_size=200), max_size=5))
def test_no_match_no_guess(texts: list[str]) -> None:
    assert diagnose(texts) is None


def test_signs_are_regular_expressions_that_match_no_empty_text() -> None:
    for fault in FAULTS.values():
        for sign in fault.signs:
            assert re.search(sign, "") is None, (fault.code, sign)


@pytest.mark.parametrize(
    ("text", "findings", "is_meant"),
    [
        ("KF401 no storage class is the default one", (), True),
        ("the check says KF401", (finding(NO_DEFAULT_CLASS),), True),
        ("flight KF401 to Frankfurt is late", (), False),
        ("AKF401 x", (finding(NO_DEFAULT_CLASS),), False),
        ("KF401-b", (finding(NO_DEFAULT_CLASS),), False),
    ],
)
def test_a_code_that_is_named(text: str, findings: tuple[Finding, ...], is_meant: bool) -> None:
    assert (diagnose([text], findings) is not None) is is_meant


def test_what_a_users_program_quotes_is_no_fault_of_this_cluster() -> None:
    quoted = f"On another cluster I have seen: {UNSET}"
    assert diagnose(["task x is FAILED"], logs=[quoted]) is None
    found = diagnose(["task x is FAILED"], [finding(NO_DEFAULT_CLASS)], logs=[quoted])
    assert found is not None
    assert found.code == "KF401"


def test_what_nothing_but_a_log_tells_is_taken_from_it() -> None:
    found = diagnose(["task x is FAILED"], logs=["S3 operation failed; code: InvalidAccessKeyId"])
    assert found is not None
    assert found.code == "KF803"
    of_its_own = "ClientError: An error occurred (InvalidAccessKeyId) when calling the GetObject"
    assert diagnose(["task x is FAILED"], logs=[of_its_own]) is None
