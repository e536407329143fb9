"""The checks of suites/training, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

RANKS = "training/test_all_reduce.py::test_every_rank_is_there_once"
WORLDS = "training/test_all_reduce.py::test_all_know_how_many_they_are"
HOSTS = "training/test_all_reduce.py::test_they_hear_each_other_by_their_hosts"
SUMS = "training/test_all_reduce.py::test_all_have_the_right_sum"
ENDED = "training/test_all_reduce.py::test_the_object_says_how_it_ended"
MODEL = "training/test_digits.py::test_two_nodes_come_to_a_good_model"
SAME_MODEL = "training/test_digits.py::test_two_nodes_come_to_the_model_of_one"
FAILS = "training/test_endings.py::test_a_node_that_fails_makes_it_fail"
SUSPENDED = "training/test_endings.py::test_suspended_it_has_no_pods_and_resumed_it_runs"
DIES = "training/test_endings.py::test_a_node_that_dies_is_made_again"
RETRIED = "training/test_endings.py::test_a_job_that_failed_is_tried_again"
TORCH = "training/test_torch.py::test_gloo_adds_up_what_ranks_have"
OWNER = "training/test_access.py::test_the_rights_of_an_owner_suffice"
STRANGER = "training/test_access.py::test_a_stranger_is_refused"
QUOTA = "training/test_refusals.py::test_a_quota_is_told"
LIMIT = "training/test_refusals.py::test_a_limit_range_is_told"
RESERVED = "training/test_refusals.py::test_names_that_are_trainers_own_are_refused"
DEFAULT_ENDS = "training/test_sidecars.py::test_a_job_with_the_namespaces_default_ends"
NO_SIDECARS = "training/test_sidecars.py::test_jobs_that_want_none_have_none"
GPUS = "training/test_gpus.py::test_each_rank_has_a_gpu_of_its_own"
PYTORCH = "training/test_operator.py::test_a_pytorch_job_adds_up"
PYTORCH_FAILS = "training/test_operator.py::test_a_pytorch_job_with_a_bad_worker_fails"
TENSORFLOW = "training/test_operator.py::test_a_tf_job_adds_up"
MPI = "training/test_operator.py::test_the_launcher_of_an_mpi_job_reaches_its_workers"

CHECKS: dict[str, dict[str, str]] = {
    "gpus-shared": {
        GPUS: r"ranks of TrainJob \S+ share GPUs: \[\['GPU-",
    },
    "training-false-complete": {
        FAILS: r"is Complete, Failed expected: AllJobsCompleted",
    },
    "training-ignored": {
        QUOTA: r"nobody takes it up: it has no status, no pod and no event after 8 s; are its cont",
        SUMS: r"nobody takes it up: it has no status, no pod and no event after 8 s; are its contr",
    },
    "training-no-dns": {
        HOSTS: r"waiting for \S+-node-0-0\.\S+:29500: \[Errno -\d\] ",
    },
    "training-open": {
        STRANGER: r"training is open to all: the account \S+ makes TrainJob",
    },
    "training-patches-ignored": {
        NO_SIDECARS: r"wants no sidecars, and has \{'node-0': \['istio-proxy'\].* spec\.runtimeP",
    },
    "training-ranks-equal": {
        RANKS: r"two have rank 0: (\S+)-node-0-\d and \1-node-0-\d",
        MODEL: r"two have rank 0: (\S+)-node-0-\d and \1-node-0-\d",
        SAME_MODEL: r"two have rank 0: (\S+)-node-0-\d and \1-node-0-\d",
    },
    "training-restart-ignored": {
        DIES: r"is Failed, Complete expected: FailedJobs: ",
        RETRIED: r"is Failed, Complete expected: ReachedMaxRestarts: .*ended with exit code 3",
    },
    "training-sidecars-block": {
        DEFAULT_ENDS: (
            r"the program of node-0 has ended with exit code 0, and its pod \S+ goes on with istio-"
            r"proxy: keep the mesh out by the label sidecar\.istio\.io/inject: \"false\""
        ),
    },
    "training-stuck": {
        ENDED: (
            r"TrainJob \S+ cannot make what belongs to it for 8 s: .*mjobset\.kb\.io.*; the "
            r"admission webhook mjobset\.kb\.io does not answer, which is JobSet's"
        ),
        LIMIT: r"the admission webhook mjobset\.kb\.io does not answer, which is JobSet's",
    },
    "training-suspend-ignored": {
        OWNER: r"TrainJob \S+ was to be suspended, and is Complete \(AllJobsCompleted",
        SUSPENDED: r"TrainJob \S+ was to be suspended, and is Complete \(AllJobsCompleted",
    },
    "training-unchecked": {
        RESERVED: r"DID NOT RAISE .*TrainingFailed",
    },
    "training-world-one": {
        WORLDS: r"this is rank 1 in a world of 1",
    },
}

OF_OPERATOR: dict[str, dict[str, str]] = {
    "training-ranks-equal": {
        PYTORCH: r"two have rank 0: (\S+)-(?:master|worker)-0 and \1-(?:master|worker)-0",
        PYTORCH_FAILS: r"timed out after 20 s waiting for PyTorchJob \S+ to end",
        TENSORFLOW: r"two have rank 0: (\S+)-worker-[01] and \1-worker-[01]",
    },
    "training-world-one": {
        PYTORCH: r"PyTorchJob \S+ is over, and nothing was returned by worker-0",
        TENSORFLOW: r"(?:nothing was returned by worker-1|this is rank 1 in a world of 1)",
        MPI: r"MPIJob \S+: \{'listed': \['\S+-worker-0'\], 'answered'",
    },
}
"""The same where the training operator is installed, too."""

_NO_FAULT = "no fault of the embedded cluster shows it; test_training_checks.py has it see "
NOT_SEEN = {
    TORCH: f"it needs PyTorch; {_NO_FAULT}a sum that is wrong",
}
"""Checks that this project's own tests cannot see red on a cluster, and why."""
