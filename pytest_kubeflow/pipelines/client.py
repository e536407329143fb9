"""The real kfp.Client, without what it does behind one's back; and its calls with our errors.

Not used of it: everything that waits (never ends on CANCELED, sleeps 5 s) and
`set_user_namespace` (writes ~/.config/kfp/context.json, which all processes of a user share).
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NoReturn

from pytest_kubeflow.auth.credentials import Credentials
from pytest_kubeflow.auth.kfp import sign
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.pipelines.transport import NotTheApi, harden, policy_of
from pytest_kubeflow.proxy import proxy_for
from pytest_kubeflow.response_text import words_of
from pytest_kubeflow.retries.statuses import BUSY


class AlreadyThere(KubeflowError):  # noqa: N818  as in pytest_kubeflow.errors
    """Something of this name exists."""


_SHORT_TIMEOUT = (5.0, 15.0)
_PAGE = 100
_LONGEST_PAGE = 200


def make_kfp_client(
    host: str, *, credentials: Credentials, settings: GatewaySettings, namespace: str | None
) -> Any:
    """A kfp.Client for the API at the URL `host`, with a timeout on every call.

    `namespace` is what its methods take where none is given; None on a stand-alone KFP.
    """
    import kfp
    from urllib3.util import Retry

    proxy = proxy_for(host)
    header, value = next(iter(credentials.headers().items()), (None, None))

    class Client(kfp.Client):  # type: ignore[misc]  # the base class has no types
        """kfp.Client that neither reads nor writes the user's files."""

        def _load_context_setting_or_default(self) -> None:
            self._context_setting = {
                "namespace": namespace or "",
                "client_authentication_header_name": header,
                "client_authentication_header_value": value,
            }

        def _load_config(self, *args: Any, **kwargs: Any) -> Any:
            config = super()._load_config(*args, **kwargs)
            if proxy is not None:
                config.proxy, config.proxy_headers = proxy.url, dict(proxy.headers)
            # Redirects alone are urllib3's: what is repeated is our policy's to say.
            config.retries = Retry(total=None, connect=0, read=0, status=0, other=0, redirect=3)
            return config

        def get_kfp_healthz(self, *args: Any, **kwargs: Any) -> Any:
            if not hasattr(self, "retry_policy"):
                # The constructor asks whether it is multi-user, which is known, and asks once.
                return SimpleNamespace(multi_user=namespace is not None)
            return super().get_kfp_healthz(*args, **kwargs)

        def set_user_namespace(self, namespace: str) -> NoReturn:
            raise NotImplementedError(
                f"set_user_namespace({namespace!r}) would write ~/.config/kfp/context.json for all "
                "processes of this user: give namespace= in each call"
            )

    with warnings.catch_warnings():
        # It warns that servers before 2.0 are not supported, each time.
        warnings.simplefilter("ignore", FutureWarning)
        client = Client(
            host=host,
            namespace=namespace or "kubeflow",
            verify_ssl=not settings.insecure,
            ssl_ca_cert=str(settings.ca_cert) if settings.ca_cert else None,
            # Without it, it takes those in ~/.config/kfp/context.json.
            cookies="",
        )
    sign(client, credentials)
    harden(client)
    return client


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turn the errors of calls inside into ours. `what` completes "cannot ..."."""
    import kfp_server_api
    from urllib3.exceptions import HTTPError

    try:
        yield
    except kfp_server_api.ApiException as error:
        raise _translated(error, what) from error
    except NotTheApi as error:
        raise ClusterUnreachable(f"cannot {what}: {error.message}") from error
    except HTTPError as error:
        reason = getattr(error, "reason", None) or error
        raise ClusterUnreachable(
            f"cannot {what}: the pipelines API does not answer ({reason})"
        ) from error


def tell(client: Any, what: str, ask: Callable[[], Any]) -> None:
    """Ask for what may be done twice, again and again as the client's policy has it.

    `what` completes "cannot ...". Raises KubeflowErrors.
    """

    def once() -> None:
        with calling(what):
            ask()

    policy_of(client).repeat(once)


def _translated(error: Any, what: str) -> KubeflowError:
    kinds: dict[int, type[KubeflowError]] = {
        401: AuthenticationError,
        403: PermissionDenied,
        404: NotFound,
        409: AlreadyThere,
    }
    kind = ClusterUnreachable if error.status in BUSY else kinds.get(error.status)
    text = words_of(error.body, longest=1000) or error.reason
    return (kind or KubeflowError)(
        f"cannot {what}: the pipelines API answers {error.status}: {text}"
    )


def pages(list_page: Callable[..., Any], field: str, *what: str, **filters: Any) -> Iterator[Any]:
    """All that a list call of kfp.Client gives in its answers' `field`, page after page.

    Raises KubeflowError for one page that says that there are more, and not how to get them.
    """
    token = ""
    while True:
        first = not token
        with calling(f"list {field.replace('_', ' ')}"):
            page = list_page(*what, page_size=_PAGE, page_token=token, **filters)
        items = getattr(page, field) or ()
        yield from items
        token = page.next_page_token or ""
        # Of later pages the total may be another: things come and go meanwhile.
        if first and not token and (page.total_size or 0) > len(items):
            raise KubeflowError(
                f"cannot list {field.replace('_', ' ')}: the pipelines API gives {len(items)} of "
                f"{page.total_size}, and no next page"
            )
        if not token:
            return


def create_run(
    client: Any,
    *,
    experiment_id: str,
    name: str,
    arguments: Mapping[str, object],
    package_path: str | None = None,
    pipeline_id: str | None = None,
    version_id: str | None = None,
) -> RunView:
    """Submit a run of a package, without cache, or of an uploaded version, as it is.

    As kfp.Client.run_pipeline does it, which prints a link: runs are submitted by threads beside
    the tests, where nobody captures that.
    """
    import kfp_server_api

    job = client._create_job_config(
        params=dict(arguments),
        pipeline_package_path=package_path,
        pipeline_id=pipeline_id,
        version_id=version_id,
        enable_caching=False if package_path is not None else None,
        cache_key=None,
        pipeline_root=None,
    )
    body = kfp_server_api.V2beta1Run(
        experiment_id=experiment_id,
        display_name=name,
        pipeline_spec=job.pipeline_spec,
        pipeline_version_reference=job.pipeline_version_reference,
        runtime_config=job.runtime_config,
    )
    with calling(f"create run {name}"):
        made = client._run_api.run_service_create_run(run=body)
        if not made.run_id:
            raise NotTheApi("the answer is a run without an id")
    MADE.add("run")
    return RunView.of(made)


def recent_runs(client: Any, *, experiment_id: str, count: int) -> list[RunView]:
    """The `count` youngest runs of an experiment (200 at most, KFP's longest page), in one call.

    The SDK would make an object of each field of each run; of fifty runs that is most of a tick.
    """
    with calling("list runs"):
        answer = client._run_api.run_service_list_runs(
            experiment_id=experiment_id,
            page_size=min(count, _LONGEST_PAGE),
            sort_by="created_at desc",
            _preload_content=False,
            _request_timeout=_SHORT_TIMEOUT,
        )
        try:
            found = json.loads(answer.data).get("runs") or ()
        except (ValueError, AttributeError) as error:
            raise ClusterUnreachable(
                "cannot list runs: the pipelines API answers what is no list of runs"
            ) from error
    return [RunView.of_json(one) for one in found]
