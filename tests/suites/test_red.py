"""Each check of the suites can fail: the cluster is broken in one way, and the check sees it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import GatewaySettings, LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.local.faults import CONFIG_MAP, FAULTS, IN_EFFECT, OF_PLATFORMS
from tests.cluster.remote import wait_until
from tests.preflight.login_faults import LOGIN_FAULTS
from tests.suites.test_platform_red import CHECKS as PLATFORM

from .experiments_red import EXPERIMENTS
from .nvidia_smi_stub import make_nvidia_smi
from .secrets_red import SECRETS

ROOT = Path(__file__).parents[2]
BRANCHES = "pipelines/test_control_flow.py::test_each_item_is_looped_over_and_one_branch_taken"
CLEANED_UP = "pipelines/test_control_flow.py::test_exit_task_follows_failure"
ORDERING = "pipelines/test_ordering.py::test_after_orders_tasks"
PARAMETERS = "pipelines/test_passing_data.py::test_parameters_keep_value_and_kind"
ARTIFACTS = "pipelines/test_passing_data.py::test_artifacts_keep_content_and_metadata"
EVERY_TASK = "pipelines/test_pythagorean.py::test_every_task_returns_its_number"
TRIPLE = "pipelines/test_pythagorean.py::test_hypotenuse[5-12-13]"
PRIVATE = "pipelines/test_upload.py::test_run_versions_of_uploaded_pipeline[private]"
PUBLIC = "pipelines/test_upload.py::test_run_versions_of_uploaded_pipeline[public]"
SORTED = "volumes/test_sort.py::test_sorted"
ROW = "volumes/test_web_app.py::test_it_is_listed_as_it_was_asked_for"
UPLOADED = "volumes/test_web_app.py::test_what_is_uploaded_in_the_browser_is_read_by_a_pod"
DOWNLOADED = "volumes/test_web_app.py::test_what_a_pod_wrote_is_downloaded_in_the_browser"
SORTED_UPLOAD = "volumes/test_web_app.py::test_a_pipeline_sorts_what_was_uploaded"
NO_VOLUMES = "volumes/test_web_app.py::test_a_notebook_without_volumes_does_not_break_the_list"
IN_USE = "volumes/test_web_app.py::test_one_that_a_pod_uses_is_not_deleted"
BOTH_GONE = "volumes/test_web_app.py::test_deleted_with_its_viewer_open_both_are_gone"
VIEWER_STRANGERS = "volumes/test_viewer_access.py::test_strangers_are_refused_and_the_owner_gets_in"
VIEWER_TOKENS = (
    "volumes/test_viewer_access.py::test_tokens_of_accounts_are_refused_and_the_owner_gets_in"
)
VIEWER_OF_OURS = (
    "volumes/test_viewer_access.py::test_a_foreign_account_opens_no_viewer_of_ours_and_we_do"
)
SCALARS = "tensorboards/test_scalars.py::test_the_numbers_of_an_event_file_come_back"
BOARD_LISTED = "tensorboards/test_scalars.py::test_it_is_listed_as_ready"
BOARD_DELETED = "tensorboards/test_scalars.py::test_deleted_it_leaves_the_claim_and_nothing_else"
BOARD_SERVICE = (
    "tensorboards/test_scalars.py::test_one_that_is_called_like_a_notebook_has_a_service_of_its_own"
)
BOARD_STRANGERS = "tensorboards/test_access.py::test_strangers_are_refused_and_the_owner_gets_in"
BOARD_TOKENS = (
    "tensorboards/test_access.py::test_tokens_of_accounts_are_refused_and_the_owner_gets_in"
)
KEYS = "objectstore/test_keys.py::test_wrong_keys_are_refused_and_right_ones_accepted"
STORED = "objectstore/test_artifacts.py::test_artifact_of_a_task_is_in_the_store"
MODEL = "objectstore/test_model_round_trip.py::test_model_round_trip"
CPU = "resources/test_enforcement.py::test_half_a_cpu_computes_half_the_time"
OOM = "resources/test_enforcement.py::test_too_much_memory_ends_oomkilled"
ENOUGH = "resources/test_enforcement.py::test_enough_memory_ends_well"
LIMITS = "resources/test_limits.py::test_limits_arrive[500m-256Mi]"
NO_CPU = "resources/test_placement.py::test_request_that_no_node_meets[cpu-9999]"
NO_MEMORY = "resources/test_placement.py::test_request_that_no_node_meets[memory-9999Ti]"
GPU = "resources/test_gpu.py::test_"
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
DOOR = "access/test_doors.py::test_strangers_are_sent_away_and_we_get_in"
LOGIN = "access/test_login.py::test_the_right_password_opens_the_dashboard_and_a_wrong_one_does_not"
ACCOUNT = "access/test_accounts.py::test_a_foreign_account_is_refused_and_ours_is_not"
ARTIFACTS_DOOR = "access/test_accounts.py::test_artifacts_of_our_namespace_are_ours_alone"
RECORDS = "access/test_records.py::test_strangers_do_not_read_what_runs_recorded"
FOREIGN_RECORDS = (
    "access/test_records.py::test_a_foreign_account_does_not_read_what_our_runs_recorded"
)
AT_KUBERNETES = "access/test_accounts.py::test_kubernetes_gives_a_foreign_account_nothing_of_ours"
CLAIMED = "access/test_identity.py::test_what_"
TAMPERED = "access/test_identity.py::test_tampered_tokens_are_refused"
EXPIRED = "access/test_identity.py::test_expired_token_is_refused"
OTHER_KEYS = "access/test_keys.py::test_keys_of_one_profile_do_not_open_the_objects_of_another"
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
KATIB_STRANGERS = "katib/test_access.py::test_strangers_are_refused_and_the_owner_gets_in"
KATIB_ACCOUNTS = "katib/test_access.py::test_accounts_of_others_are_refused_and_the_owner_gets_in"
KATIB_GONE = "katib/test_deletion.py::test_nothing_is_left"
TUNED = "katib/test_digits.py::test_the_best_model_is_good_and_better_than_the_worst"
GOAL = "katib/test_endings.py::test_a_goal_ends_it_early"
FAILING = "katib/test_endings.py::test_failing_trials_make_it_fail"
SILENT = "katib/test_endings.py::test_a_trial_without_numbers_is_told"
STOPPED = "katib/test_endings.py::test_a_trial_that_is_worse_is_stopped_early"
GRID = "katib/test_grid.py::test_each_point_is_visited_once"
EQUAL_NAMES = "katib/test_profiles.py::test_equal_names_in_two_profiles_do_not_mix"
AS_MANY = "katib/test_search.py::test_it_makes_as_many_trials_as_it_may"
IN_SPACE = "katib/test_search.py::test_values_are_of_the_search_space"
OBSERVED = "katib/test_search.py::test_observations_are_what_the_trials_compute"
IN_DATABASE = "katib/test_search.py::test_the_database_has_what_the_trials_compute"
LOGGED = "katib/test_search.py::test_logs_have_what_the_trials_compute"
BEST = "katib/test_search.py::test_the_best_trial_is_the_best"
AT_ONCE = "katib/test_search.py::test_no_more_trials_run_at_once_than_wanted"
SERVICE_GONE = "katib/test_search.py::test_its_suggestion_service_is_gone"
KATIB_LISTED = "katib/test_search.py::test_the_web_app_lists_it"
WF_LOG = "workflows/test_volume.py::test_the_log_has_each_line_once"
WF_FILE = "workflows/test_volume.py::test_the_file_is_on_the_claim"
WF_WAITS = "workflows/test_volume.py::test_one_task_waits_for_the_other"
WF_PARAM_LOOP = "workflows/test_flow.py::test_a_loop_has_an_iteration_for_each_item_of_a_result"
WF_LIST_LOOP = "workflows/test_flow.py::test_a_loop_has_an_iteration_for_each_item_of_a_list"
WF_PARAMETERS = "workflows/test_flow.py::test_parameters_are_handed_on"
WF_BRANCH = "workflows/test_flow.py::test_one_branch_is_taken"
WF_OBJECT = "workflows/test_flow.py::test_the_object_says_how_it_ended"
WF_GROUPS = "workflows/test_steps.py::test_groups_are_run_in_their_order"
WF_BESIDE = "workflows/test_steps.py::test_steps_of_a_group_are_run_side_by_side"
WF_PRINTED = "workflows/test_steps.py::test_what_a_step_prints_is_handed_on"
WF_OMITTED = "workflows/test_failing.py::test_what_waits_for_a_failure_is_omitted"
WF_TOLD = "workflows/test_failing.py::test_a_failure_is_told_with_its_exit_code_and_its_words"
WF_EXIT_FAILED = "workflows/test_failing.py::test_the_exit_handler_of_a_failure_knows_of_it"
WF_ATTEMPTS = "workflows/test_failing.py::test_attempts_are_made_until_one_succeeds"
WF_CLAIM = "workflows/test_failing.py::test_a_claim_of_its_own_keeps_what_attempts_wrote"
WF_CLAIM_GONE = "workflows/test_failing.py::test_a_claim_of_its_own_goes_with_success"
WF_EXIT_SUCCEEDED = "workflows/test_failing.py::test_the_exit_handler_of_a_success_knows_of_it"
WF_NEXT = "workflows/test_artifacts.py::test_the_next_task_gets_what_one_has_written"
WF_STORED = "workflows/test_artifacts.py::test_the_store_has_what_a_task_has_written"
WF_LOGS = "workflows/test_artifacts.py::test_the_store_has_the_logs"
WF_ACCOUNT = "workflows/test_accounts.py::test_an_account_without_rights_is_told"
WF_FOREIGN = "workflows/test_accounts.py::test_a_foreign_account_makes_no_workflow_of_ours"
LARGE = "objectstore/test_model_round_trip.py::test_large_binary_object"

RED: dict[str, dict[str, str]] = {
    # fault: {check: what its report says}
    "any-password": {LOGIN: r"Dex is open to all: .* gets in with a wrong password"},
    "artifact-lost": {
        WF_NEXT: r"node read is Error: init: Error \(exit code 64\): artifact table failed to load",
        WF_LOGS: r"artifact table failed to load: The specified key does not exist",
        ARTIFACTS: r"No such file or directory",
        STORED: r"NoSuchKey",
    },
    "claim-in-use-deleted": {
        **dict.fromkeys(
            (f"{IN_USE}[pod]", f"{IN_USE}[pod-with-a-name-label]"),
            r"volume \S+ was deleted while pod \S+ uses it",
        ),
    },
    "claim-pending": {
        SORTED: r"cannot seed volume .*; its claim is Pending",
        ORDERING: r"ExternalProvisioning .*waiting for a volume to be created",
        **dict.fromkeys(
            (SDK, INSTALLED, SOFTMAX, ELSEWHERE, LISTED, BY_HAND, DELETED),
            r"waiting for Notebook \S+ to respond; last state: .*; claim \S+ is Pending: ",
        ),
        **dict.fromkeys(
            (ROW, NO_VOLUMES),
            r"waiting for PVCViewer \S+ to respond; last state: .*; claim \S+ is Pending: ",
        ),
    },
    "conditions-ignored": {
        WF_BRANCH: r"12 is not below 10, and what ran is:",
        BRANCHES: r"'under' was to run alone; what ran: \{.*'over'.*'under'",
    },
    "dashboard-open": {
        f"{DOOR}[dashboard]": r"the dashboard is open to all: somebody without a login is let in",
        f"{DOOR}[workgroups]": r"the dashboard's API is open to all: somebody without a login",
    },
    "executor-forbidden": {
        WF_LOG: r"node repeat-line is Error: wait: Error \(exit code 64\): workflowtaskresults",
        EVERY_TASK: r"task .* is FAILED \(wait: Error \(exit code 64\): workflowtaskresults",
    },
    "exit-tasks-lost": {
        WF_EXIT_FAILED: r"Workflow (\S+) has no node '\1\.onExit'; it has .*, broken, ",
        WF_EXIT_SUCCEEDED: r"Workflow (\S+) has no node '\1\.onExit'; it has .*, count",
        CLEANED_UP: r"task tell of run \S+ is SKIPPED: it was to run",
    },
    "gpus-leaked": {f"{GPU}who_asks_for_none_sees_none": r"asked for no GPU and sees \['GPU-0"},
    "gpus-missing": {
        f"{GPU}count_and_product[2]": r"asked for 2 GPUs and sees \['GPU-0[^,]*\]",
        f"{GPU}every_node": r"kubeflow-local: task look-1 of run \S+ asked for 4, 3 GPUs",
    },
    "gpus-shared": {f"{GPU}side_by_side": r"have the same GPU at the same time: \['GPU-0"},
    "image-pull": {
        WF_LOG: r"waiting for Workflow \S+ to end; last state: Running 0/1 \(repeat-line\)",
        EVERY_TASK: r"timed out after 4 s waiting for run [\s\S]*ImagePullBackOff",
    },
    "katib-metrics-lost": {
        OBSERVED: r"Train-accuracy of trial \S+ is None in its status; with \{'lr': ",
        IN_DATABASE: r"Train-accuracy of trial \S+ is None in the database; with \{'lr': ",
        STOPPED: r"assert \d+\.\d+ == \d+\.\d+",
    },
    "katib-no-injection": dict.fromkeys(
        (GOAL, SILENT, STOPPED, LOGGED, SERVICE_GONE, KATIB_LISTED),
        r"will not end: trial \S+: its Job is complete, and it stays Running without metrics: its "
        r"pod has no metrics collector, since Katib's webhook",
    ),
    "katib-open": {
        KATIB_STRANGERS: r"the list of experiments is open to all: somebody without a login is let",
        KATIB_ACCOUNTS: r"the list of experiments is open to all: the account \S+ is let in",
    },
    "katib-parallel-ignored": {
        AT_ONCE: r"\d+ trials were active at once \(.*\), and 3 are allowed",
    },
    "katib-space-ignored": {
        IN_SPACE: r"values that nobody asked for: trial \S+: lr=\S+ is not in \{'min': '0.01'",
        GRID: r"the grid misses \[",
        EQUAL_NAMES: r"has a trial with the other's: ",
    },
    "katib-trials-forgotten": {
        AS_MANY: r"13 trials instead of 12",
        FAILING: r"assert 3 == 2",
    },
    "katib-wrong-optimum": {
        BEST: r"the best trial is said to be \S+ with Validation-accuracy \S+, and another one has",
        TUNED: r"is said to be the best of \{",
    },
    "keys-shared": {
        OTHER_KEYS: r"the object store is open to all: the keys of profile \S+ read, list, write,",
    },
    "limits-ignored": {
        CPU: r"task measure of run \S+ has no limit of CPU, 500m expected",
        OOM: r"took 600 MiB with a limit of 256Mi, and is SUCCEEDED",
        LIMITS: r"has a CPU quota of None, 500m CPUs expected",
    },
    "log-cut": {
        WF_LOG: r"\d+ lines of Hello instead of 15, in 'Hello",
        WF_TOLD: r"log of main of node broken gave '",
        SORTED: r"assert 'sorted numbers: 10,9,8|cut off|digest",
        BROKEN: r"nothing tells why the model of InferenceService \S+ does not load: the log",
    },
    "metadata-lost": {ARTIFACTS: r"KeyError: 'framework'|KeyError: 'rows'"},
    "notebook-never-ready": {
        NOTEBOOK_READY: r"waiting for the web app to say that Notebook \S+, which responds, is"
    },
    "notebook-not-stopped": {
        KEPT: r"waiting for Notebook \S+ to stop; last state: there is still its pod"
    },
    "notebook-open": {
        NOTEBOOK_STRANGERS: r"Notebook \S+ is open to all: somebody without a login is let in",
        NOTEBOOK_TOKENS: r"Notebook \S+ is open to all: our account \S+ is let in",
    },
    "notebook-prefix": {
        **dict.fromkeys(
            (COMPUTES, f"{NOTEBOOK_PAGES}[lab]", f"{NOTEBOOK_PAGES}[tree]"),
            r"its server has another base URL than \$NB_PREFIX",
        ),
    },
    "object-corrupt": {
        WF_STORED: r"table.csv has 744 characters, 744 expected: not what node write wrote",
        MODEL: r"assert .*==",
        LARGE: r"weights.bin in \S+ came back as 12582912 bytes .* expected",
        STORED: r"does not have what task write-squares wrote: \d+ characters",
    },
    "order-ignored": {
        ORDERING: r"assert \['start'",
        WF_WAITS: r"is Failed, Succeeded expected; node print-text is Failed",
        WF_GROUPS: r"is Failed, Succeeded expected: child .*; node answer is Failed",
    },
    "pipeline-exposed": {PRIVATE: r"the private pipeline \S+ is listed among the public ones"},
    "pipeline-lost": {
        PRIVATE: r"the private pipeline \S+ was uploaded and is listed 0 times",
        PUBLIC: r"the public pipeline \S+ was uploaded and is listed 0 times",
    },
    "pipelines-open": {
        f"{DOOR}[pipelines]": r"the pipelines API is open to all: somebody without a login is let",
        f"{ACCOUNT}[pipelines]": r"the pipelines API is open to all: the foreign account \S+ is",
        RECORDS: r"ML Metadata is open to all: somebody without a login reads what our",
    },
    "poddefault-ignored": {
        LABELLED: r"PodDefault \S+ is ignored: a pod with its label has nothing of it",
        CONFLICT: r"PodDefaults \S+ and \S+ are ignored: they set \S+ to two values, and a pod",
        FROM_INSIDE: r"PodDefault \S+ is ignored: there is no KF_PIPELINES_SA_TOKEN_PATH",
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
    "rbac-open": {
        WF_FOREIGN: r"Kubernetes is open to all: the account \S+ makes Workflows in",
        f"{AT_KUBERNETES}[volumes]": r"Kubernetes is open to all: .* gets at the volumes of",
        f"{AT_KUBERNETES}[bucket-keys]": r"Kubernetes is open to all: .* gets at the bucket keys",
    },
    "requests-ignored": {
        NO_CPU: r"no node has 9999 of cpu, yet the run is FAILED",
        NO_MEMORY: r"no node has 9999Ti of memory, yet the run is FAILED",
    },
    "run-stuck-pending": {
        EVERY_TASK: r"timed out after 4 s waiting for run .*; last state: ",
        ENOUGH: r"timed out after 4 s waiting for run .*; last state: ",
    },
    "serving-false-ready": {BROKEN: r"\S+ says Ready=True, and its model does not load"},
    "serving-gap": {RETRAINED: r"\d+ of \d+ requests failed, the first with: POST /v1/mo"},
    "serving-never-ready": {
        SERVED: r"waiting for InferenceService .* last state: Ingress",
        DEPLOYED: r"waiting for InferenceService .* last state: Ingress",
    },
    "serving-open": {
        STRANGERS: r"\S+ is open to all: somebody without a login is answered 200",
        FOREIGN: r"\S+ is open to all: an account of another namespace is answered 200",
    },
    "serving-stale": {RETRAINED: r"last state: the deployment is still that of another model than"},
    "store-any-key": {
        KEYS: r"the object store is open to all: who has wrong keys reads|AccessDenied"
    },
    "task-hangs": {EVERY_TASK: r"timed out after 4 s waiting for run .*; last state: RUNNING"},
    "tensorboard-empty": {
        SCALARS: r"waiting for 25 numbers of 'loss' .*; last state: it has 0; runs and tags: \{\}",
    },
    "tensorboard-left": {
        BOARD_DELETED: r"waiting for Tensorboard \S+ to be gone; last state: there is still its D",
    },
    "tensorboard-open": {
        BOARD_STRANGERS: r"TensorBoard \S+ is open to all: somebody without a login is let in",
        BOARD_TOKENS: r"TensorBoard \S+ is open to all: our account \S+ is let in",
    },
    "tensorboards-ignored": {
        BOARD_LISTED: r"waiting for Tensorboard \S+ to respond; last state: it has no pod",
        BOARD_SERVICE: r"waiting for the Deployment and the route of Tensorboard \S+; last state",
    },
    "tokens-ageless": {EXPIRED: r"the pipelines API is open to all: a token is taken \d+ s after"},
    "tokens-unverified": {
        TAMPERED: r"the pipelines API is open to all: a forged token \(a later end\) is let in",
    },
    "userid-trusted": {
        f"{CLAIMED}a_stranger_says_of_itself_counts_for_nothing": (
            r"open to all: somebody without a login who claims to be somebody else is let in"
        ),
        f"{CLAIMED}we_say_of_ourselves_counts_for_nothing": (
            r"the gateway is open to all: it believes kubeflow-userid: somebody-else@example.com"
        ),
        f"{CLAIMED}a_foreign_account_says_of_itself_counts_for_nothing": (
            r"open to all: the foreign account \S+ who claims to be somebody else is let in"
        ),
    },
    "viewer-left": {
        BOTH_GONE: r"waiting for volume \S+ and its viewer to be gone; last state: there is still",
    },
    "viewer-open": {
        VIEWER_STRANGERS: r"the viewer of \S+ is open to all: somebody without a login is let in",
        VIEWER_TOKENS: r"the viewer of \S+ is open to all: our account \S+ is let in",
    },
    "volume-lossy": {
        WF_FILE: r"node print-text is Failed: main: Error",
        WF_CLAIM: r"node count is Failed: main: Error",
        SORTED: r"No such file",
        UPLOADED: r"what was uploaded in the viewer of \S+ is not on the volume",
        DOWNLOADED: r"the viewer of \S+ does not show what a pod has written",
        SORTED_UPLOAD: r"No such file",
        ORDERING: r"No such file .*order.txt",
        KEPT: r"Notebook \S+ has lost data: work/kept.txt is gone after a stop and start",
    },
    "volumes-open": {
        f"{DOOR}[volumes]": r"the volumes web app is open to all: somebody without a login is let",
        f"{ACCOUNT}[volumes]": r"the volumes web app is open to all: the foreign account \S+ is",
        VIEWER_OF_OURS: r"the volumes web app is open to all: somebody without a login asks for",
    },
    "workflow-claims-left": {WF_CLAIM_GONE: r"has succeeded, and its claims stay: \['\S+-work'\]"},
    "workflow-failures-ignored": {
        WF_OMITTED: r"is Succeeded, Failed expected; node broken is Failed"
    },
    "workflow-items-lost": {WF_LIST_LOOP: r"assert \['word\(0:red\)'\] == "},
    "workflow-one-by-one": {WF_BESIDE: r"one step of a group had ended before the other began"},
    "workflow-progress-lost": {WF_OBJECT: r"progress 0/1 of \d+ pods"},
    "workflow-retries-lost": {
        WF_ATTEMPTS: r"is Failed, Succeeded expected.*; node attempt is Failed: main: Error"
    },
    "workflow-rights-ignored": {WF_ACCOUNT: r"is Succeeded, Error expected"},
    "workflows-ignored": {
        WF_LOG: r"waiting for Workflow \S+ to end; last state: ",
        EVERY_TASK: r"timed out after 4 s waiting for run .*; last state: PENDING",
    },
    "wrong-output": {
        WF_PARAM_LOOP: r"\[\{'doubled': .*oubled': '7'\}\] == ",
        WF_PARAMETERS: r"\{'numbers': '\[\"3\",\"5\",\"7\"\]'\} == ",
        WF_PRINTED: r"assert '43' == '42'",
        EVERY_TASK: r"assert 10.0 == 9.0",
        TRIPLE: r"assert .* == 13",
        PARAMETERS: r"task again of run \S+ gave \{'count'",
        SORTED: r"assert 11 == 10",
        PUBLIC: r"assert .* == \d+\.\d+",
    },
}
for _table in (EXPERIMENTS, SECRETS):
    for _fault, _checks in _table.items():
        RED.setdefault(_fault, {}).update(_checks)
UNFIT = {"dead-store": r"ERROR: .*nothing answers at http://127.0.0.1:\d+ \("}
"""Faults with which no test begins, and what the preflight says."""
BORNE = {
    "api-503": [EVERY_TASK, PUBLIC, SORTED],
    # It is a real one's, always: so experiments are deleted past the web app.
    "katib-delete-across-namespaces": [KATIB_GONE],
}
"""Faults that the plugin must live with."""
ENDLESS = {
    *(
        "claim-pending",
        "image-pull",
        "run-stuck-pending",
        "secrets-required",
        "task-hangs",
        "tensorboards-ignored",
        "workflows-ignored",
    ),
}
"""Faults that nothing but a timeout ends."""
PATIENCE = {
    "notebook-never-ready": 20,
    "notebook-not-stopped": 20,
    "catch-up-swapped": 30,
    "schedule-lost": 10,
    "serving-never-ready": 40,
    "serving-stale": 40,
    "tensorboard-empty": 30,
    "terminate-ignored": 15,
    "viewer-left": 20,
    "tokens-ageless": 6,
}
"""Of faults that only a timeout ends, those whose checks need seconds before they come to it."""
BRIEF = GatewaySettings(token_seconds=3, clock_skew_seconds=0)
"""For the check that waits for a token's end, which skips where tokens live for ten minutes."""
OPTIONS = {"notebook-prefix": ["--kf-start-timeout=8"]}
"""Of faults that only a timeout ends, what else bounds them."""
OTHER_WAYS = {"dashboard-open": "token-request"}
"""How a session gets in where a fault takes away the login, which begins at the dashboard."""
FROM_START = {"dead-store", "store-any-key"}
"""Faults that take a moment to come true in a running cluster."""
NOT_SEEN = {
    f"{GPU}computation": "it needs a CUDA library and a GPU",
    KATIB_GONE: "nothing outlives its owner here; test_katib_checks.py has it see what is left",
    FOREIGN_RECORDS: "it is expected to fail wherever ML Metadata asks nobody who he is",
}
"""Checks that this project's own tests cannot see red, and why."""
IN_KNATIVE_MODE: dict[str, dict[str, str]] = {
    "artifacts-open": {
        ARTIFACTS_DOOR: r"our part of the bucket is open to all: the foreign account \S+ is let in",
    },
    "canary-ignored": {
        CANARY: r"waiting for the canary of \S+ to answer; last state: none of 10 answers"
    },
    "serving-asleep": {IDLE: r"answers 503: no healthy upstream; the InferenceService is Ready"},
    "serving-gap": {RETRAINED: r"\d+ of \d+ requests failed, the first with: POST /v1/mo"},
}
"""As RED, with services that are made of revisions."""


