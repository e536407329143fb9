"""The checks of suites/load, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

_HERE = "load/test_runs.py::"
BORNE = f"{_HERE}test_the_cluster_withstands_it"
RESULTS = f"{_HERE}test_each_run_succeeds_with_its_own_result"
ALL_THERE = f"{_HERE}test_no_run_is_lost_or_there_twice"
WAITS = f"{_HERE}test_what_runs_waited_for_is_known"
REMOVED = f"{_HERE}test_nothing_of_it_is_left"

CHECKS: dict[str, dict[str, str]] = {
    "api-503": {
        BORNE: (
            r"the load was ended early: the pipelines API refused \d+ of \d+ requests \(503 \d+x\)"
        ),
    },
    "executor-forbidden": {
        RESULTS: r"run kf-load-\S+ ended FAILED, not SUCCEEDED: task .*; and 3 more runs",
    },
    "node-pressed": {
        BORNE: (
            r"the load was ended early: node \S+ says MemoryPressure \(kubelet has insufficient mem"
        ),
    },
    "run-stuck-pending": {
        BORNE: r"the load was ended early: after 10 s 6 of 6 runs had not ended",
        WAITS: r"run kf-load-\S+: none of its pods was seen",
    },
    "runs-doubled": {
        ALL_THERE: r"run \S+ is there, and was not submitted",
    },
    "runs-lost": {
        ALL_THERE: r"accepted, and not listed: kf-load-\S+",
    },
    "workflows-left": {
        REMOVED: r"still there after its removal: Workflow doubling-\S+",
    },
    "wrong-output": {
        RESULTS: r"run kf-load-\S+ was to double 0, and returned 1",
    },
}
