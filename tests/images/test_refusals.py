"""Each refusal of a node is one sentence that says what to do.

The words are those of containerd 1.6.20 behind a kubelet 1.34.4, asked for images of
docker-registry 2.8.2 and of servers that answer otherwise; of CRI-O and of later releases of
containerd as their sources have them.
"""

from __future__ import annotations

import pytest

from pytest_kubeflow.images.refusals import why_not_pulled

IMAGE = "127.0.0.1:5000/a/tool:1"
FAILED = f'failed to pull and unpack image "{IMAGE}": '
RESOLVING = f'{FAILED}failed to resolve reference "{IMAGE}": '
STATUS = f"{RESOLVING}pulling from host 127.0.0.1:5000 failed with status code [manifests 1]: "
WORDS = {
    f"rpc error: code = NotFound desc = {RESOLVING}{IMAGE}: not found": "has no tag 1",
    f"rpc error: code = NotFound desc = {FAILED}no match for platform in manifest: not found": (
        "there is none of it for the architecture of the node"
    ),
    f"{STATUS}401 Unauthorized": "lets nobody in without a login",
    f"{STATUS}403 Forbidden": "does not give it to this login",
    f"{STATUS}429 Too Many Requests": "has had too many requests",
    f"{STATUS}500 Internal Server Error": "is broken or away for now",
    f"{STATUS}503 Service Unavailable": "is broken or away for now",
    f'{RESOLVING}failed to do request: Head "https://r:5000/v2/a/tool/manifests/1": http: server '
    "gave HTTP response to HTTPS client": "its registry speaks plain http",
    f'{RESOLVING}failed to do request: Head "http://r:5000/v2/a/tool/manifests/1": dial tcp '
    "127.0.0.1:5999: connect: connection refused": "does not answer the node",
    f'{RESOLVING}failed to do request: Head "https://r.test/v2/a/tool/manifests/1": dial tcp: '
    "lookup r.test on 10.255.255.53:53: no such host": "the name of its registry is not known",
    f"rpc error: code = NotFound desc = {FAILED}failed to unpack image on snapshotter overlayfs: "
    f"unexpected media type text/html for sha256:{'6' * 64}: not found": "a page of HTML",
    f'Container image "{IMAGE}" is not present with pull policy of Never': "may not be pulled",
    f"{RESOLVING}failed to authorize: failed to fetch anonymous token: unexpected status from GET "
    "request to https://auth.docker.io/token: 401 Unauthorized": "lets nobody in without a login",
    f"{RESOLVING}pull access denied, repository does not exist or may require authorization: "
    "server message: insufficient_scope: authorization failed": "lets nobody in without a login",
    "reading manifest 1 in r.example/a/tool: manifest unknown": "has no tag 1",
    "reading manifest 1 in r.example/a/tool: unauthorized: authentication required": (
        "lets nobody in without a login"
    ),
    'choosing image instance: no image found in image index for architecture "amd64"': (
        "there is none of it for the architecture of the node"
    ),
    f'{RESOLVING}failed to do request: Head "https://r/v2/": tls: failed to verify certificate: '
    "x509: certificate signed by unknown authority": "a certificate that the node does not trust",
    "toomanyrequests: You have reached your unauthenticated pull rate limit": "too many requests",
}


@pytest.mark.parametrize("words", WORDS)
def test_the_sentence(words: str) -> None:
    found = why_not_pulled(
        IMAGE, f"ImagePullBackOff: Back-off pulling image: ErrImagePull: {words}"
    )
    assert found.startswith(f"the image {IMAGE} is not pulled: ")
    assert WORDS[words] in found
    assert words in found
    assert "\n" not in found


def test_words_that_nobody_knows_are_told_as_they_are() -> None:
    found = why_not_pulled(IMAGE, "the\ndog ate it")
    assert found == f"the image {IMAGE} is not pulled (the dog ate it)"
