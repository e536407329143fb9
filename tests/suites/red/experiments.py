"""The checks of suites/experiments, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

_HERE = "experiments/"
ARCHIVED_RUN = f"{_HERE}test_archive.py::test_an_archived_run_is_out_of_the_list_and_can_be_read"
ARCHIVED_EXPERIMENT = f"{_HERE}test_archive.py::test_an_archived_experiment_takes_its_runs_along"
TERMINATED = f"{_HERE}test_runs.py::test_a_terminated_run_ends"
RETRIED = f"{_HERE}test_runs.py::test_a_retried_run_goes_on_where_it_failed"
CLONED = f"{_HERE}test_runs.py::test_a_clone_runs_the_same_again"
PAGES = f"{_HERE}test_lists.py::test_pages_hold_each_once_and_in_order"
FILTERS = f"{_HERE}test_lists.py::test_filters_leave_out_what_was_not_asked_for"
INTERVAL = f"{_HERE}test_schedules.py::test_an_interval_starts_one_run_at_a_time_until_its_end"
CRON = (
    f"{_HERE}test_schedules.py::test_a_cron_expression_is_due_when_it_says_and_not_while_disabled"
)
MISSED = f"{_HERE}test_schedules.py::test_missed_starts_are_made_up_for"
LAST_MISSED = f"{_HERE}test_schedules.py::test_of_missed_starts_the_last_one_alone_is_made_up_for"
LATEST = f"{_HERE}test_schedules.py::test_a_schedule_follows_the_latest_version_or_stays_with_one"
SHOWN = f"{_HERE}test_ui.py::test_logs_and_artifacts_of_a_task_are_shown"
ACTIONS = f"{_HERE}test_access.py::test_strangers_are_refused_each_action_and_nothing_has_changed"

CHECKS: dict[str, dict[str, str]] = {
    "archive-lost": {
        ARCHIVED_RUN: r"run \S+ was archived, and is listed among what is available",
        ARCHIVED_EXPERIMENT: r"experiment kf-archive-\S+ was archived, and is not",
    },
    "artifact-lost": {SHOWN: r"the UI does not show the artifact of task written: \d+"},
    "cache-forced": {CLONED: r"run clone-of-saying-\S+ ended SUCCEEDED, but task say was not r"},
    "catch-up-swapped": {
        MISSED: r"saying-\S+ \(every 2 s\) to have started 3 runs; last state: 1 runs",
        LAST_MISSED: r"saying-\S+ is not to catch up, and has made up for 3 starts",
    },
    "filters-ignored": {
        FILTERS: r"asked for kf-list-\S+ alone, the pipelines API lists \[\['Default'",
        PAGES + "[asc-False]": r"pages of 2 are \[\[",
        PAGES + "[desc-True]": r"the list has no end|pages of 2 are \[\[",
    },
    "latest-version-ignored": {
        LATEST: r"saying-\S+ follows the latest, and runs \['the first version'"
    },
    "lists-unsorted": {
        PAGES + "[asc-False]": r"assert \['kf-list-",
        PAGES + "[desc-True]": r"assert \['kf-list-",
    },
    "pipelines-open": {
        f"{ACTIONS}[experiments]": r"experiments are open to all: \S+ account \S+ may list them",
        f"{ACTIONS}[runs]": r"runs are open to all: the account \S+ may list them",
        f"{ACTIONS}[recurringruns]": r"recurringruns are open to all: the account \S+ may list",
    },
    "retry-ignored": {RETRIED: r"run failing-first-\S+ ended FAILED, not SUCCEEDED"},
    "schedule-endless": {MISSED: r"saying-\S+ ends at \S+, and was due after that, too: \["},
    "schedule-lost": {
        MISSED: r"saying-\S+ \(every 2 s\) to have started 3 runs; last state: 0 runs",
        INTERVAL: r"saying-late-\S+ \(every 2 s\) to have started 2 runs; last state: 0 runs",
    },
    "schedule-not-disabled": {CRON: r"saying-\S+ is disabled, and has started \d+ runs"},
    "schedule-overlaps": {INTERVAL: r"may have one run at a time, and has had several at once"},
    "terminate-ignored": {TERMINATED: r"waiting for run waiting-\S+ to end; last state: RUNNING"},
}
