"""A multi-user cluster's gateway: who can log in, and what is behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.types import ASGIApp, Receive, Scope, Send

from pytest_kubeflow.local.endpoints import Login
from pytest_kubeflow.local.exposure import Exposure
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway import Gateway, LocalGateway, Mesh, Route
from pytest_kubeflow.local.gateway.identity import cluster_issuer
from pytest_kubeflow.local.katib.parts import Katib
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.model_registry.parts import ModelRegistry
from pytest_kubeflow.local.network import LOOPBACK
from pytest_kubeflow.local.pipelines import Pipelines
from pytest_kubeflow.local.platform.components.istio import INGRESS_GATEWAY, LOCAL_GATEWAY
from pytest_kubeflow.local.platform.components.login import DEX, OAUTH2_PROXY
from pytest_kubeflow.local.running import Running
from pytest_kubeflow.local.settings import GatewaySettings
from pytest_kubeflow.local.webapps import (
    artifacts_app,
    dashboard_app,
    jupyter_app,
    kfam_app,
    tensorboards_app,
    volumes_app,
)

PASSWORD = "12341234"  # noqa: S105 as every example installation has it
PROFILES = {
    "user@example.com": "kubeflow-user-example-com",
    "other@example.com": "kubeflow-other-example-com",
}
"""Dex's own users, and the profiles that a fresh cluster has for them."""

LDAP_USERS = {"jane": (PASSWORD, "jane@example.com")}

_ACCOUNTS = "system:serviceaccount:kubeflow"
_MASTERS = ("system:masters",)

MakeClient = Callable[[str, Sequence[str]], Awaitable[KubeClient]]


def logins(settings: GatewaySettings, password: str) -> list[Login]:
    """Everybody who can log in, the example installation's user first."""
    found = [Login(email, email, password, profile) for email, profile in PROFILES.items()]
    if settings.ldap:
        found += [
            Login(email, login, theirs, None) for login, (theirs, email) in LDAP_USERS.items()
        ]
    return found


async def make_gateway(
    make_client: MakeClient,
    pipelines: Pipelines,
    *,
    password: str,
    read_object: Callable[[str, str], Awaitable[bytes | None]],
    secret: str,
    dex_key: rsa.RSAPrivateKey,
    mesh: Mesh,
    settings: GatewaySettings,
    faults: Faults,
    katib: Katib | None,
    registry: ModelRegistry,
) -> Gateway:
    """The gateway and the applications behind it; `make_client` gives each its own credentials."""
    board = await make_client(f"{_ACCOUNTS}:centraldashboard", _MASTERS)
    access = await make_client(f"{_ACCOUNTS}:profiles-controller-service-account", _MASTERS)
    volumes = await make_client(f"{_ACCOUNTS}:volumes-web-app-service-account", _MASTERS)
    jupyter = await make_client(f"{_ACCOUNTS}:jupyter-web-app-service-account", _MASTERS)
    boards = await make_client(f"{_ACCOUNTS}:tensorboards-web-app-service-account", _MASTERS)
    ui = await make_client(f"{_ACCOUNTS}:ml-pipeline-ui", _MASTERS)
    artifacts = artifacts_app(ui, read_object, faults)
    volumes_web_app = volumes_app(volumes, secure_cookies=settings.secure_cookies, faults=faults)
    return Gateway(
        [
            Route(
                "/pipeline",
                beside({"/artifacts/": artifacts}, pipelines.ui_app),
                strip=True,
                open_fault="pipelines-open",
                service=_of("ml-pipeline-ui"),
                behind={"/pipeline/apis/": _of("ml-pipeline")},
            ),
            Route(
                "/ml_metadata",
                pipelines.metadata_app,
                open_fault="pipelines-open",
                service=_of("metadata-envoy-service"),
                behind={"/ml_metadata": _of("metadata-grpc-service")},
            ),
            Route(
                "/volumes/",
                volumes_web_app,
                strip=True,
                open_fault="volumes-open",
                service=_of("volumes-web-app-service"),
            ),
            Route(
                "/jupyter/",
                jupyter_app(jupyter, secure_cookies=settings.secure_cookies),
                strip=True,
                service=_of("jupyter-web-app-service"),
            ),
            Route(
                "/tensorboards/",
                tensorboards_app(boards, secure_cookies=settings.secure_cookies),
                strip=True,
                service=_of("tensorboards-web-app-service"),
            ),
            *([] if katib is None else [await _katib_route(make_client, katib)]),
            Route(
                "/api/model_registry/",
                registry.app,
                open_fault="model-registry-open",
                service=_of("model-registry-service"),
            ),
            # Its policy lets the dashboard in, and nobody else.
            Route("/kfam/", kfam_app(access), service=_of("profiles-kfam"), inside=True),
            Route("/", dashboard_app(board), open_fault="dashboard-open", service=_of("dashboard")),
        ],
        passwords=dict.fromkeys(PROFILES, password),
        ldap_users=LDAP_USERS,
        cluster=await cluster_issuer(board, audience=settings.token_audience or None),
        secret=secret,
        dex_key=dex_key,
        mesh=mesh,
        settings=settings,
        faults=faults,
    )


async def _katib_route(make_client: MakeClient, katib: Katib) -> Route:
    ui = katib.ui(await make_client(f"{_ACCOUNTS}:katib-ui", _MASTERS))
    return Route("/katib/", ui, open_fault="katib-open", service=_of("katib-ui"))


async def open_front_door(
    running: Running, exposure: Exposure, gateway: Gateway, mesh: Mesh, *, joined: bool
) -> str:
    """Serve it, and the gateway of those inside; returns the address for people."""
    front = await running.serve(gateway, websockets=True, people=True)
    shown = front
    if joined:
        # People come by loopback, pods by an address that a real API server takes.
        front = await running.serve(gateway, host=LOOPBACK, websockets=True)
    await exposure.show(INGRESS_GATEWAY, {8080: shown.address})
    inner = await running.serve(LocalGateway(mesh))
    await exposure.show(LOCAL_GATEWAY, {8080: inner.address})
    if not joined:
        await exposure.show(DEX, {5556: shown.address})
        await exposure.show(OAUTH2_PROXY, {4180: shown.address})
    return f"http://localhost:{front.address_of_people[1]}"


def _of(service: str) -> tuple[str, str]:
    return "kubeflow", service


def standalone_ui(
    pipelines: Pipelines,
    read_object: Callable[[str, str], Awaitable[bytes | None]],
    faults: Faults,
) -> ASGIApp:
    """The UI's server where there are no users: artifacts are for everybody."""
    return beside({"/artifacts/": artifacts_app(None, read_object, faults)}, pipelines.ui_app)


def beside(parts: Mapping[str, ASGIApp], rest: ASGIApp) -> ASGIApp:
    """One application, of which what is below each prefix of `parts` is another."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for prefix, part in parts.items():
            if scope["path"].startswith(prefix):
                path = "/" + scope["path"].removeprefix(prefix).lstrip("/")
                await part({**scope, "path": path, "raw_path": path.encode()}, receive, send)
                return
        await rest(scope, receive, send)

    return app
