"""Reviews: questions in the shape of objects that are created and never stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pytest_kubeflow.local.apiserver.auth.authn import Authenticator, as_object
from pytest_kubeflow.local.apiserver.auth.authz import Attributes, Authorizer
from pytest_kubeflow.local.apiserver.errors import Object, bad_request, invalid, not_found
from pytest_kubeflow.local.apiserver.store import ResourceStore
from pytest_kubeflow.local.apiserver.times import written
from pytest_kubeflow.local.apiserver.tokens import DEFAULT_AUDIENCE, TokenIssuer, User

_ACCESS_GROUP = "authorization.k8s.io"
_SHORTEST_SECONDS = 600
_LONGEST_SECONDS = 2**32
_DEFAULT_SECONDS = 3600


class Reviews:
    """Answers TokenReview, the access reviews, SelfSubjectReview and TokenRequest."""

    def __init__(
        self,
        store: ResourceStore,
        tokens: TokenIssuer,
        authenticator: Authenticator,
        authorizer: Authorizer,
        *,
        longest_token: int | None = None,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._longest_token = longest_token

    def answer(self, kind: str, obj: Object, user: User, namespace: str) -> Object:
        """The review `obj` with its status."""
        spec = obj.get("spec") or {}
        match kind:
            case "TokenReview":
                status = self._token(spec)
            case "SelfSubjectReview":
                status = {"userInfo": as_object(user)}
            case "SelfSubjectRulesReview":
                status = self._rules(user, spec.get("namespace", ""))
            case "SelfSubjectAccessReview":
                status = self._access(user, spec)
            case "SubjectAccessReview" | "LocalSubjectAccessReview":
                # As on a real server, groups are those that are named and no others.
                about = User(spec.get("user") or "", tuple(spec.get("groups") or ()))
                if kind.startswith("Local"):
                    attributes = {**(spec.get("resourceAttributes") or {}), "namespace": namespace}
                    spec = {**spec, "resourceAttributes": attributes}
                if not about.name and not about.groups:
                    why = 'Invalid value: "": at least one of user or group must be specified'
                    cause = ("spec.user", "FieldValueInvalid", why)
                    raise invalid(_ACCESS_GROUP, "", "", [cause])
                status = self._access(about, spec)
            case _:
                raise bad_request(f"no review of kind {kind}")
        return {**obj, "metadata": obj.get("metadata") or {}, "status": status}

    def _token(self, spec: Object) -> Object:
        if not spec.get("token"):
            raise bad_request("token is required for TokenReview in authentication")
        audiences = spec.get("audiences") or [DEFAULT_AUDIENCE]
        user = self._authenticator.token(spec["token"], audiences)
        if user is None:
            return {
                "authenticated": False,
                "user": {},
                "error": "[invalid bearer token, token lookup failed]",
            }
        status: dict[str, Any] = {"authenticated": True, "user": as_object(user)}
        status["audiences"] = list(user.audiences or audiences)
        return status

    def _access(self, user: User, spec: Object) -> Object:
        resource = spec.get("resourceAttributes")
        path = spec.get("nonResourceAttributes")
        if resource is not None:
            subresource = resource.get("subresource")
            plural = resource.get("resource", "")
            what = Attributes(
                resource.get("verb", ""),
                resource.get("group", ""),
                f"{plural}/{subresource}" if subresource else plural,
                resource.get("namespace", ""),
                resource.get("name", ""),
            )
        elif path is not None:
            what = Attributes(path.get("verb", ""), path=path.get("path", ""))
        else:
            why = (
                "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes "
                "must be specified"
            )
            cause = ("spec.resourceAttributes", "FieldValueInvalid", why)
            raise invalid(_ACCESS_GROUP, "", "", [cause])
        return {"allowed": self._authorizer.allows(user, what)}

    def _rules(self, user: User, namespace: str) -> Object:
        rules = list(self._authorizer.rules(user, namespace))
        if "system:masters" in user.groups:
            rules.insert(0, {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
        return {
            "resourceRules": [rule for rule in rules if rule.get("resources")],
            "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
            "incomplete": False,
        }

    def token_request(self, namespace: str, account: str, obj: Object) -> Object:
        """A token for a service account (subresource `token`)."""
        found = self._store.get(("", "serviceaccounts"), (namespace, account))
        if found is None:
            raise not_found("", "serviceaccounts", account)
        spec = obj.get("spec") or {}
        seconds = spec.get("expirationSeconds") or _DEFAULT_SECONDS
        limit = "less than 10 minutes" if seconds < _SHORTEST_SECONDS else ""
        limit = "larger than 2^32 seconds" if seconds > _LONGEST_SECONDS else limit
        if limit:
            message = f"Invalid value: {seconds}: may not specify a duration {limit}"
            cause = ("spec.expirationSeconds", "FieldValueInvalid", message)
            raise invalid("authentication.k8s.io", "TokenRequest", "", [cause])
        if self._longest_token is not None:
            seconds = min(seconds, self._longest_token)
        audiences = spec.get("audiences") or [DEFAULT_AUDIENCE]
        bound = spec.get("boundObjectRef")
        if bound:
            bound = self._bound(namespace, bound)
        token, expires = self._tokens.issue(
            namespace=namespace,
            account=account,
            uid=found["metadata"]["uid"],
            audiences=audiences,
            seconds=seconds,
            bound=bound,
        )
        stamp = written(datetime.fromtimestamp(expires, UTC))
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": account, "namespace": namespace},
            "spec": {**spec, "audiences": audiences, "expirationSeconds": seconds},
            "status": {"token": token, "expirationTimestamp": stamp},
        }

    def _bound(self, namespace: str, reference: Object) -> dict[str, str]:
        plurals = {"Pod": "pods", "Secret": "secrets"}
        plural = plurals.get(reference.get("kind", ""))
        if plural is None:
            raise bad_request("cannot bind token to object of that kind")
        found = self._store.get(("", plural), (namespace, reference.get("name", "")))
        if found is None:
            raise not_found("", plural, reference.get("name", ""))
        return {
            "kind": reference["kind"],
            "name": reference["name"],
            "uid": found["metadata"]["uid"],
        }
