"""The checks of suites/workflows, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

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
WF_PACKAGE = "workflows/test_package.py::test_kfp_runs_the_manifest_as_a_package"
WF_ACCOUNT = "workflows/test_accounts.py::test_an_account_without_rights_is_told"
WF_FOREIGN = "workflows/test_accounts.py::test_a_foreign_account_makes_no_workflow_of_ours"

CHECKS: dict[str, dict[str, str]] = {
    "artifact-lost": {
        WF_NEXT: (
            r"node read is Error: init: Error \(exit code 64\): artifact table failed to "
            r"load"
        ),
        WF_LOGS: r"artifact table failed to load: The specified key does not exist",
    },
    "conditions-ignored": {
        WF_BRANCH: r"12 is not below 10, and what ran is:",
    },
    "executor-forbidden": {
        WF_LOG: r"node repeat-line is Error: wait: Error \(exit code 64\): workflowtaskresults",
    },
    "exit-tasks-lost": {
        WF_EXIT_FAILED: r"Workflow (\S+) has no node '\1\.onExit'; it has .*, broken, ",
        WF_EXIT_SUCCEEDED: r"Workflow (\S+) has no node '\1\.onExit'; it has .*, count",
    },
    "image-pull": {
        WF_LOG: r"waiting for Workflow \S+ to end; last state: Running 0/1 \(repeat-line\)",
    },
    "log-cut": {
        WF_LOG: r"\d+ lines of Hello instead of 15, in 'Hello",
        WF_TOLD: r"log of main of node broken gave '",
        WF_PACKAGE: r"\d+ lines of Hello instead of 15, in 'Hello",
    },
    "object-corrupt": {
        WF_STORED: r"table.csv has 744 characters, 744 expected: not what node write wrote",
    },
    "order-ignored": {
        # The file may be there in time.
        WF_WAITS: (
            r"is Failed, Succeeded expected; node print-text is Failed|"
            r"print-text is not below repeat-line"
        ),
        WF_GROUPS: r"is Failed, Succeeded expected: child .*; node answer is Failed",
    },
    "rbac-open": {
        WF_FOREIGN: r"Kubernetes is open to all: the account \S+ makes Workflows in",
    },
    "volume-lossy": {
        WF_FILE: r"node print-text is Failed: main: Error",
        WF_CLAIM: r"node count is Failed: main: Error",
    },
    "workflow-claims-left": {
        WF_CLAIM_GONE: r"has succeeded, and its claims stay: \['\S+-work'\]",
    },
    "package-account-ignored": {
        WF_PACKAGE: r"node repeat-line is Error: wait: Error \(exit code 64\): workflowtaskresults",
    },
    "workflow-failures-ignored": {
        WF_OMITTED: r"is Succeeded, Failed expected; node broken is Failed",
    },
    "workflow-items-lost": {
        WF_LIST_LOOP: r"assert \['word\(0:red\)'\] == ",
    },
    "workflow-one-by-one": {
        WF_BESIDE: r"one step of a group had ended before the other began",
    },
    "workflow-progress-lost": {
        WF_OBJECT: r"progress 0/1 of \d+ pods",
    },
    "workflow-retries-lost": {
        WF_ATTEMPTS: r"is Failed, Succeeded expected.*; node attempt is Failed: main: Error",
    },
    "workflow-rights-ignored": {
        WF_ACCOUNT: r"is Succeeded, Error expected",
    },
    "workflows-ignored": {
        WF_LOG: r"waiting for Workflow \S+ to end; last state: ",
    },
    "wrong-output": {
        WF_PARAM_LOOP: r"\[\{'doubled': .*oubled': '7'\}\] == ",
        WF_PARAMETERS: '\\{\'numbers\': \'\\[\\"3\\",\\"5\\",\\"7\\"\\]\'\\} == ',
        WF_PRINTED: r"assert '43' == '42'",
    },
}
