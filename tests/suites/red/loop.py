"""The checks of suites/loop, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

MEASURED = "loop/test_accuracy.py::test_the_pipeline_measures_what_is_computed_here"
ENDPOINT = "loop/test_accuracy.py::test_the_endpoint_is_as_accurate_as_the_pipeline_says"
PROMOTED = "loop/test_gate.py::test_a_model_that_is_not_worse_is_promoted"
POISONED = "loop/test_gate.py::test_a_poisoned_model_is_not_promoted"
LINEAGE = "loop/test_lineage.py::test_the_lineage_of_what_is_served"
REGISTERED = "loop/test_lineage.py::test_the_registry_knows_the_run"
CANARY = "loop/test_replacement.py::test_a_canary_gets_its_share"
MARKED = "loop/test_replacement.py::test_marked_rows_change_as_computed_here"
UNDISTURBED = "loop/test_replacement.py::test_no_request_fails"
ROLLED_BACK = "loop/test_replacement.py::test_what_was_rolled_back_is_named"

CHECKS: dict[str, dict[str, str]] = {
    "conditions-ignored": {
        POISONED: (
            r"the gate is ignored: run \S+ has trained a model of accuracy 0\.\d+ with shuffled "
            r"labels, and 0\.9750 is served; it was promoted all the same"
        ),
    },
    "lineage-lost": {
        LINEAGE: r"the lineage of \S+ is lost: ML Metadata has nothing that task train read",
    },
    "model-registry-forgets": {PROMOTED: r"HTTPError: HTTP Error 404"},
    "model-registry-texts": {
        REGISTERED: r"the registry says that v1 has the accuracy '0\.975'",
    },
    "predictor-wrong": {
        ENDPOINT: (
            r"InferenceService \S+ is right for 0\.0\d+ of the held-out rows, and run \S+ has "
            r"measured 0\.9750: another model is served"
        ),
        ROLLED_BACK: r"\S+ answers \[.*\], and \[.*\] is right",
    },
    "serving-gap": {
        UNDISTURBED: r"while models were replaced, \d+ of \d+ requests failed, the first with",
    },
    "serving-stale": {
        MARKED: r"last state: the deployment is still that of another model than",
    },
    "wrong-output": {
        MEASURED: r"run \S+ has measured 1\.9750, and 0\.9750 is right",
    },
}
IN_KNATIVE_MODE: dict[str, dict[str, str]] = {
    "canary-ignored": {
        CANARY: r"waiting for the canary of \S+ to answer",
    },
}
"""As CHECKS, with services that are made of revisions."""
