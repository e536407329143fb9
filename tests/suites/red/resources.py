"""The checks of suites/resources, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

CPU = "resources/test_enforcement.py::test_half_a_cpu_computes_half_the_time"
OOM = "resources/test_enforcement.py::test_too_much_memory_ends_oomkilled"
ENOUGH = "resources/test_enforcement.py::test_enough_memory_ends_well"
LIMITS = "resources/test_limits.py::test_limits_arrive[500m-256Mi]"
NO_CPU = "resources/test_placement.py::test_request_that_no_node_meets[cpu-9999]"
NO_MEMORY = "resources/test_placement.py::test_request_that_no_node_meets[memory-9999Ti]"
GPU = "resources/test_gpu.py::test_"

CHECKS: dict[str, dict[str, str]] = {
    "gpus-leaked": {
        f"{GPU}who_asks_for_none_sees_none": r"asked for no GPU and sees \['GPU-0",
    },
    "gpus-missing": {
        f"{GPU}count_and_product[2]": r"asked for 2 GPUs and sees \['GPU-0[^,]*\]",
        f"{GPU}every_node": r"kubeflow-local: task look-1 of run \S+ asked for 4, 3 GPUs",
    },
    "gpus-shared": {
        f"{GPU}side_by_side": r"have the same GPU at the same time: \['GPU-0",
    },
    "limits-ignored": {
        CPU: r"task measure of run \S+ has no limit of CPU, 500m expected",
        OOM: r"took 600 MiB with a limit of 256Mi, and is SUCCEEDED",
        LIMITS: r"has a CPU quota of None, 500m CPUs expected",
    },
    "requests-ignored": {
        NO_CPU: r"no node has 9999 of cpu, yet the run is FAILED",
        NO_MEMORY: r"no node has 9999Ti of memory, yet the run is FAILED",
    },
    "run-stuck-pending": {
        ENOUGH: r"timed out after 4 s waiting for run .*; last state: ",
    },
}
