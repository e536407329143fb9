"""The gate: a model is promoted only if it is not worse than the one that is served."""

import pytest

from .digits import Digits
from .loop import Trained
from .names import Names

pytestmark = [
    pytest.mark.kf_requires("pipelines", "kserve", "objectstore"),
    pytest.mark.kf_images(("--kf-sklearn-image", "--kf-base-image", "python:3.11")),
]


def versions(names: Names) -> dict[str, str]:
    """Where each version lies that was promoted, as far as it is one of ours."""
    return {one.version: one.uri for one in names.versions()}


def test_a_model_that_is_not_worse_is_promoted(
    first: Trained, second: Trained, names: Names, digits: Digits
) -> None:
    """A model that is as good as the served one is promoted."""
    assert second.accuracy == digits.accuracy(digits.by_second) >= second.baseline
    assert second.baseline == first.accuracy, "the gate did not compare with what is served"
    assert second.promoted, (
        f"run {second.run.name} has not promoted a model of accuracy {second.accuracy:.4f}, and "
        f"{second.baseline:.4f} is served"
    )
    found = versions(names)
    assert found.get("v1") == first.uri, f"v1 is not what its run has made: there are {found}"
    assert found.get("v2") == second.uri, f"v2 is not what its run has made: there are {found}"


def test_a_poisoned_model_is_not_promoted(poisoned: Trained, names: Names) -> None:
    """A model that was trained with shuffled labels is not promoted."""
    message = (
        f"run {poisoned.run.name} has trained a model of accuracy {poisoned.accuracy:.4f} with "
        f"shuffled labels, and {poisoned.baseline:.4f} is served"
    )
    assert poisoned.accuracy < poisoned.baseline, message
    assert not poisoned.promoted, f"the gate is ignored: {message}; it was promoted all the same"
    assert poisoned.version not in versions(names), f"the gate is ignored: {message}; it is named"
