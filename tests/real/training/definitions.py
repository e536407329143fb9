"""Prints the definitions of Trainer and JobSet as the embedded cluster has them.

`python -m tests.real.training.definitions DIRECTORY` reads the CRDs of the releases from Go's
module cache and writes one file a release. What they say of parts of pods is left out: such parts
are kept as they are, and Kubernetes itself looks at them when a pod is made.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_TRAINER = "github.com/kubeflow/trainer/v2"
_JOBSET = "sigs.k8s.io/jobset"
_OPERATOR = "github.com/kubeflow/training-operator"
RELEASES = {
    "trainer-2.1": (_TRAINER, "v2.1.0", "manifests/base/crds"),
    "trainer-2.2": (_TRAINER, "v2.2.0", "manifests/base/crds"),
    "jobset-0.10": (_JOBSET, "v0.10.1", "config/components/crd/bases"),
    "jobset-0.11": (_JOBSET, "v0.11.0", "config/components/crd/bases"),
    "operator-1.9": (_OPERATOR, "v1.9.2", "manifests/base/crds"),
}
"""Module, version and folder of each."""

_OPERATOR_JOBS = ("mpijobs", "pytorchjobs", "tfjobs")

_PARTS_OF_PODS = {
    *("affinity", "securityContext", "valueFrom", "volumes", "volumeMounts", "networkTopology"),
    *("templates", "topologySpreadConstraints", "elasticPolicy"),
}
_TEXT = {"type": "string", "maxLength": 253}
# A rule asks for the namespace of a claim.
_NAMED = {
    "type": "object",
    _PRESERVE: True,
    "properties": {
        "metadata": {
            "type": "object",
            _PRESERVE: True,
            "properties": {"name": _TEXT, "namespace": _TEXT},
        }
    },
}
_CONTAINER = {
    "type": "object",
    _PRESERVE: True,
    "properties": {
        "ports": {
            "type": "array",
            "items": {
                "type": "object",
                _PRESERVE: True,
                "properties": {"protocol": {"type": "string", "default": "TCP"}},
            },
        }
    },
}
_POD: Any = {
    "type": "object",
    _PRESERVE: True,
    "properties": {
        "containers": {"type": "array", "items": _CONTAINER},
        "initContainers": {"type": "array", "items": _CONTAINER},
    },
}


def shortened(schema: Any, name: str = "") -> Any:
    """A schema without descriptions and without parts of pods."""
    properties = schema.get("properties") or {}
    if {"containers", "restartPolicy", "dnsPolicy"} <= properties.keys():
        return _POD
    kept = {key: value for key, value in schema.items() if key != "description"}
    if name in _PARTS_OF_PODS:
        inner: Any = _NAMED if name == "templates" else {"type": "object", _PRESERVE: True}
        keys = schema.get("x-kubernetes-list-map-keys") or []
        if keys:
            of_items = schema["items"]["properties"]
            named = {key: shortened(of_items[key]) for key in keys}
            inner = {**inner, "properties": named, "required": keys}
        items = {"items": inner} if "items" in schema else {}
        rules = {key: kept[key] for key in kept if key.startswith("x-") or key == "maxItems"}
        return {"type": schema["type"], **(items or {_PRESERVE: True}), **rules}
    if properties:
        kept["properties"] = {key: shortened(one, key) for key, one in properties.items()}
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            kept[inner] = shortened(schema[inner])
    return kept


def definition(text: str) -> Any:
    """A definition as it is installed."""
    found = yaml.load(text, Loader=yaml.CSafeLoader)
    spec = found["spec"]
    for version in spec["versions"]:
        version["schema"]["openAPIV3Schema"] = shortened(version["schema"]["openAPIV3Schema"])
    annotations = {
        key: value
        for key, value in (found["metadata"].get("annotations") or {}).items()
        if key.startswith("api-approved")
    }
    metadata = {"name": found["metadata"]["name"]}
    if annotations:
        metadata["annotations"] = annotations
    return {
        "apiVersion": found["apiVersion"],
        "kind": found["kind"],
        "metadata": metadata,
        "spec": spec,
    }


def main(directory: Path) -> None:
    for name, (module, version, folder) in RELEASES.items():
        asked = ["go", "mod", "download", "-json", f"{module}@{version}"]
        done = subprocess.run(asked, capture_output=True, text=True, check=True)
        where = Path(json.loads(done.stdout)["Dir"]) / folder
        found = [definition(path.read_text()) for path in sorted(where.glob("*.x-k8s.io_*.yaml"))]
        for pattern in ("trainer.*.yaml", *(f"*_{one}.yaml" for one in _OPERATOR_JOBS)):
            found += [definition(path.read_text()) for path in sorted(where.glob(pattern))]
        text = json.dumps(found, separators=(",", ":"), sort_keys=True)
        (directory / f"{name}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
