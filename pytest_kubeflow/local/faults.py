"""Named faults: ways in which the embedded cluster can be made to go wrong.

Tests switch them on to see a check go red, users to see what a red report looks like. A fault is
on from the start (`--kf-local-fault NAME`) or from the moment that the ConfigMap `embedded-faults`
in `kube-system` has a key of its name with the value "on", until it has no longer.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

_OF_COMPONENTS: dict[str, str] = {
    "any-password": "Dex takes any password for a user whom it knows",
    "api-503": "the pipelines API answers 503 to every third request",
    "archive-lost": "what is archived stays where it was",
    "artifact-lost": "artifacts of tasks are reported as stored, but are not",
    "artifacts-open": "the pipelines UI hands out artifacts of any namespace to every known user",
    "cache-forced": "tasks come out of the cache though it is turned off for them",
    "cache-ignored": "tasks run again though they are in the cache",
    "canary-ignored": "a canary gets none of the requests that its share promises",
    "catch-up-swapped": (
        "recurring runs make up for missed starts if they are not to, and else do not"
    ),
    "claim-in-use-deleted": "the volumes web app deletes claims that pods use",
    "claim-pending": "persistent volume claims are never bound",
    "conditions-ignored": "conditions count as met: all branches of a pipeline are taken",
    "dashboard-open": "the central dashboard is open to all, without a login",
    "dead-store": "the object store is down",
    "dex-down": "Dex does not answer, so nobody new logs in",
    "executor-forbidden": "Argo's executor has no right to write what a task came to",
    "exit-tasks-lost": "tasks that follow failures are left out, as are those of exit handlers",
    "filters-ignored": "sorted lists of the pipelines API hold what was not asked for",
    "foreign-idp": "Dex's only connector leads to another company's sign-in page",
    "gpus-leaked": "pods that ask for no GPU see all of their node",
    "gpus-missing": "pods get one GPU fewer than they ask for",
    "gpus-shared": "a GPU is given to several pods at once",
    "digest-ignored": "nodes take another image of the same name for one that is named by digest",
    "image-kept": "nodes do not ask for images again that they have, whatever their pull policy",
    "image-layers-lost": "nodes leave out what was added to an image of theirs",
    "image-pull": "no image can be pulled",
    "katib-delete-across-namespaces": (
        "Katib's UI waits for all namespaces when it deletes, and tells of their experiments"
    ),
    "katib-metrics-lost": "Katib keeps the first value alone of what a trial reports",
    "katib-no-injection": "Katib's webhook adds no collector to the pods of trials",
    "katib-open": "Katib's UI is open to all, without a login or rights",
    "katib-parallel-ignored": "Katib runs more trials at once than an experiment allows",
    "katib-space-ignored": "Katib suggests numbers that are outside of the search space",
    "katib-trials-forgotten": "experiments lose sight of a trial that has ended, and make one more",
    "katib-wrong-optimum": "Katib calls the worst trial of an experiment its best",
    "keys-rotated": "Dex signs with a new key, which the gateway has not read yet",
    "keys-shared": "the object store keys of one profile open the objects of all",
    "latest-version-ignored": "recurring runs stay with the first version of their pipeline",
    "limits-ignored": "pods are not held to their limits of CPU and memory",
    "lineage-lost": "ML Metadata is not told which artifacts tasks read",
    "lists-unsorted": "lists of the pipelines API are in another order than was asked for",
    "log-cut": "container logs are cut off in the middle",
    "login-down": "oauth2-proxy does not answer, so the gateway refuses whoever has no token",
    "metadata-lost": "artifacts are handed on without the metadata that tasks gave them",
    "model-registry-forgets": "what is registered is accepted, and not kept",
    "model-registry-open": "the gateway lets everybody at the Model Registry",
    "model-registry-overwrites": "a version that is registered twice is there twice",
    "model-registry-texts": "numbers and truths that are registered become texts",
    "notebook-never-ready": "Notebooks never say that they are ready, whatever their pods do",
    "notebook-not-stopped": "notebooks that are stopped go on",
    "notebook-open": "the gateway lets everybody reach notebooks",
    "notebook-prefix": "notebooks answer under another path than the gateway asks them for",
    "node-pressed": "the node says that it runs out of memory while several pods run on it",
    "object-corrupt": "objects come back from the object store with a byte changed",
    "order-ignored": "tasks start without waiting for the tasks that they depend on",
    "package-account-ignored": "packages of KFP 1 are run by the default account of the namespace",
    "pipeline-exposed": "private pipelines are listed as public ones too",
    "pipeline-lost": "uploaded pipelines are accepted, but not kept",
    "pipelines-open": "the pipelines API is open to all, without a login or rights",
    "platform-ignored": "nodes take images for other platforms than theirs",
    "pull-secrets-ignored": "images are pulled without the pull secrets of pods",
    "poddefault-ignored": "pods get nothing of the PodDefaults that select them",
    "predictor-503": "the gateway answers 503 for every predictor",
    "predictor-wrong": "numbers that predictors answer are off by one",
    "rbac-open": "Kubernetes lets every known user do everything",
    "registry-open": "the registry gives images to all, without a login",
    "requests-ignored": "the scheduler does not ask whether a node has what a pod requests",
    "retry-ignored": "runs that are to be retried stay as they ended",
    "runs-doubled": "a run that is submitted is there twice, as of a gateway that repeats requests",
    "runs-lost": "runs that are submitted while others are in flight are accepted, and not kept",
    "run-stuck-pending": "runs are accepted, but none of their pods is made",
    "schedule-endless": "recurring runs go on after their end",
    "schedule-lost": "recurring runs are accepted, and never due",
    "schedule-not-disabled": "recurring runs that are disabled go on",
    "schedule-overlaps": "recurring runs have more runs at once than they may",
    "secret-keys-swapped": "variables of tasks have each other's keys of a Secret",
    "secret-leaks": "the logs of tasks begin with all of their variables",
    "secrets-optional": "tasks start without the Secrets that they need",
    "secrets-required": "tasks do not start without Secrets that they can do without",
    "serving-asleep": "services that have gone to zero do not come back when they are asked",
    "serving-false-ready": "InferenceServices say that they are ready, whatever their models do",
    "serving-gap": "an updated predictor ends before the new one serves",
    "serving-never-ready": "InferenceServices never become ready",
    "serving-open": "the gateway lets everybody reach predictors",
    "serving-stale": "an updated InferenceService goes on serving its old model",
    "session-not-kept": "oauth2-proxy does not know the sessions again that it has given",
    "store-any-key": "the object store takes any access key",
    "tags-ignored": "the registry has its newest image under each tag that is asked for",
    "task-hangs": "tasks never end",
    "tensorboard-empty": "TensorBoards look for logs where there are none",
    "tensorboard-left": "what is made of a Tensorboard stays when that is deleted",
    "tensorboard-open": "the gateway lets everybody reach TensorBoards",
    "tensorboards-ignored": "no controller takes Tensorboards up",
    "terminate-ignored": "runs that are to be terminated go on",
    "tokens-ageless": "the gateway takes tokens whose time is over",
    "tokens-unverified": "the gateway takes tokens without looking at their signature",
    "training-false-complete": "a TrainJob and its JobSet are complete though a node has failed",
    "training-ignored": "no controller takes TrainJobs up",
    "training-no-dns": "pods of a JobSet are not found by their names",
    "training-open": "every known user reads and writes TrainJobs of all namespaces",
    "training-patches-ignored": "TrainJobs cannot change their pods, which get a mesh's proxy",
    "training-ranks-equal": "all nodes of a TrainJob are told that they are the first",
    "training-restart-ignored": "nodes of a TrainJob that have failed are not made again",
    "training-sidecars-block": "pods of TrainJobs have a proxy that never ends, unless they say no",
    "training-stuck": "JobSet's webhook is dead, so that TrainJobs have no status",
    "training-suspend-ignored": "TrainJobs that are suspended run all the same",
    "training-unchecked": "Trainer's webhook lets every TrainJob through",
    "training-world-one": "each node of a TrainJob is told that it is the only one",
    "userid-trusted": "the gateway believes what a client says of itself in kubeflow-userid",
    "viewer-left": "the volumes web app leaves the viewer of a claim that it deletes",
    "viewer-open": "the gateway lets everybody reach the viewers of volumes",
    "volume-lossy": "what a pod writes to a volume is gone when the pod ends",
    "volumes-open": "the volumes web app is open to all, without a login or rights",
    "workflow-claims-left": "claims that Workflows have for themselves stay after success",
    "workflow-failures-ignored": "what depends on a failed node of a Workflow is run all the same",
    "workflow-items-lost": "loops of Workflows leave out the last item of their list",
    "workflow-one-by-one": "Workflows run one pod at a time",
    "workflow-progress-lost": "Workflows do not say how many of their pods have succeeded",
    "workflow-retries-lost": "nodes of Workflows have one attempt, whatever their retryStrategy",
    "workflow-rights-ignored": "a Workflow's executor needs no rights of its account",
    "workflows-left": "Workflows of runs that are deleted stay",
    "workflows-ignored": "no workflow controller takes Workflows up",
    "wrong-output": "numbers that tasks return are off by one",
}


OF_PLATFORMS: dict[str, str] = {
    "api-service-unavailable": "an aggregated API does not answer",
    "application-not-answering": "the central dashboard has no pods",
    "artifact-keys-refused": "a profile has the keys of the object store of before",
    "ca-bundle-empty": "KServe's webhook has a bundle of authorities that holds none",
    "ca-bundle-wrong": "KServe's webhook has the authority of another certificate",
    "certificate-expired": "the certificate of KServe's webhook has expired",
    "certificate-expires-soon": "the certificate of KServe's webhook ends in five days",
    "certificate-name-wrong": "the certificate of KServe's webhook is one for another name",
    "certificate-not-ready": "cert-manager cannot make a certificate, for want of its issuer",
    "certificate-unreadable": "the gateway's Secret holds what is no certificate",
    "clock-skew": "the node's clock is two minutes behind the API server's",
    "container-config-refused": "ml-pipeline wants a Secret that there is not",
    "container-not-created": "the volumes web app's image has no such program as its pod asks for",
    "controller-missing": "there are InferenceServices and no KServe controller",
    "conversion-unreachable": "a kind has two versions, and nobody translates between them",
    "crd-not-established": "a definition is not taken up, for its names are another's",
    "csrf-cookie-secure": "the volumes web app gives its cookie for https alone",
    "dashboard-access-denied": "the dashboard's calls are refused by the mesh",
    "default-password-valid": "users have the example installation's password",
    "deployment-mode-old": "an InferenceService names a deployment mode as it was called before",
    "executor-setting-obsolete": "Argo is told to use an executor that it has no longer",
    "gateway-certificate-expires": "the certificate of the gateway ends in five days",
    "gateway-certificate-name-wrong": "the certificate of the gateway is one for another host",
    "gateway-shadowed": "a second Gateway is for the same hosts and ports",
    "global-deny-missing": "no policy of the mesh denies what is not allowed",
    "global-deny-without-exceptions": "the mesh's policies let nobody through the gateway",
    "image-not-pulled": "the persistence agent's image is not where it was",
    "image-platform-missing": "the persistence agent's image is not for this platform",
    "image-rate-limited": "the persistence agent's registry gives no more images for now",
    "inotify-exhausted": "ml-pipeline crashes, as the node lets it watch no more files",
    "issuer-not-configured": "the gateway takes no tokens of the API server's issuer",
    "job-failed": "a Job of the installation has failed",
    "job-kept-by-sidecar": "a Job has done its work, and its proxy runs on",
    "jobset-webhook-behind-sidecar": "the proxy in JobSet's pod ends calls of its webhook",
    "jwks-key-unknown": "the same as keys-rotated",
    "jwks-proxy-crashing": "the proxy of the API server's keys crashes",
    "katib-database-old": "Katib's database is of a release that its server does not read",
    "kubelet-version-differs": "a second node has a kubelet of five releases ago",
    "load-balancer-pending": "the gateway's load balancer gets no address",
    "menu-link-wrong": "an entry of the dashboard's menu leads to no application",
    "metadata-schema-missing": "ML Metadata's database is there and has no schema",
    "metrics-injection-off": "Katib collects no metrics in a profile",
    "mpijobs-two-owners": "two operators are for MPIJobs, one of them without its version",
    "mutual-tls-disabled": "the gateway speaks no TLS to ml-pipeline-ui",
    "mutual-tls-without-proxy": "ml-pipeline-ui has no proxy, and is spoken to in mutual TLS",
    "mysql-volume-unwritable": "MySQL may not write to its volume after an upgrade",
    "namespace-not-ending": "a namespace that was deleted is kept by a finalizer in it",
    "no-default-class": "no storage class is the default one",
    "node-cordoned": "a second node takes no new pods",
    "node-not-ready": "a second node is not heard of any more",
    "node-under-pressure": "a second node has no room on its disk",
    "notebook-home-not-kept": "a notebook has its volume elsewhere than at its home",
    "notebook-not-listening": "a notebook runs, and nothing in it listens",
    "out-of-memory": "the controller of recurring runs needs more memory than it may have",
    "pod-crash-looping": "ml-pipeline-ui crashes right after each start",
    "pod-evicted": "a pod was evicted, since it wrote more than its volume may hold",
    "pod-not-ending": "a pod that was deleted is kept by its finalizer",
    "pod-security-refused": "the workflow controller's pods ask for more than their namespace lets",
    "pod-unschedulable": "the dashboard's pod wants a node that there is not",
    "profile-failed": "a Profile's namespace is somebody else's",
    "profile-pieces-missing": "a profile has no keys and settings of pipelines",
    "provisioner-missing": "nobody makes volumes of a storage class",
    "proxy-late": "profiles-deployment starts before its proxy, and reaches nothing",
    "proxy-version-differs": "the volumes web app has the proxy of another release",
    "rollout-stuck": "a new release of ml-pipeline-ui does not come up, the old one serves",
    "several-default-classes": "two storage classes are the default one",
    "stored-version-not-served": "InferenceServices were stored in a version that is not served",
    "strict-mutual-tls": "the mesh refuses callers without a proxy",
    "task-results-forbidden": "the same as executor-forbidden",
    "upgrade-leftover": "the dashboard of a former release runs beside the new one",
    "user-not-detected": "the volumes web app is not told who asks",
    "versions-mixed": "the Spark operator is of another release than the rest",
    "volume-on-another-node": "a notebook's volume is on a node that is gone",
    "webhook-duplicate": "two webhook configurations are for the same",
    "webhook-fails": "KServe's webhook does not know the path at which it is called",
    "webhook-leftover": "the webhook of a former release is asked about pods, and is gone",
    "webhook-no-endpoints": "the Service of KServe's webhook leads to no pods",
    "webhook-times-out": "KServe's webhook does not answer in time",
    "workload-not-ready": "the volumes web app never becomes ready",
    "workload-without-pods": "the persistence agent's Deployment can make no pods",
}
"""What is wrong with a platform, as `platform/faults` makes it."""

FAULTS = dict(sorted((_OF_COMPONENTS | OF_PLATFORMS).items()))


def no_such_fault(name: str) -> str:
    """The line for a name that is none, with the one that was meant."""
    close = difflib.get_close_matches(name.lower().replace("_", "-"), FAULTS, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    return f"there is no fault {name!r}; {meant}valid: {', '.join(FAULTS)}"


ALIASES = {
    "jwks-key-unknown": "keys-rotated",
    "task-results-forbidden": "executor-forbidden",
}
"""Faults of platforms that components have under a name of their own."""

CONFIG_MAP = ("kube-system", "embedded-faults")

IN_EFFECT = "kubeflow.local/in-effect"
"""Annotation of that ConfigMap: the faults that are made by now, with commas between them.

What a component does wrong begins at once; what is wrong with a platform may take some seconds.
"""


class Faults:
    """The set of faults that are on now. Components ask `active` at the moment of action."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._active: frozenset[str] = frozenset()
        self._listeners: list[Callable[[], None]] = []
        self.replace(names)

    def active(self, name: str) -> bool:
        if name not in FAULTS:
            raise ValueError(no_such_fault(name))
        return name in self._active

    @property
    def names(self) -> frozenset[str]:
        return self._active

    def replace(self, names: Iterable[str]) -> None:
        """Make exactly `names` active. Raises ValueError for a name that is not in FAULTS."""
        chosen = frozenset(names)
        if unknown := sorted(chosen - FAULTS.keys()):
            raise ValueError(no_such_fault(unknown[0]))
        chosen |= {ALIASES[name] for name in chosen & ALIASES.keys()}
        if chosen != self._active:
            self._active = chosen
            for listener in self._listeners:
                listener()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change of the set; it must not block."""
        self._listeners.append(listener)
