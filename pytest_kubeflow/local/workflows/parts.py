"""Workflows: the controller and the executor, put together for a cluster of our own."""

from __future__ import annotations

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.resources import SERVICES
from pytest_kubeflow.local.kubelet.images.hosted import HostedContainer, HostedPrograms
from pytest_kubeflow.local.workflows.controller import WorkflowController
from pytest_kubeflow.local.workflows.executor.init import Init
from pytest_kubeflow.local.workflows.executor.wait import Wait
from pytest_kubeflow.local.workflows.podspec import IMAGE, INIT, WAIT


class ArgoWorkflows:
    """Runs the Workflows that people make themselves.

    `client` is the controller's, `anonymous` one without credentials, by which the executor asks
    with those of each pod's account.
    """

    def __init__(
        self,
        client: KubeClient,
        anonymous: KubeClient,
        programs: HostedPrograms,
        *,
        faults: Faults,
    ) -> None:
        self._client = client
        self._init = Init(self._resolve)
        self._wait = Wait(client, anonymous, self._resolve, faults)
        self._controller = WorkflowController(client, faults, self._wait.terminate)
        programs.add(IMAGE, body=self._execute, command="argoexec")

    async def run(self) -> None:
        """Work until cancelled."""
        await self._controller.run()

    async def _execute(self, container: HostedContainer) -> int:
        """One program with two names."""
        name = container.arguments[0] if container.arguments else ""
        if name == INIT:
            return await self._init(container)
        if name == WAIT:
            return await self._wait(container)
        await container.write(f'Error: unknown command "{name}" for "argoexec"\n')
        return 1

    async def _resolve(self, host: str) -> str:
        """The address of a Service, by any of its names; another host is left as it is."""
        name, _, rest = host.partition(".")
        namespace = rest.split(".")[0]
        if not namespace:
            return host
        try:
            found = await self._client.get(SERVICES, name, namespace)
        except ApiError as error:
            if not error.not_found:
                raise
            return host
        return str(found["spec"].get("clusterIP") or host)
