"""Why an image is not pulled, as one sentence with what to do.

Words: containerd 1.6 to 2.1 and CRI-O 1.30, as the kubelet passes them on in the state of a
container; and those of the kubelet itself (pkg/kubelet/images).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_kubeflow.config.imagereference import ImageReference

_LOGIN = (
    "give the pod a Secret of type kubernetes.io/dockerconfigjson (kfp.kubernetes."
    "set_image_pull_secrets, or imagePullSecrets of its service account)"
)
_TABLE: Sequence[tuple[str, str]] = (
    (
        r"no match(?:ing manifest)? for (?:platform|\S+/\S+)|no image found in (?:image index|"
        r"manifest list)",
        "there is none of it for the architecture of the node: build it for that as well",
    ),
    (
        r"toomanyrequests|429 too many requests",
        "its registry has had too many requests for now: log in there, or take a mirror "
        "(--kf-image-mirror)",
    ),
    (
        r"401 unauthorized|authentication required|unauthorized:|no basic auth credentials|"
        r"authorization failed",
        f"its registry lets nobody in without a login, or not with this one: {_LOGIN}",
    ),
    (
        r"403 forbidden|denied: |insufficient_scope|access (?:to the resource )?is denied",
        f"its registry does not give it to this login: {_LOGIN}",
    ),
    (
        r"server gave http response to https client",
        "its registry speaks plain http, which nodes take from loopback alone: give it a "
        "certificate, or allow it in the container runtime of each node (hosts.toml)",
    ),
    (
        r"x509: |certificate",
        "its registry shows a certificate that the node does not trust: add its authority to the "
        "container runtime of each node (hosts.toml)",
    ),
    (r"no such host", "the name of its registry is not known where the nodes are"),
    (r"connection refused|i/o timeout|no route to host", "its registry does not answer the node"),
    (
        r"unexpected media type text/html|invalid character '<'",
        "what answers there is no registry: it sends a page of HTML",
    ),
    (
        r"status code \[[^\]]*\]: 5\d\d|5\d\d (?:internal server error|bad gateway|service)",
        "its registry is broken or away for now",
    ),
    (
        r"not present with pull policy of never",
        "it is not on the node, and may not be pulled (imagePullPolicy Never)",
    ),
    (r"invalid reference format|invalidimagename", "its name is not valid"),
    (r"not found|manifest unknown|name unknown|does not exist", ""),
)


def why_not_pulled(image: str, words: str) -> str:
    """One sentence about an image that is not pulled, and the node's own words after it."""
    message = " ".join(words.split())
    for signs, sentence in _TABLE:
        if re.search(signs, message, re.IGNORECASE):
            found = sentence or _missing(image)
            return f"the image {image} is not pulled: {found} ({message})"
    return f"the image {image} is not pulled ({message})"


def _missing(image: str) -> str:
    try:
        reference = ImageReference.parse(image)
    except ValueError:
        return "there is none of this name"
    what = f"digest {reference.digest}" if reference.digest else f"tag {reference.version}"
    return f"{reference.name} has no {what} at its registry, or is not there at all"
