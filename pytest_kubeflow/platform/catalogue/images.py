"""KF70x: images that the nodes cannot get."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

IMAGE_NOT_PULLED = Fault(
    code="KF701",
    name="image-not-pulled",
    severity=Severity.BROKEN,
    title="An image cannot be pulled",
    symptom=(
        "The pod is in ImagePullBackOff or ErrImagePull: the image is not there any more (paths at "
        "gcr.io/kubebuilder and gcr.io/ml-pipeline are gone), the registry asks for a login, or "
        "the node has no way to it."
    ),
    looked_at="Waiting containers, and the events Failed of their pods.",
    fix=(
        "Use an image that is there, from a newer release of the manifests or from a mirror; for a "
        "registry with a login add its Secret to the service account:\n"
        "    kubectl -n NAMESPACE create secret docker-registry regcred --docker-server=SERVER "
        "--docker-username=USER --docker-password=PASSWORD\n"
        "    kubectl -n NAMESPACE patch serviceaccount default -p "
        '\'{"imagePullSecrets":[{"name":"regcred"}]}\''
    ),
    source="kubernetes.io/docs/concepts/containers/images",
)

IMAGE_RATE_LIMITED = Fault(
    code="KF702",
    name="image-rate-limited",
    severity=Severity.BROKEN,
    title="A registry gives out no more images for now",
    symptom=(
        'The pod is in ImagePullBackOff: "toomanyrequests: You have reached your pull rate limit". '
        "Docker Hub counts by the address of the node, for those without a login."
    ),
    looked_at="Waiting containers, and the events Failed of their pods.",
    fix=(
        "Pull with a login, or from a mirror:\n"
        "    kubectl -n NAMESPACE create secret docker-registry regcred "
        "--docker-username=USER --docker-password=TOKEN\n"
        "    kubectl -n NAMESPACE patch serviceaccount default -p "
        '\'{"imagePullSecrets":[{"name":"regcred"}]}\''
    ),
    source="docs.docker.com/docker-hub/usage/pulls, kubeflow/community-distribution:README.md",
    signs=(r"toomanyrequests: ", r"(?i:reached your (unauthenticated )?pull rate limit)"),
)

IMAGE_PLATFORM_MISSING = Fault(
    code="KF703",
    name="image-platform-missing",
    severity=Severity.BROKEN,
    title="An image is not there for a node's kind of processor",
    symptom=(
        'The pull fails with "no matching manifest for linux/arm64" or "no match for platform in '
        'manifest", or the container ends with "exec format error". Some of Kubeflow\'s images are '
        "made for amd64 alone."
    ),
    looked_at="Waiting containers, the events Failed of their pods, and logs of what crashes.",
    fix=(
        "Use an image for this architecture, or keep the workload on nodes of another:\n"
        "    kubectl get nodes -L kubernetes.io/arch\n"
        "    kubectl -n NAMESPACE patch deployment NAME -p "
        '\'{"spec":{"template":{"spec":{"nodeSelector":{"kubernetes.io/arch":"amd64"}}}}}\''
    ),
    source="kubeflow/community-distribution:README.md (ARM64), kubeflow/manifests#2745",
    signs=(
        r"no matching manifest for \S+ in the manifest list",
        r"no match for platform in manifest",
        r"no image found in (image index|manifest list) for architecture",
        r"exec format error",
    ),
)

FAULTS = (IMAGE_NOT_PULLED, IMAGE_RATE_LIMITED, IMAGE_PLATFORM_MISSING)
