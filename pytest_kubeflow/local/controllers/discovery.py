"""The resources that an API server serves now, custom ones included."""

from __future__ import annotations

import asyncio

from pytest_kubeflow.local.kube import KubeClient, Resource
from pytest_kubeflow.local.kube.client import Object


async def discover(client: KubeClient, *verbs: str) -> list[Resource]:
    """Resources whose objects support all of `verbs`, each in one version.

    That is its group's preferred version, or the first one that has the resource at all.
    """
    groups = (await client.request("GET", "/apis"))["groups"]
    versions = ["v1"]
    for group in groups:
        preferred = group["preferredVersion"]["groupVersion"]
        others = [one["groupVersion"] for one in group["versions"]]
        versions += [preferred, *(one for one in others if one != preferred)]
    answers = await asyncio.gather(*(_resources(client, version) for version in versions))
    found: dict[tuple[str, str], Resource] = {}
    for version, answer in zip(versions, answers, strict=True):
        for entry in answer["resources"]:
            key = version.rpartition("/")[0], entry["name"]
            if "/" not in entry["name"] and set(verbs) <= set(entry["verbs"]):
                resource = Resource(version, entry["name"], entry["kind"], entry["namespaced"])
                found.setdefault(key, resource)
    return list(found.values())


async def _resources(client: KubeClient, version: str) -> Object:
    return await client.request("GET", "/api/v1" if version == "v1" else f"/apis/{version}")
