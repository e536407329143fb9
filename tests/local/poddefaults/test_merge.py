"""How PodDefaults are merged: laws, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.poddefaults.conflicts import ConflictError
from pytest_kubeflow.local.poddefaults.merge import PREFIX, merged

NAMES = st.sampled_from("abc")
ENV = st.dictionaries(NAMES, st.sampled_from("12"), max_size=3)


def pod(env: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    main = {"name": "main", "image": "x"}
    if env:
        main["env"] = listed(env)  # type: ignore[assignment]
    return {"metadata": {"name": "p"}, "spec": {"containers": [main], **spec}}


def default(name: str = "d", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "resourceVersion": f"v-{name}"}
    return {"metadata": metadata, "spec": {"selector": {}, **spec}}


def listed(env: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in env.items()]


def env_of(made: dict[str, Any]) -> dict[str, str]:
    (main,) = made["spec"]["containers"]
    return {one["name"]: one["value"] for one in main.get("env") or []}


@given(ENV, st.lists(ENV, max_size=3))
def test_all_of_it_is_there_or_nothing_is(own: dict[str, str], added: list[dict[str, str]]) -> None:
    defaults = [default(f"d{at}", env=listed(one)) for at, one in enumerate(added)]
    together: dict[str, set[str]] = {}
    for one in [own, *added]:
        for name, value in one.items():
            together.setdefault(name, set()).add(value)
    before = pod(own)
    if any(len(values) > 1 for values in together.values()):
        with pytest.raises(ConflictError):
            merged(before, defaults)
        return
    made = merged(before, defaults)
    assert env_of(made) == {name: values.pop() for name, values in together.items()}
    # What was there comes first, in its order.
    assert list(env_of(made))[: len(own)] == list(own)
    assert set(made["metadata"]["annotations"]) == {
        f"{PREFIX}/poddefault-{one['metadata']['name']}" for one in defaults
    }


@given(ENV, ENV)
def test_merging_twice_is_merging_once(own: dict[str, str], added: dict[str, str]) -> None:
    defaults = [default(env=listed(added), labels=added)]
    try:
        once = merged(pod(own), defaults)
    except ConflictError:
        return
    assert merged(once, defaults) == once


def test_each_part_of_a_pod_gets_its_own() -> None:
    made = merged(
        pod(initContainers=[{"name": "first", "image": "x"}]),
        [
            default(
                env=[{"name": "A", "value": "1"}],
                envFrom=[{"secretRef": {"name": "s"}}],
                volumes=[{"name": "v", "emptyDir": {}}],
                volumeMounts=[{"name": "v", "mountPath": "/v"}],
                tolerations=[{"key": "k", "operator": "Exists"}],
                imagePullSecrets=[{"name": "pull"}],
                annotations={"note": "n"},
                labels={"mark": "m"},
                serviceAccountName="editor",
                automountServiceAccountToken=False,
                initContainers=[{"name": "second", "image": "y"}],
                sidecars=[{"name": "beside", "image": "z"}],
                command=["run"],
                args=["now"],
            )
        ],
    )
    spec = made["spec"]
    main, beside = spec["containers"]
    assert main == {
        "name": "main",
        "image": "x",
        "env": [{"name": "A", "value": "1"}],
        "envFrom": [{"secretRef": {"name": "s"}}],
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        "command": ["run"],
        "args": ["now"],
    }
    assert beside == {"name": "beside", "image": "z"}
    assert spec["initContainers"] == [
        {"name": "first", "image": "x"},
        {"name": "second", "image": "y"},
    ]
    assert spec["volumes"] == [{"name": "v", "emptyDir": {}}]
    assert spec["tolerations"] == [{"key": "k", "operator": "Exists"}]
    assert spec["imagePullSecrets"] == [{"name": "pull"}]
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("editor", False)
    assert made["metadata"]["labels"] == {"mark": "m"}
    assert made["metadata"]["annotations"] == {"note": "n", f"{PREFIX}/poddefault-d": "v-d"}


def test_a_command_of_its_own_stays_and_the_proxy_gets_none() -> None:
    before = pod()
    before["spec"]["containers"] = [
        {"name": "main", "image": "x", "command": ["mine"]},
        {"name": "istio-proxy", "image": "y"},
    ]
    first, second = default("a", command=["a"]), default("b", command=["b"], args=["b"])
    main, proxy = merged(before, [first, second])["spec"]["containers"]
    assert (main["command"], main["args"]) == (["mine"], ["b"])
    assert proxy == {"name": "istio-proxy", "image": "y"}


@pytest.mark.parametrize(
    ("field", "own", "added", "message"),
    [
        (
            "env",
            {},
            [{"name": "A", "value": "1"}],
            "merging env for d has a conflict on A: \n"
            'v1.EnvVar{Name:"A", Value:"1", ValueFrom:(*v1.EnvVarSource)(nil)}\n'
            "does not match\n"
            'v1.EnvVar{Name:"A", Value:"0", ValueFrom:(*v1.EnvVarSource)(nil)}\n'
            " in container",
        ),
        (
            "volumes",
            {"volumes": [{"name": "v", "emptyDir": {}}]},
            [{"name": "v", "secret": {"secretName": "s"}}],
            "merging volumes for d has a conflict on v: \n",
        ),
        (
            "tolerations",
            {"tolerations": [{"key": "k", "operator": "Exists"}]},
            [{"key": "k", "operator": "Equal"}],
            "merging tolerations for d has a conflict on k: \n"
            'v1.Toleration{Key:"k", Operator:"Equal", Value:"", Effect:"", '
            "TolerationSeconds:(*int64)(nil)}\n",
        ),
        (
            "sidecars",
            {},
            [{"name": "main", "image": "other"}],
            "merging containers for d has a conflict on main: \n",
        ),
        (
            "labels",
            {},
            {"app": "other"},
            'merging has conflict on app: \n"other"\ndoes not match\n"mine"\n in pod',
        ),
    ],
)
def test_what_differs_is_told(field: str, own: Any, added: Any, message: str) -> None:
    before = pod({"A": "0"}, **own)
    before["metadata"]["labels"] = {"app": "mine"}
    with pytest.raises(ConflictError) as conflict:
        merged(before, [default(**{field: added})])
    assert str(conflict.value).startswith(message)


def test_a_path_is_mounted_once() -> None:
    before = pod()
    before["spec"]["containers"][0]["volumeMounts"] = [{"name": "own", "mountPath": "/v"}]
    added = [{"name": "other", "mountPath": "/v"}]
    with pytest.raises(ConflictError, match="has a conflict on mount path /v"):
        merged(before, [default(volumeMounts=added)])


def test_what_is_as_good_as_absent_is_no_difference() -> None:
    before = pod()
    mount = {"name": "v", "mountPath": "/v"}
    before["spec"]["containers"][0]["volumeMounts"] = [mount]
    made = merged(before, [default(volumeMounts=[{**mount, "readOnly": False, "subPath": ""}])])
    assert made["spec"]["containers"][0]["volumeMounts"] == [mount]


def test_all_that_differs_is_told_once() -> None:
    before = pod({"A": "0", "B": "0"})
    added = default(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "1"}])
    with pytest.raises(ConflictError) as conflict:
        merged(before, [added])
    message = str(conflict.value)
    assert message.startswith("[merging env for d has a conflict on A")
    assert message.count("merging env") == 2
    assert message.endswith("]")
