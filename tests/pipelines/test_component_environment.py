"""What a site gives to components: variables, an index, and nothing that is installed."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kfp import dsl, kubernetes

from pytest_kubeflow.pipelines.packages.component_environment import (
    AUTHORITY,
    ComponentEnvironment,
    index_variables,
)
from pytest_kubeflow.pipelines.packages.package import Package, compile_pipeline

NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True)


@dsl.component(base_image="python:3.11", packages_to_install=["scikit-learn"])
def learn() -> int:
    return 1


@dsl.container_component
def listed() -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="busybox", command=["sh", "-c", "pip install x; ls"])


@dsl.pipeline(name="both")
def both() -> None:
    learn().set_env_variable("HTTPS_PROXY", "its own")
    listed()


def containers(package: Package) -> Mapping[str, Mapping[str, Any]]:
    executors = package.pipeline_spec["deploymentSpec"]["executors"]
    return {name: one["container"] for name, one in executors.items()}


def test_each_container_gets_what_it_does_not_set_itself() -> None:
    environment = ComponentEnvironment((("HTTPS_PROXY", "site"), ("NO_PROXY", "a,b")))
    found = containers(environment.applied(compile_pipeline(both)))
    assert found["exec-learn"]["env"] == [
        {"name": "HTTPS_PROXY", "value": "its own"},
        {"name": "NO_PROXY", "value": "a,b"},
    ]
    assert found["exec-listed"]["env"] == [
        {"name": "HTTPS_PROXY", "value": "site"},
        {"name": "NO_PROXY", "value": "a,b"},
    ]


def test_offline_python_components_begin_with_their_program() -> None:
    package = compile_pipeline(both)
    before = containers(package)
    after = containers(ComponentEnvironment(offline=True).applied(package))
    assert "pip install" in before["exec-learn"]["command"][2]
    assert after["exec-learn"]["command"] == before["exec-learn"]["command"][3:]
    assert after["exec-learn"]["command"][:2] == ["sh", "-ec"]
    assert after["exec-learn"]["args"] == before["exec-learn"]["args"]
    assert after["exec-listed"] == before["exec-listed"]


def volumes(package: Package) -> Mapping[str, Any]:
    assert package.platform_spec is not None
    executors = package.platform_spec["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return {name: one["configMapAsVolume"] for name, one in executors.items()}


def test_certificates_are_mounted_as_kfp_kubernetes_does_it() -> None:
    @dsl.pipeline(name="by-hand")
    def by_hand() -> None:
        for task in (learn().set_env_variable("HTTPS_PROXY", "its own"), listed()):
            kubernetes.use_config_map_as_volume(task, "site-ca", AUTHORITY)

    expected = compile_pipeline(by_hand)
    environment = ComponentEnvironment(authority="site-ca")
    assert volumes(environment.applied(compile_pipeline(both))) == volumes(expected)
    assert volumes(environment.applied(expected)) == volumes(expected), "theirs stays"


def test_without_anything_a_package_stays_as_it_is() -> None:
    package = compile_pipeline(both)
    assert ComponentEnvironment().applied(package) is package


def test_indexes_are_those_of_pip() -> None:
    assert dict(index_variables([])) == {}
    urls = ["http://mirror.example/simple", "https://b.example/simple", "http://c.example:8/s"]
    assert dict(index_variables(urls)) == {
        "PIP_INDEX_URL": "http://mirror.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://b.example/simple http://c.example:8/s",
        "PIP_TRUSTED_HOST": "mirror.example c.example",
    }


@given(st.dictionaries(NAMES, st.text(max_size=9), max_size=4))
def test_applied_twice_it_is_applied_once(variables: Mapping[str, str]) -> None:
    environment = ComponentEnvironment(tuple(variables.items()))
    once = environment.applied(PACKAGE)
    assert environment.applied(once).pipeline_spec == once.pipeline_spec
    set_by = {"HTTPS_PROXY": "its own"}
    wanted = {**variables, **set_by}
    found = {one["name"]: one["value"] for one in containers(once)["exec-learn"]["env"]}
    assert found == wanted


PACKAGE = compile_pipeline(both)