class Cluster:
    """An embedded cluster that is tested as a real one would be: by its addresses."""

    def __init__(self, endpoints: Endpoints) -> None:
        from kubernetes import client, config

        self._endpoints = endpoints
        api = config.new_client_from_config(str(endpoints.kubeconfig))
        self._core = client.CoreV1Api(api)

    def test(
        self, fault: str, checks: list[str], programs: Path, *more: str
    ) -> tuple[dict[str, str], str]:
        """Outcomes by check, and the output, of a session while `fault` is on.

        `more` are options of that session.
        """
        if EXPIRED in checks:
            with LocalKubeflow(faults=[fault], gateway=BRIEF) as brief:
                return run_pytest(*_ways_in(brief.endpoints, PATIENCE[fault]), checks)
        local = ["--kf-host=local", f"--kf-local-fault={fault}"]
        if fault in FROM_START:
            return run_pytest(local, {}, checks)
        if fault.startswith("gpus-"):
            path = f"{make_nvidia_smi(programs)}:{os.environ['PATH']}"
            return run_pytest([*local, "--kf-gpu-all-nodes"], {"PATH": path}, checks)
        where = self._endpoints
        patience = PATIENCE.get(fault, 4 if fault in ENDLESS else 60)
        options, environment = _ways_in(where, patience)
        if any(check.startswith("experiments/") for check in checks):
            options += ["--kf-slow", "--kf-recurring-period=2s"]
        options.append(f"--kf-auth={OTHER_WAYS.get(fault, 'auto')}")
        options += [*OPTIONS.get(fault, ()), *more]
        if any(check.startswith("serving/") or check == DEPLOYED for check in checks):
            # KServe looks at whole buckets, which the keys of a profile may not.
            environment["KF_S3_ACCESS_KEY"] = where.s3_access_key
            environment["KF_S3_SECRET_KEY"] = where.s3_secret_key
        namespace, name = CONFIG_MAP
        body: Any = {"metadata": {"name": name}, "data": {fault: "on"}}
        self._core.create_namespaced_config_map(namespace, body)
        wait_until(lambda: fault in self._in_effect(), seconds=60)
        try:
            return run_pytest(options, environment, checks)
        finally:
            self._core.delete_namespaced_config_map(name, namespace)

    def _in_effect(self) -> list[str]:
        """The faults that are made by now."""
        namespace, name = CONFIG_MAP
        found = self._core.read_namespaced_config_map(name, namespace).metadata.annotations or {}
        return str(found.get(IN_EFFECT, "")).split(",")


