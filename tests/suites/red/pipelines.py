"""The checks of suites/pipelines, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

BRANCHES = "pipelines/test_control_flow.py::test_each_item_is_looped_over_and_one_branch_taken"
CLEANED_UP = "pipelines/test_control_flow.py::test_exit_task_follows_failure"
ORDERING = "pipelines/test_ordering.py::test_after_orders_tasks"
PARAMETERS = "pipelines/test_passing_data.py::test_parameters_keep_value_and_kind"
ARTIFACTS = "pipelines/test_passing_data.py::test_artifacts_keep_content_and_metadata"
EVERY_TASK = "pipelines/test_pythagorean.py::test_every_task_returns_its_number"
TRIPLE = "pipelines/test_pythagorean.py::test_hypotenuse[5-12-13]"
PRIVATE = "pipelines/test_upload.py::test_run_versions_of_uploaded_pipeline[private]"
PUBLIC = "pipelines/test_upload.py::test_run_versions_of_uploaded_pipeline[public]"

CHECKS: dict[str, dict[str, str]] = {
    "artifact-lost": {
        ARTIFACTS: r"No such file or directory",
    },
    "claim-pending": {
        ORDERING: r"ExternalProvisioning .*waiting for a volume to be created",
    },
    "conditions-ignored": {
        BRANCHES: r"'under' was to run alone; what ran: \{.*'over'.*'under'",
    },
    "executor-forbidden": {
        EVERY_TASK: r"task .* is FAILED \(wait: Error \(exit code 64\): workflowtaskresults",
    },
    "exit-tasks-lost": {
        CLEANED_UP: r"task tell of run \S+ is SKIPPED: it was to run",
    },
    "image-pull": {
        EVERY_TASK: r"timed out after 4 s waiting for run [\s\S]*ImagePullBackOff",
    },
    "metadata-lost": {
        ARTIFACTS: r"KeyError: 'framework'|KeyError: 'rows'",
    },
    "order-ignored": {
        ORDERING: r"assert \['start'",
    },
    "pipeline-exposed": {
        PRIVATE: r"the private pipeline \S+ is listed among the public ones",
    },
    "pipeline-lost": {
        PRIVATE: r"the private pipeline \S+ was uploaded and is listed 0 times",
        PUBLIC: r"the public pipeline \S+ was uploaded and is listed 0 times",
    },
    "run-stuck-pending": {
        EVERY_TASK: r"timed out after 4 s waiting for run .*; last state: ",
    },
    "task-hangs": {
        EVERY_TASK: r"timed out after 4 s waiting for run .*; last state: RUNNING",
    },
    "volume-lossy": {
        ORDERING: r"No such file .*order.txt",
    },
    "workflows-ignored": {
        EVERY_TASK: r"timed out after 4 s waiting for run .*; last state: PENDING",
    },
    "wrong-output": {
        EVERY_TASK: r"assert 10.0 == 9.0",
        TRIPLE: r"assert .* == 13",
        PARAMETERS: r"task again of run \S+ gave \{'count'",
        PUBLIC: r"assert .* == \d+\.\d+",
    },
}
