"""Which run, data and code made what is served now: pods, ML Metadata and the registry agree."""

import pytest

from pytest_kubeflow import InferenceService, LineageTracer, code_digest, model_uri, skip_for

from .loop import Loop, Trained
from .names import Names

pytestmark = [
    pytest.mark.kf_requires("pipelines", "kserve", "objectstore"),
    pytest.mark.kf_images(("--kf-sklearn-image", "--kf-base-image", "python:3.11")),
]


def test_the_lineage_of_what_is_served(
    service: InferenceService, first: Trained, loop: Loop, names: Names, lineage: LineageTracer
) -> None:
    """Pods, ML Metadata and the registry agree on run, data and code of the served model."""
    versions = [one.registered for one in names.versions() if one.registered is not None]
    found = lineage(service, versions)
    assert not found.gaps, f"the lineage of {service.name} is lost: {'; '.join(found.gaps)}"
    assert found.uri == model_uri(first.uri), f"pods of {service.name} serve {found.uri}"
    assert (found.run_id, found.task) == (first.run.run_id, "train"), f"it is said to be {found}"
    read = {"data": first.data, "held_out": loop.held_out}
    assert dict(found.data) == read, f"it is said to be made of {found.data_uris}"
    if names.registry:
        told = found.version
        assert told is not None
        assert told.name == first.version, f"the registry calls it {told.name}"
    package = first.run.package
    assert package is not None
    assert found.code == code_digest(package), f"it is said to be made by {found.code}"


def test_the_registry_knows_the_run(first: Trained, names: Names) -> None:
    """The Model Registry names the run and the accuracy of a version."""
    if not names.registry:
        skip_for("model-registry", "there is no Model Registry here: the bucket names the model")
    found = {one.version: one for one in names.versions()}[first.version]
    assert found.run == first.run.run_id, f"the registry says that run {found.run} made v1"
    assert found.registered is not None
    message = found.registered.properties.get("accuracy")
    assert message == first.accuracy, f"the registry says that v1 has the accuracy {message!r}"
    assert found.uri == first.uri