def _ways_in(where: Endpoints, patience: int) -> tuple[list[str], dict[str, str]]:
    """Options and environment of a session that tests the cluster there."""
    options = [
        *(f"--kf-host={where.host}", f"--kf-username={where.username}"),
        *(f"--kf-kubeconfig={where.kubeconfig}", f"--kf-s3-endpoint={where.s3_endpoint}"),
        f"--kf-timeout={patience}",
    ]
    return options, {"KF_PASSWORD": where.password or ""}


def run_pytest(
    options: list[str], environment: dict[str, str], checks: list[str]
) -> tuple[dict[str, str], str]:
    """Run these checks of the suites; outcomes by check, and the output."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=short"),
            *options,
            *(f"suites/{check}" for check in checks),
        ],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    found = re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED) suites/(\S+)", done.stdout, re.MULTILINE)
    return {check: outcome for outcome, check in found}, done.stdout + done.stderr


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with LocalKubeflow() as running:
        give_shared_pipelines(running.endpoints)
        yield Cluster(running.endpoints)


def give_shared_pipelines(where: Endpoints) -> None:
    """Let our user write shared pipelines, as Kubeflow's own role gives it in its namespace."""
    from kubernetes import client, config

    with config.new_client_from_config(str(where.kubeconfig)) as api:
        client.RbacAuthorizationV1Api(api).create_namespaced_role_binding(
            "kubeflow",
            {
                "metadata": {"name": "shared-pipelines"},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": "kubeflow-edit",
                },
                "subjects": [
                    {
                        "apiGroup": "rbac.authorization.k8s.io",
                        "kind": "User",
                        "name": where.username,
                    }
                ],
            },
        )


