"""The checks of suites/model_registry, by the fault that each sees, and what it says then."""

from __future__ import annotations

_HERE = "model_registry/"
KEPT = f"{_HERE}test_versions.py::test_a_version_comes_back_as_it_was_registered"
IN_POD = f"{_HERE}test_versions.py::test_a_pod_finds_what_was_registered"
ONCE = f"{_HERE}test_versions.py::test_a_version_is_registered_once"
ARCHIVED = f"{_HERE}test_versions.py::test_what_is_archived_stays_archived"
FOREIGN = f"{_HERE}test_access.py::test_a_foreign_account_is_refused"
STRANGERS = f"{_HERE}test_access.py::test_strangers_are_refused_and_we_get_in"

CHECKS: dict[str, dict[str, str]] = {
    "model-registry-forgets": {
        KEPT: r"no model version found for id \d+",
        ARCHIVED: r"no model version found for id \d+",
    },
    "model-registry-open": {
        FOREIGN: (
            r"reads and writes the models of all profiles: the foreign account \S+ reads and "
            r"changes kf-model-\w+; restrict it, or accept it with --kf-accept=model-registry-open"
        ),
        STRANGERS: r"the Model Registry is open to all: an unauthenticated client reads",
    },
    "model-registry-overwrites": {ONCE: r"DID NOT RAISE"},
    "model-registry-texts": {
        KEPT: r"the registry tells \{.*'accuracy': '0\.9375'",
        IN_POD: r"has made other kinds of properties: .*'is-best': 'MetadataStringValue'",
    },
}
