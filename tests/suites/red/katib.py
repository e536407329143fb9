"""The checks of suites/katib, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

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

CHECKS: dict[str, dict[str, str]] = {
    "katib-metrics-lost": {
        OBSERVED: r"Train-accuracy of trial \S+ is None in its status; with \{'lr': ",
        IN_DATABASE: r"Train-accuracy of trial \S+ is None in the database; with \{'lr': ",
        STOPPED: r"assert \d+\.\d+ == \d+\.\d+",
    },
    "katib-no-injection": {
        GOAL: (
            r"will not end: trial \S+: its Job is complete, and it stays Running without "
            r"metrics: its pod has no metrics collector, since Katib's webhook"
        ),
        SILENT: (
            r"will not end: trial \S+: its Job is complete, and it stays Running without "
            r"metrics: its pod has no metrics collector, since Katib's webhook"
        ),
        STOPPED: (
            r"will not end: trial \S+: its Job is complete, and it stays Running without "
            r"metrics: its pod has no metrics collector, since Katib's webhook"
        ),
        LOGGED: (
            r"will not end: trial \S+: its Job is complete, and it stays Running without "
            r"metrics: its pod has no metrics collector, since Katib's webhook"
        ),
        SERVICE_GONE: (
            r"will not end: trial \S+: its Job is complete, and it stays Running without "
            r"metrics: its pod has no metrics collector, since Katib's webhook"
        ),
        KATIB_LISTED: (
            r"will not end: trial \S+: its Job is complete, and it stays Running without "
            r"metrics: its pod has no metrics collector, since Katib's webhook"
        ),
    },
    "katib-open": {
        KATIB_STRANGERS: r"the list of experiments is open to all: an unauthenticated client",
        KATIB_ACCOUNTS: r"the list of experiments is open to all: the account \S+ is allowed",
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
        BEST: (
            r"the best trial is said to be \S+ with Validation-accuracy \S+, and another "
            r"one has"
        ),
        TUNED: r"is said to be the best of \{",
    },
}
