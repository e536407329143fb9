"""Models are replaced and rolled back while clients ask: canary, or one after the other."""

import pytest

from pytest_kubeflow import InferenceService, skip_for

from .names import Names, served
from .replacing import CANARY, LEAST, SAMPLE, Replacement

pytestmark = [
    pytest.mark.kf_requires("pipelines", "kserve", "objectstore"),
    pytest.mark.kf_images(("--kf-sklearn-image", "--kf-base-image", "python:3.11")),
]


def test_no_request_fails(replaced: Replacement, request: pytest.FixtureRequest) -> None:
    """No request fails while models are replaced, and each response is of one of the models."""
    asked, failed = len(replaced.answers) + len(replaced.failures), len(replaced.failures)
    # Not by `record_property`, which warns where JUnit's XML is of the family xunit2.
    request.node.user_properties += [
        ("requests while models were replaced", asked),
        ("seconds in which models were replaced", round(replaced.seconds, 1)),
        ("seconds of the slowest request", round(replaced.longest, 1)),
    ]
    message = f"while models were replaced, {failed} of {asked} requests failed"
    assert not failed, f"{message}, the first with: {replaced.failures[0]}"
    assert asked >= LEAST, message
    others = [one for one in replaced.answers if one not in (replaced.old, replaced.new)]
    assert not others, f"{len(others)} answers are neither model's, such as {others[:1]}"


def test_marked_rows_change_as_computed_here(replaced: Replacement) -> None:
    """Predictions change to the second model's, and back after the rollback."""
    assert replaced.old != replaced.new
    order = [one == replaced.new for one in replaced.answers]
    assert replaced.answers[0] == replaced.old, "the first model was not served at first"
    assert any(order), "the marked rows have never been answered as the second model does"
    assert replaced.answers[-1] == replaced.old, "the first model is not served at the end"


def test_a_canary_gets_its_share(replaced: Replacement, service: InferenceService) -> None:
    """A canary gets the share of requests that it was given."""
    if replaced.canary is None:
        skip_for(
            "knative",
            f"InferenceServices run in mode {service.mode}, which knows no revisions: "
            "--kf-serving-mode=Knative (or Serverless, below 0.16), where there is Knative",
        )
    got = sum(one == replaced.new for one in replaced.canary)
    # Four times the deviation of as many throws.
    part = CANARY / 100
    room = 4 * (SAMPLE * part * (1 - part)) ** 0.5
    message = f"the canary of {service.name} gave {got} of {SAMPLE} answers, and {CANARY} % are its"
    assert abs(got - SAMPLE * part) <= room, message


def test_what_was_rolled_back_is_named(replaced: Replacement, names: Names) -> None:
    """After a rollback, the promoted version is the first one."""
    assert replaced.answers[-1] == replaced.old
    assert served(names).version == "v1", "the version that was rolled back is still named"
