"""skip_for: a skip that names its cause, so that it can be required, allowed and counted."""

from __future__ import annotations

from typing import NoReturn

from _pytest import outcomes  # pytest.skip.Exception has no type

from pytest_kubeflow.config.components import COMPONENTS, missing

CAUSES = {
    **{component: missing(component) for component in COMPONENTS},
    "accounts": "no tokens of service accounts",
    "brief-tokens": "no token that ends soon",
    "gateway": "no gateway to log in at",
    "gpu-library": "no PyTorch or CuPy",
    "idle-cpu": "no idle CPU",
    "limits": "limits not enforced",
    "login": "no login as a person",
    "multi-user": "no users to tell apart",
    "nodes": "nodes may not be listed",
    "not-asked": "only when asked for",
    "not-left": "nothing was left before the upgrade",
    "owner-login": "no login as the owner",
    "package-index": "no package index",
    "platform-parts": "parts of the platform are not installed",
    "platform-rights": "parts of the platform may not be read",
    "profile-keys": "no keys of the profile",
    "profiles": "no second profile",
    "public-pipelines": "no right to public pipelines",
    "model-registry": "no Model Registry",
    "registry": "no registry to push to",
    "registry-login": "no login at the registry",
    "runtimes": "no right to runtimes of our own",
    "sidecars": "no sidecars",
    "slow": "only with --kf-slow",
    "stored-artifacts": "artifacts of runs alone are shown",
    "torch": "no PyTorch",
    "trainer": "no Kubeflow Trainer",
    "training-operator": "no legacy training operator",
}
"""The causes of skips in the shipped suites, and how the last line calls them; others are called
by their own names."""


class Skipped(outcomes.Skipped):
    """A skip with its `cause`."""

    __module__ = "builtins"  # as pytest's own: so it is called in reports

    def __init__(self, cause: str, reason: str) -> None:
        super().__init__(reason, _use_item_location=True)
        self.cause = cause


def skip_for(cause: str, reason: str) -> NoReturn:
    """Skip the test for want of `cause`, such as "gpu"; `reason` is a sentence for people.

    The cause is what `--kf-allow-skip` and `--kf-require` take, and what the session's last line
    counts by. A test that skips by `pytest.skip` has no cause, and is counted by its reason.
    """
    __tracebackhide__ = True
    raise Skipped(cause, reason)
