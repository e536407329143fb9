"""The checks of suites/secrets, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

_HERE = "secrets/"
VALUES = f"{_HERE}test_values.py::test_values_arrive_unchanged_as_variables_and_as_files"
LEFT_OUT = f"{_HERE}test_values.py::test_what_may_be_missing_is_left_out"
CHANGED = f"{_HERE}test_values.py::test_a_changed_value_is_there_in_the_next_run"
CACHED = f"{_HERE}test_values.py::test_the_cache_does_not_know_what_a_secret_holds"
NO_SECRET = f"{_HERE}test_missing.py::test_a_secret_that_is_not_there_is_told"
NO_KEY = f"{_HERE}test_missing.py::test_a_key_that_is_not_there_is_told"
OF_ANOTHER = f"{_HERE}test_missing.py::test_a_secret_of_another_profile_is_not_there"
UNSEEN = f"{_HERE}test_secrecy.py::test_values_are_in_nothing_that_is_written"

KEPT = f"{_HERE}test_store.py::test_a_component_keeps_an_object"
REFUSED = f"{_HERE}test_store.py::test_wrong_keys_keep_nothing_and_are_told"

WENT_ON = r"run reading-a-(variable|file)-\S+ ended \S+ without what was missing"

CHECKS: dict[str, dict[str, str]] = {
    "cache-forced": {
        CHANGED: r"run reading-a-variable-\S+ ended SUCCEEDED, but task digests was not r"
    },
    "cache-ignored": {CACHED: r"assert second.task\("},
    "secret-keys-swapped": {
        VALUES: r"assert .*'SECRET_PASSWORD': '",
        KEPT: r"task keep is FAILED \(.*InvalidAccessKeyId",
    },
    "store-any-key": {
        REFUSED: r"run keeping-an-object-\S+ ended SUCCEEDED, not FAILED",
    },
    "secret-leaks": {UNSEEN: r"the Secret's (password|token) stands in the log of its task"},
    "secrets-optional": {
        f"{NO_SECRET}[as-variable]": WENT_ON,
        f"{NO_SECRET}[as-file]": WENT_ON,
        NO_KEY: WENT_ON,
        OF_ANOTHER: WENT_ON,
    },
    "secrets-required": {LEFT_OUT: r"task digests has not started: .*not found"},
}
