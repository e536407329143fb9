"""The checks of suites/notebooks, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

COMPUTES = "notebooks/test_code.py::test_a_cell_computes"
SDK = "notebooks/test_code.py::test_the_sdk_of_pipelines_is_there"
INSTALLED = "notebooks/test_code.py::test_a_package_is_installed"
SOFTMAX = "notebooks/test_code.py::test_softmax_learns_digits"
NOTEBOOK_STRANGERS = "notebooks/test_connect.py::test_strangers_are_refused_and_the_owner_gets_in"
NOTEBOOK_TOKENS = (
    "notebooks/test_connect.py::test_tokens_of_accounts_are_refused_and_the_owner_gets_in"
)
NOTEBOOK_PAGES = "notebooks/test_connect.py::test_its_pages_are_below_its_path"
NOTEBOOK_READY = "notebooks/test_connect.py::test_the_web_app_says_that_it_is_ready"
DEPLOYED = "notebooks/test_deploy.py::test_code_in_it_deploys_a_model_and_asks_it"
KEPT = "notebooks/test_keeping.py::test_files_of_the_workspace_outlive_a_stop_and_others_do_not"
ELSEWHERE = "notebooks/test_keeping.py::test_a_claim_beside_the_home_directory_is_told"
LISTED = "notebooks/test_list.py::test_it_is_listed_with_its_image_and_its_claim"
BY_HAND = "notebooks/test_list.py::test_one_that_was_written_by_hand_does_not_break_the_list"
DELETED = "notebooks/test_list.py::test_deleted_it_leaves_its_claim_and_nothing_else"
FROM_INSIDE = "notebooks/test_pipeline.py::test_a_pipeline_is_submitted_from_inside_and_waited_for"
LABELLED = "notebooks/test_pod_defaults.py::test_a_labelled_pod_has_it_and_another_has_not"
CONFLICT = "notebooks/test_pod_defaults.py::test_a_conflict_is_refused_with_its_reason"

CHECKS: dict[str, dict[str, str]] = {
    "claim-pending": {
        SDK: r"waiting for Notebook \S+ to respond; last state: .*; claim \S+ is Pending: ",
        INSTALLED: r"waiting for Notebook \S+ to respond; last state: .*; claim \S+ is Pending: ",
        SOFTMAX: r"waiting for Notebook \S+ to respond; last state: .*; claim \S+ is Pending: ",
        ELSEWHERE: r"waiting for Notebook \S+ to respond; last state: .*; claim \S+ is Pending: ",
        LISTED: r"waiting for Notebook \S+ to respond; last state: .*; claim \S+ is Pending: ",
        BY_HAND: r"waiting for Notebook \S+ to respond; last state: .*; claim \S+ is Pending: ",
        DELETED: r"waiting for Notebook \S+ to respond; last state: .*; claim \S+ is Pending: ",
    },
    "notebook-never-ready": {
        NOTEBOOK_READY: r"waiting for the web app to say that Notebook \S+, which responds, is",
    },
    "notebook-not-stopped": {
        KEPT: r"waiting for Notebook \S+ to stop; last state: there is still its pod",
    },
    "notebook-open": {
        NOTEBOOK_STRANGERS: r"Notebook \S+ is open to all: an unauthenticated client is allowed",
        NOTEBOOK_TOKENS: r"Notebook \S+ is open to all: our account \S+ is allowed",
    },
    "notebook-prefix": {
        COMPUTES: r"its server has another base URL than \$NB_PREFIX",
        f"{NOTEBOOK_PAGES}[lab]": r"its server has another base URL than \$NB_PREFIX",
        f"{NOTEBOOK_PAGES}[tree]": r"its server has another base URL than \$NB_PREFIX",
    },
    "poddefault-ignored": {
        LABELLED: r"PodDefault \S+ is ignored: a pod with its label has nothing of it",
        CONFLICT: r"PodDefaults \S+ and \S+ are ignored: they set \S+ to two values, and a pod",
        FROM_INSIDE: r"PodDefault \S+ is ignored: there is no KF_PIPELINES_SA_TOKEN_PATH",
    },
    "serving-never-ready": {
        DEPLOYED: r"waiting for InferenceService .* last state: Ingress",
    },
    "volume-lossy": {
        KEPT: r"Notebook \S+ has lost data: work/kept.txt is gone after a stop and start",
    },
}
