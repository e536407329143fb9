"""The resources that an API server serves now, custom ones included."""

from __future__ import annotations

import asyncio

from pytest_kubeflow.local.kube import KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object


async def discover(client: KubeClient, *verbs: str) -> list[Resource]:
    """Resources whose objects support all of `verbs`, each in its group's preferred version."""
    groups = (await client.request("GET", "/apis"))["groups"]
    versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
    answers = await asyncio.gather(*(_resources(client, version) for version in versions))
    return [
        Resource(version, entry["name"], entry["kind"], entry["namespaced"])
        for version, answer in zip(versions, answers, strict=True)
        for entry in answer["resources"]
        if "/" not in entry["name"] and set(verbs) <= set(entry["verbs"])
    ]


async def _resources(client: KubeClient, version: str) -> Object:
    return await client.request("GET", "/api/v1" if version == "v1" else f"/apis/{version}")
