"""A real model is tuned: how strongly a classifier of digits is regularised."""

import pytest

from pytest_kubeflow import ExperimentFailed, KatibExperiment, skip_for

from .. import package_index

pytestmark = [
    pytest.mark.kf_requires("katib"),
    pytest.mark.kf_images(algorithms=["grid"], early_stopping=[], collectors=["StdOut"]),
]


def test_the_best_model_is_good_and_better_than_the_worst(digits: KatibExperiment) -> None:
    """Tuning scikit-learn on real digits finds a model with more than 90 % accuracy."""
    try:
        digits.wait()
    except ExperimentFailed as error:
        if (told := package_index.OF_PODS.search(error.full_text)) is None:
            raise
        reason = (
            f"trials reach no package index to install scikit-learn from ({told[0]}): name an "
            "image that has it (--kf-serving-image), or an index (--kf-index-url)"
        )
    else:
        reason = ""
    if reason:
        skip_for("package-index", reason)
    found = {one.values["c"]: one.metrics["accuracy"] for one in digits.trials}
    assert set(found) == {0.0001, 0.01, 1.0}, f"models were trained for {found}"
    values = [value for value in found.values() if value is not None]
    assert len(values) == len(found), f"not all models have an accuracy: {found}"
    assert 0.9 < max(values) <= 1.0, f"the best model is right for {max(values)} of the digits"
    assert max(values) > min(values) + 0.01, f"no model is better than another: {found}"
    best = digits.optimal
    assert best is not None
    assert best.metrics["accuracy"] == max(values), f"{best} is said to be the best of {found}"
