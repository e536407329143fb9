"""Images, broken."""

from __future__ import annotations

from tests.platform.broken.fault import Broken, waiting
from tests.platform.objects import (
    a_warning,
)


def broken() -> dict[str, Broken]:
    """By code."""
    found: dict[str, Broken] = {}
    found["KF701"] = waiting(
        "ImagePullBackOff",
        'Back-off pulling image "gcr.io/x/y:1"',
        "Deployment kubeflow/katib-ui waits for image gcr.io/x/y:1: it cannot be pulled",
        image="gcr.io/x/y:1",
    )
    found["KF702"] = waiting(
        "ImagePullBackOff",
        'Back-off pulling image "mysql:8"',
        "Deployment kubeflow/katib-ui waits for image mysql:8: docker.io gives out no more for now",
        a_warning(
            "Pod",
            "katib-ui-1-x",
            "Failed",
            'Failed to pull image "mysql:8": toomanyrequests: You have reached your limit.',
        ),
        image="mysql:8",
    )
    found["KF703"] = waiting(
        "ErrImagePull",
        "no matching manifest for linux/arm64/v8 in the manifest list entries",
        "Deployment kubeflow/katib-ui cannot run on node-a: there is no image docker.io/x/y:1 for "
        "its architecture",
    )
    return found
