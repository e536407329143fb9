"""An embedded cluster with a model in its store, as these tests use it."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from pytest_kubeflow.local.cluster import Endpoints

SECONDS = 90
ROWS = [[6.8, 2.8, 4.8, 1.4], [5.1, 3.5, 1.4, 0.2]]
CLASSES = [1, 0]
GROUP, VERSION, PLURAL = "serving.kserve.io", "v1beta1", "inferenceservices"
BUCKET = "models"


def iris_model(*, shift: int = 0) -> bytes:
    """A pickled classifier of irises whose classes are `shift` higher than they should be."""
    import joblib
    from sklearn.datasets import load_iris
    from sklearn.tree import DecisionTreeClassifier

    rows, classes = load_iris(return_X_y=True)
    model = DecisionTreeClassifier(random_state=0).fit(rows, classes + shift)
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    return buffer.getvalue()


def eventually(question: Callable[[], Any], *, within: float = SECONDS) -> Any:
    """Ask until the answer is true; an AssertionError counts as false."""
    ends = time.monotonic() + within
    while True:
        try:
            answer = question()
        except AssertionError:
            if time.monotonic() > ends:
                raise
            answer = None
        if answer:
            return answer
        assert time.monotonic() < ends, f"it did not come true within {within:g} s"
        time.sleep(0.05)


@dataclass
class Service:
    """An InferenceService, read again for each question."""

    platform: Platform
    name: str

    @property
    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.read().get("status") or {}
        return status

    def read(self) -> dict[str, Any]:
        platform = self.platform
        found: dict[str, Any] = platform.custom.get_namespaced_custom_object(
            GROUP, VERSION, platform.namespace, PLURAL, self.name
        )
        return found

    def condition(self, kind: str) -> dict[str, Any]:
        conditions = self.status.get("conditions") or []
        return next((one for one in conditions if one["type"] == kind), {})

    @property
    def ready(self) -> bool:
        return bool(self.condition("Ready").get("status") == "True")

    def wait_ready(self) -> None:
        def reached() -> bool:
            failure = (self.status.get("modelStatus") or {}).get("lastFailureInfo")
            assert self.ready, f"{self.status.get('conditions')} {failure}"
            return True

        eventually(reached)

    @property
    def host(self) -> str:
        return str(self.status["url"]).partition("://")[2]

    def patch(self, change: dict[str, Any]) -> None:
        platform = self.platform
        platform.custom.patch_namespaced_custom_object(
            GROUP, VERSION, platform.namespace, PLURAL, self.name, change
        )

    def delete(self) -> None:
        platform = self.platform
        platform.custom.delete_namespaced_custom_object(
            GROUP, VERSION, platform.namespace, PLURAL, self.name
        )

    def pods(self) -> list[Any]:
        selector = f"serving.kserve.io/inferenceservice={self.name}"
        platform = self.platform
        listed = platform.core.list_namespaced_pod(platform.namespace, label_selector=selector)
        return [one for one in listed.items if one.metadata.deletion_timestamp is None]

    def events(self) -> list[Any]:
        platform = self.platform
        selector = f"involvedObject.name={self.name}"
        return list(
            platform.core.list_namespaced_event(platform.namespace, field_selector=selector).items
        )

    def ask(
        self, body: Any = None, *, verb: str = "predict", user: str = "owner", **options: Any
    ) -> requests.Response:
        """A prediction through the gateway."""
        if body is None and "data" not in options:
            body = {"instances": ROWS}
        return self.platform.ask(
            self.host, f"/v1/models/{self.name}:{verb}", user=user, json=body, **options
        )


class Platform:
    """The cluster with clients; `users` are tokens by who holds them."""

    def __init__(self, endpoints: Endpoints) -> None:
        from kubernetes import client, config
        from minio import Minio

        self.endpoints = endpoints
        self.namespace = endpoints.namespace
        self.api = config.new_client_from_config(str(endpoints.kubeconfig))
        self.core = client.CoreV1Api(self.api)
        self.apps = client.AppsV1Api(self.api)
        self.custom = client.CustomObjectsApi(self.api)
        self.store = Minio(
            endpoints.s3_endpoint.removeprefix("http://"),
            endpoints.s3_access_key,
            endpoints.s3_secret_key,
            secure=False,
            region="us-east-1",
        )
        self.users: dict[str, str] = {}
        self._names = itertools.count(1)

    def prepare(self) -> None:
        """Models, keys for them, and three users: the owner, a stranger, and an account."""
        eventually(lambda: self._has_account("default-editor"))
        self.store.make_bucket(BUCKET)
        self.put("iris/model.joblib", iris_model())
        self.account("models", self.endpoints.s3_access_key, self.endpoints.s3_secret_key)
        self.core.create_namespace({"metadata": {"name": "strangers"}})
        eventually(lambda: self._has_account("default", "strangers"))
        self.users["account"] = self._token("default-editor", self.namespace)
        self.users["stranger"] = self._token("default", "strangers")

    def _has_account(self, name: str, namespace: str | None = None) -> bool:
        listed = self.core.list_namespaced_service_account(namespace or self.namespace).items
        return name in {one.metadata.name for one in listed}

    def _token(self, account: str, namespace: str) -> str:
        answer = self.core.create_namespaced_service_account_token(
            account, namespace, {"spec": {"expirationSeconds": 3600}}
        )
        return str(answer.status.token)

    def put(self, key: str, data: bytes) -> None:
        self.store.put_object(BUCKET, key, io.BytesIO(data), len(data))

    def account(self, name: str, access: str, secret: str, **annotations: str) -> None:
        """A ServiceAccount with a Secret for the object store."""
        found = {
            "s3-endpoint": "minio-service.kubeflow:9000",
            "s3-usehttps": "0",
            "s3-region": "us-east-1",
            **annotations,
        }
        metadata = {
            "name": name,
            "annotations": {f"serving.kserve.io/{key}": value for key, value in found.items()},
        }
        keys = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret}
        self.core.create_namespaced_secret(
            self.namespace, {"metadata": metadata, "stringData": keys}
        )
        self.core.create_namespaced_service_account(
            self.namespace, {"metadata": {"name": name}, "secrets": [{"name": name}]}
        )

    def serve(
        self,
        uri: str = f"s3://{BUCKET}/iris",
        *,
        name: str | None = None,
        mode: str = "Standard",
        account: str = "models",
        annotations: dict[str, str] | None = None,
        predictor: dict[str, Any] | None = None,
        **model: Any,
    ) -> Service:
        """Create an InferenceService for a scikit-learn model; None in `predictor` removes."""
        name = name or f"m{next(self._names)}"
        spec: dict[str, Any] = {
            "serviceAccountName": account,
            "model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri, **model},
            **(predictor or {}),
        }
        spec = {key: value for key, value in spec.items() if value is not None}
        mode_annotation = {"serving.kserve.io/deploymentMode": mode}
        body = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "InferenceService",
            "metadata": {"name": name, "annotations": {**mode_annotation, **(annotations or {})}},
            "spec": {"predictor": spec},
        }
        self.custom.create_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, body)
        return Service(self, name)

    def policy(self, name: str, **spec: Any) -> None:
        """An AuthorizationPolicy of the namespace."""
        group, version, plural = "security.istio.io", "v1beta1", "authorizationpolicies"
        body = {
            "apiVersion": f"{group}/{version}",
            "kind": "AuthorizationPolicy",
            "metadata": {"name": name},
            "spec": spec,
        }
        self.custom.create_namespaced_custom_object(group, version, self.namespace, plural, body)

    def fault(self, *names: str) -> None:
        """Make exactly these faults active."""
        body = {"metadata": {"name": "embedded-faults"}, "data": dict.fromkeys(names, "on")}
        listed = self.core.list_namespaced_config_map("kube-system").items
        if "embedded-faults" in {one.metadata.name for one in listed}:
            self.core.replace_namespaced_config_map("embedded-faults", "kube-system", body)
        else:
            self.core.create_namespaced_config_map("kube-system", body)

    def ask(
        self, host: str, path: str, *, user: str = "owner", method: str = "POST", **options: Any
    ) -> requests.Response:
        """A request to the gateway for `host`, in the name of `user` (`nobody`: of none)."""
        headers = {**options.pop("headers", {}), "Host": host}
        if user == "owner":
            headers["Cookie"] = f"oauth2_proxy_kubeflow={self.session}"
        elif user != "nobody":
            headers["Authorization"] = f"Bearer {self.users[user]}"
        url = f"{self.endpoints.host}{path}"
        return requests.request(
            method, url, headers=headers, allow_redirects=False, timeout=60, **options
        )

    @property
    def session(self) -> str:
        """The owner's session cookie, by Dex's login."""
        if "owner" not in self.users:
            import re

            session = requests.Session()
            host = self.endpoints.host
            form = session.get(f"{host}/oauth2/start?rd=/", timeout=10)
            action = re.search(r'action="([^"]+)"', form.text)
            assert action is not None
            session.post(
                host + action[1].replace("&amp;", "&"),
                data={"login": self.endpoints.username, "password": self.endpoints.password},
                timeout=10,
            )
            self.users["owner"] = str(session.cookies["oauth2_proxy_kubeflow"])
        return self.users["owner"]
