"""PodDefaults: pods with their label have what they say, others have not, and none has half."""

from typing import Any

import pytest

from pytest_kubeflow import KubeflowError, PodDefaultMaker

pytestmark = pytest.mark.kf_requires("notebooks")

NAME = "KF_SAID_BY_A_PODDEFAULT"


def said(pod: Any) -> list[str]:
    """The values of our variable in a pod's containers."""
    return [
        str(one.value)
        for container in pod.spec.containers
        for one in container.env or ()
        if one.name == NAME
    ]


def env(value: str) -> dict[str, Any]:
    """A PodDefault that sets our variable."""
    return {"env": [{"name": NAME, "value": value}]}


def test_a_labelled_pod_has_it_and_another_has_not(pod_default: PodDefaultMaker) -> None:
    """A PodDefault changes pods with its label, and no others."""
    made = pod_default(env("told"))
    found = said(pod_default.admitted({made.label: "true"}))
    assert found == ["told"], (
        f"PodDefault {made.name} is ignored: a pod with its label has {found or 'nothing'} of it"
    )
    others = said(pod_default.admitted({}))
    assert others == [], f"PodDefault {made.name} holds for pods without its label: {others}"


def test_a_conflict_is_refused_with_its_reason(pod_default: PodDefaultMaker) -> None:
    """Two PodDefaults that contradict each other refuse the pod, with the reason."""
    one = pod_default(env("one"))
    other = pod_default(env("other"), label=one.label)
    try:
        pod = pod_default.admitted({one.label: "true"})
    except KubeflowError as error:
        message = error.message
    else:
        pytest.fail(
            f"PodDefaults {one.name} and {other.name} are ignored: they set {NAME} to two values, "
            f"and a pod with their label is made, with {said(pod) or 'neither'}"
        )
    assert NAME in message, f"the refusal does not say what the conflict is about: {message}"
    assert one.name in message, f"the refusal names no PodDefault: {message}"
    # Each by itself is no conflict.
    assert said(pod_default.admitted({})) == []
