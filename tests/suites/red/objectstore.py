"""The checks of suites/objectstore, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

KEYS = "objectstore/test_keys.py::test_wrong_keys_are_refused_and_right_ones_accepted"
STORED = "objectstore/test_artifacts.py::test_artifact_of_a_task_is_in_the_store"
MODEL = "objectstore/test_model_round_trip.py::test_model_round_trip"
LARGE = "objectstore/test_model_round_trip.py::test_large_binary_object"

CHECKS: dict[str, dict[str, str]] = {
    "artifact-lost": {
        STORED: r"NoSuchKey",
    },
    "object-corrupt": {
        MODEL: r"assert .*==",
        LARGE: r"weights.bin in \S+ came back as 12582912 bytes .* expected",
        STORED: r"does not have what task write-squares wrote: \d+ characters",
    },
    "store-any-key": {
        KEYS: r"the object store is open to all: who has wrong keys reads|AccessDenied",
    },
}