@pytest.mark.parametrize("fault", RED)
def test_checks_go_red(cluster: Cluster, fault: str, tmp_path: Path) -> None:
    outcomes, output = cluster.test(fault, list(RED[fault]), tmp_path)
    assert set(outcomes) == set(RED[fault]), output
    assert set(outcomes.values()) <= {"FAILED", "ERROR"}, output
    for text in RED[fault].values():
        assert re.search(text, output), f"{text}\n{output}"


@pytest.mark.parametrize("fault", UNFIT)
def test_no_test_begins(cluster: Cluster, fault: str, tmp_path: Path) -> None:
    outcomes, output = cluster.test(fault, [KEYS, MODEL, ARTIFACTS], tmp_path)
    assert outcomes == {}, output
    assert re.search(UNFIT[fault], output), output


@pytest.mark.parametrize("fault", IN_KNATIVE_MODE)
def test_checks_go_red_in_knative_mode(cluster: Cluster, fault: str, tmp_path: Path) -> None:
    wanted = IN_KNATIVE_MODE[fault]
    mode = "--kf-serving-mode=Knative"
    outcomes, output = cluster.test(fault, list(wanted), tmp_path, mode)
    assert set(outcomes) == set(wanted), output
    assert set(outcomes.values()) == {"FAILED"}, output
    for text in wanted.values():
        assert re.search(text, output), f"{text}\n{output}"


