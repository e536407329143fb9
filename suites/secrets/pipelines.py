"""Pipelines whose task reads a Secret and a ConfigMap, and tells no more than digests.

The names of both are parameters, so that one compiled pipeline serves all tests.
"""

import kfp.kubernetes
from kfp import dsl

VARIABLES = {"password": "SECRET_PASSWORD", "token": "SECRET_TOKEN"}
"""Which variable has which key of the Secret."""

SETTINGS = {"mode": "SETTING_MODE"}
"""Which has which of the ConfigMap."""


@dsl.component(base_image="python:3.11")
def digests(variables: list, folders: list) -> dict:  # type: ignore[type-arg]
    """The SHA-256 of variables, and of all files of folders; what is not there is left out."""
    import hashlib
    import os
    import pathlib

    found = {}
    for name in variables:
        if name in os.environ:
            found[name] = hashlib.sha256(os.environb[name.encode()]).hexdigest()
    for folder in folders:
        path = pathlib.Path(folder)
        for file in sorted(path.iterdir()) if path.is_dir() else ():
            # Kubernetes keeps what it swaps in folders of a hidden name.
            if not file.name.startswith("."):
                found[str(file)] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


@dsl.component(base_image="python:3.11")
def keep(bucket: str, key: str, text: str) -> str:
    """Put `text` into the object store and read it back, by nothing but the environment.

    That is as SDKs of S3 do, which not every image has: a request is signed as AWS wants it
    (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
    """
    import datetime
    import hashlib
    import hmac
    import os
    import urllib.error
    import urllib.parse
    import urllib.request

    url = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
    region, account = os.environ["AWS_DEFAULT_REGION"], os.environ["AWS_ACCESS_KEY_ID"]
    path = urllib.parse.quote(f"/{bucket}/{key}")

    def ask(method: str, content: bytes) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        day, moment = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
        headers = {
            "host": url.netloc,
            "x-amz-content-sha256": hashlib.sha256(content).hexdigest(),
            "x-amz-date": moment,
        }
        names, scope = ";".join(headers), f"{day}/{region}/s3/aws4_request"
        found = [f"{name}:{value}" for name, value in headers.items()]
        plain = "\n".join([method, path, "", *found, "", names, headers["x-amz-content-sha256"]])
        digest = hashlib.sha256(plain.encode()).hexdigest()
        signing = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
        for part in (*scope.split("/"), "\n".join(["AWS4-HMAC-SHA256", moment, scope, digest])):
            signing = hmac.new(signing, part.encode(), "sha256").digest()
        credential = f"Credential={account}/{scope}, SignedHeaders={names}"
        headers["authorization"] = f"AWS4-HMAC-SHA256 {credential}, Signature={signing.hex()}"
        request = urllib.request.Request(  # noqa: S310 (the session's own store)
            f"{url.scheme}://{url.netloc}{path}",
            data=content if method == "PUT" else None,
            headers={name: value for name, value in headers.items() if name != "host"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (as above)
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            words = error.read().decode(errors="replace")
            raise SystemExit(f"the object store answers {error.code}: {words}") from None

    ask("PUT", text.encode())
    return ask("GET", b"").decode()


STORE_SECRET = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
STORE_SETTINGS = ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION")


@dsl.pipeline(name="keeping-an-object")
def keeping(secret: str, config_map: str, bucket: str, key: str, text: str) -> str:
    """A task puts an object into the store and reads it, with the keys of a Secret."""
    task = keep(bucket=bucket, key=key, text=text)
    kfp.kubernetes.use_secret_as_env(task, secret, {one: one for one in STORE_SECRET})
    kfp.kubernetes.use_config_map_as_env(task, config_map, {one: one for one in STORE_SETTINGS})
    return task.output


@dsl.pipeline(name="reading-secrets")
def reading(secret: str, config_map: str) -> dict:  # type: ignore[type-arg]
    """What a task finds of both, as variables and as files."""
    task = digests(
        variables=[*VARIABLES.values(), *SETTINGS.values()], folders=["/secret", "/settings"]
    )
    kfp.kubernetes.use_secret_as_env(task, secret, VARIABLES)
    kfp.kubernetes.use_secret_as_volume(task, secret, "/secret")
    kfp.kubernetes.use_config_map_as_env(task, config_map, SETTINGS)
    kfp.kubernetes.use_config_map_as_volume(task, config_map, "/settings")
    return task.output


@dsl.pipeline(name="reading-what-may-be-missing")
def reading_optional(secret: str, config_map: str) -> dict:  # type: ignore[type-arg]
    """The same, where neither has to be there."""
    task = digests(
        variables=[*VARIABLES.values(), *SETTINGS.values()], folders=["/secret", "/settings"]
    )
    kfp.kubernetes.use_secret_as_env(task, secret, VARIABLES, optional=True)
    kfp.kubernetes.use_secret_as_volume(task, secret, "/secret", optional=True)
    kfp.kubernetes.use_config_map_as_env(task, config_map, SETTINGS, optional=True)
    kfp.kubernetes.use_config_map_as_volume(task, config_map, "/settings", optional=True)
    return task.output


@dsl.pipeline(name="reading-a-variable")
def reading_variable(secret: str) -> dict:  # type: ignore[type-arg]
    """A Secret as variables alone."""
    task = digests(variables=list(VARIABLES.values()), folders=[])
    kfp.kubernetes.use_secret_as_env(task, secret, VARIABLES)
    return task.output


@dsl.pipeline(name="reading-a-file")
def reading_file(secret: str) -> dict:  # type: ignore[type-arg]
    """A Secret as files alone."""
    task = digests(variables=[], folders=["/secret"])
    kfp.kubernetes.use_secret_as_volume(task, secret, "/secret")
    return task.output
