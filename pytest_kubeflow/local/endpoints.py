"""Endpoints: how an embedded cluster is reached, and with which credentials."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who can log in at the gateway, who knows them by `email`.

    `namespace` is that of their profile; None: they have none.
    """

    email: str
    login: str
    password: str = field(repr=False)
    namespace: str | None


@dataclass(frozen=True, slots=True)
class RegistryAccess:
    """A registry that images can be pushed to; `address` is its host and port."""

    address: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses and credentials of a running embedded cluster.

    `host` is the gateway of a multi-user platform or, in a stand-alone one, the pipelines API;
    `kubeconfig` names an administrator; user and password are for the gateway's login, and `others`
    are more people who can log in.
    """

    host: str
    kubeconfig: Path
    username: str | None
    password: str | None = field(repr=False)
    namespace: str
    s3_endpoint: str
    s3_access_key: str = field(repr=False)
    s3_secret_key: str = field(repr=False)
    storage_class: str
    others: tuple[Login, ...] = ()
    registry: RegistryAccess | None = None

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "kubeconfig": str(self.kubeconfig)})

    @classmethod
    def from_json(cls, text: str) -> Endpoints:
        values = json.loads(text)
        others = tuple(Login(**one) for one in values["others"])
        registry = values["registry"] and RegistryAccess(**values["registry"])
        read = {"kubeconfig": Path(values["kubeconfig"]), "others": others, "registry": registry}
        return cls(**{**values, **read})
