"""OwnedObjects: what a job of the operator has made, and what is told of that.

Words: kubeflow/training-operator v1.9.2, pkg/controller.v1/control.
"""

from __future__ import annotations

from pytest_kubeflow.local.controllers.owners import controlled
from pytest_kubeflow.local.kube import ApiError, KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.training.operator.labels import labels_of


class OwnedObjects:
    """Those of one job. `client` is the operator's, `recorder` that of the job's kind."""

    def __init__(self, client: KubeClient, recorder: EventRecorder, job: Object) -> None:
        self.client = client
        self._recorder = recorder
        self._job = job

    async def tell(self, kind: str, reason: str, message: str) -> None:
        """Write an event about the job."""
        await self._recorder.event(self._job, kind, reason, message)

    async def find(self, resource: Resource, name: str) -> Object | None:
        """The object of this name in the job's namespace, whosever it is."""
        try:
            return await self.client.get(resource, name, self._job["metadata"]["namespace"])
        except ApiError as error:
            if error.not_found:
                return None
            raise

    async def list(self, resource: Resource) -> list[Object]:
        """The job's own of a kind."""
        labels = labels_of(self._job)
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        namespace = self._job["metadata"]["namespace"]
        listed = await self.client.list(resource, namespace, label_selector=selector)
        return controlled(listed["items"], self._job)

    async def create(self, obj: Object, resource: Resource) -> None:
        """Make a pod or a Service, unless it is there."""
        what = resource.kind
        try:
            await self.client.create(resource, obj)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                return
            message = f"Error creating: {error.message}"
            await self.tell("Warning", f"FailedCreate{what}", message)
            raise
        message = f"Created {what.lower()}: {obj['metadata']['name']}"
        await self.tell("Normal", f"SuccessfulCreate{what}", message)

    async def delete(self, obj: Object, resource: Resource, what: str = "") -> None:
        """Remove it, unless it is on its way out; events call it `what`."""
        what = what or resource.kind
        metadata = obj["metadata"]
        if metadata.get("deletionTimestamp"):
            return
        try:
            await self.client.delete(resource, metadata["name"], metadata["namespace"])
        except ApiError as error:
            if error.not_found:
                return
            raise
        message = f"Deleted {what.lower()}: {metadata['name']}"
        await self.tell("Normal", f"SuccessfulDelete{what}", message)