@pytest.mark.parametrize("fault", BORNE)
def test_what_is_borne_stays_green(cluster: Cluster, fault: str, tmp_path: Path) -> None:
    outcomes, output = cluster.test(fault, BORNE[fault], tmp_path)
    assert outcomes == dict.fromkeys(BORNE[fault], "PASSED"), output


def test_expired_tokens_are_waited_for_where_they_are_brief() -> None:
    with LocalKubeflow(gateway=BRIEF) as brief:
        outcomes, output = run_pytest(*_ways_in(brief.endpoints, 60), [EXPIRED])
    assert outcomes == {EXPIRED: "PASSED"}, output


def test_every_fault_is_tried() -> None:
    here = RED.keys() | IN_KNATIVE_MODE.keys() | UNFIT.keys() | BORNE.keys()
    # Those of platforms have tests of their own, beside what they are made of.
    assert here | set(LOGIN_FAULTS) == FAULTS.keys() - OF_PLATFORMS.keys()


def test_every_check_is_seen_red() -> None:
    listed = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-q",
            "-p",
            "no:cacheprovider",
            "suites",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    # Of a parametrized check one case is enough, if the cases differ in their numbers alone.
    checks = {
        re.sub(r"\[\d.*\]$", "", one) for one in re.findall(r"^suites/(\S+)", listed, re.MULTILINE)
    }
    seen = {
        re.sub(r"\[\d.*\]$", "", check)
        for found in (*RED.values(), *IN_KNATIVE_MODE.values())
        for check in found
    }
    assert seen | NOT_SEEN.keys() | PLATFORM.keys() == checks
