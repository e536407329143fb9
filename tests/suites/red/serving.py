"""The checks of suites/serving, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

SERVED = "serving/test_pipeline.py::test_what_was_trained_is_served"
RETRAINED = "serving/test_pipeline.py::test_retrained_model_replaces_the_old_one"
IDLE = "serving/test_revisions.py::test_idle_service_comes_back"
CANARY = "serving/test_revisions.py::test_canary_gets_its_share"
FROM_BUCKET = "serving/test_deploy.py::test_model_from_bucket"
BROKEN = "serving/test_deploy.py::test_broken_model_is_never_ready"
PROTOCOLS = "serving/test_protocols.py::test_protocols_agree"
HEALTH = "serving/test_protocols.py::test_health_and_metadata"
STRANGERS = "serving/test_access.py::test_strangers_without_credentials_are_refused"
FOREIGN = "serving/test_access.py::test_other_namespaces_are_refused"

CHECKS: dict[str, dict[str, str]] = {
    "log-cut": {
        BROKEN: r"nothing tells why the model of InferenceService \S+ does not load: the log",
    },
    "predictor-503": {
        SERVED: r"answers 503: no healthy upstream; the InferenceService is Ready=True",
        HEALTH: r"GET /v1/models/\S+ at .* answers 503: no healthy upstream",
    },
    "predictor-wrong": {
        SERVED: r"assert answers == iris.predictions",
        FROM_BUCKET: r"assert service.predictor\(\).predict\(iris.rows\) == iris.predictions",
        PROTOCOLS: r"assert predictor.predict\(iris.rows\) == iris.predictions",
    },
    "serving-false-ready": {
        BROKEN: r"\S+ says Ready=True, and its model does not load",
    },
    "serving-gap": {
        RETRAINED: r"\d+ of \d+ requests failed, the first with: POST /v1/mo",
    },
    "serving-never-ready": {
        SERVED: r"waiting for InferenceService .* last state: Ingress",
    },
    "serving-open": {
        STRANGERS: r"\S+ is open to all: an unauthenticated client is answered 200",
        FOREIGN: r"\S+ is open to all: an account of another namespace is answered 200",
    },
    "serving-stale": {
        RETRAINED: r"last state: the deployment is still that of another model than",
    },
}
