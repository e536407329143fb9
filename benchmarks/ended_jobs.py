"""Jobs that come to their end, one after the other, as a watch tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubernetes import client, watch


def ended_jobs(batch: client.BatchV1Api, namespace: str, **selector: Any) -> Iterator[str]:
    """The name of each Job, once it is complete; asserts that none fails.

    `selector` is `label_selector` or `field_selector`, as the client has it.
    """
    ended = set[str]()
    stream = watch.Watch().stream(
        batch.list_namespaced_job, namespace, timeout_seconds=600, **selector
    )
    for event in stream:
        found, name = event["object"], event["object"].metadata.name
        types = {one.type for one in found.status.conditions or []}
        assert "Failed" not in types, f"Job {name} has failed"
        if "Complete" in types and name not in ended:
            ended.add(name)
            yield name
