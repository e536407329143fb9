"""The checks of suites/images, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

_HERE = "images/"
CONTAINER = f"{_HERE}test_own.py::test_a_container_component_runs_in_it[pushed]"
PYTHON = f"{_HERE}test_own.py::test_a_python_component_runs_in_it[pushed]"
WITH_KFP = f"{_HERE}test_pushed.py::test_a_python_component_needs_no_index_where_its_image_has_kfp"
DIGEST = f"{_HERE}test_pushed.py::test_a_digest_is_that_image_whatever_else_has_its_name"
MOVED = f"{_HERE}test_pushed.py::test_a_tag_that_has_moved_is_noticed"
NO_TAG = f"{_HERE}test_refused.py::test_a_tag_that_is_not_there_is_told"
NO_LOGIN = f"{_HERE}test_refused.py::test_a_login_that_is_missing_is_told"
OTHER_PLATFORM = f"{_HERE}test_refused.py::test_an_image_for_another_architecture_is_told"

NOT_LET_IN = r"the image 127\S+ is not pulled: its registry lets nobody in without a login"
WENT_ON = r"run looking-into-an-image-\S+ ended \S+, in 127.0.0.1:"

CHECKS: dict[str, dict[str, str]] = {
    "digest-ignored": {DIGEST: r"another image ran than was asked for: \S+@sha256:\w+ for"},
    "image-kept": {MOVED: r":1 has moved to sha256:\w+, and with imagePullPolicy Always 127"},
    "image-layers-lost": {
        CONTAINER: r"lacks modules: \{'kf_image_proof': \"ModuleNotFoundError: No module named",
        WITH_KFP: r"No module named 'kfp",
    },
    "platform-ignored": {OTHER_PLATFORM: WENT_ON},
    "pull-secrets-ignored": {CONTAINER: NOT_LET_IN, PYTHON: NOT_LET_IN},
    "registry-open": {NO_LOGIN: WENT_ON},
    "tags-ignored": {NO_TAG: WENT_ON},
}
