"""What a trial runs: an experiment's template, with the values of its parameters.

Rules and words: kubeflow/katib v0.19.0, pkg/controller.v1beta1/experiment/manifest/generator.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import yaml

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS

PLACEHOLDER = re.compile(r"\$\{trialParameters\..+?\}")
_META = re.compile(r"\$\{trialSpec\.(.+?)\}")
_KEYED = re.compile(r"(.+)\[(.+)]")
_META_KEYS = ("Name", "Namespace", "Kind", "APIVersion", "Annotations", "Labels")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TemplateError(Exception):
    """A template or a reference in it is of no use; the message is Katib's."""


def placeholder(name: str) -> str:
    """What stands in a template for the trial parameter `name`."""
    return f"${{trialParameters.{name}}}"


def is_meta(reference: str) -> bool:
    """Whether a reference is one to the trial itself, as `${trialSpec.Labels[a]}`."""
    match = _META.search(reference)
    if match is None:
        return False
    keyed = _KEYED.search(match[1])
    return match[1] in _META_KEYS or (keyed is not None and keyed[1] in _META_KEYS)


async def template_text(client: KubeClient, experiment: Object) -> str:
    """The template of an experiment as it is written. Raises TemplateError."""
    source = experiment["spec"]["trialTemplate"]
    if source.get("trialSpec") is not None:
        # As Go writes a map.
        return written(source["trialSpec"])
    place = source["configMap"]
    name, namespace = place["configMapName"], place["configMapNamespace"]
    try:
        data = (await client.get(CONFIG_MAPS, name, namespace)).get("data") or {}
    except ApiError as error:
        raise TemplateError(f"configMap not found: {error.message}") from None
    path = place["templatePath"]
    if path not in data:
        shown = " ".join(f"{key}:{value}" for key, value in sorted(data.items()))
        raise TemplateError(
            f"unable to find trial template in ConfigMap: TemplatePath: {path}, "
            f"ConfigMap: map[{shown}]"
        )
    text: str = data[path]
    return text


def written(value: Object) -> str:
    """An object as Go writes a map."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def has_kind(value: Object) -> bool:
    """Whether Go knows what it is: another type than text is none, and so is a wrong version."""
    version, kind = value.get("apiVersion"), value.get("kind")
    is_wrong = isinstance(version, str) and version.count("/") > 1
    return isinstance(kind, str) and kind != "" and not is_wrong


def missing_kind(value: Object) -> str:
    """What Go says of one of which it does not."""
    return f"Object 'Kind' is missing in '{written(value)}'"


def parse(text: str) -> Object:
    """A template as an object. Raises TemplateError."""
    try:
        # What was an object is JSON, which is read faster.
        found = json.loads(text) if text.startswith("{") else yaml.load(text, Loader=_LOADER)  # noqa: S506
    except (ValueError, yaml.YAMLError) as error:
        raise TemplateError(f"failed to convert string to unstructured: {error}") from None
    if not isinstance(found, dict):
        raise TemplateError("failed to convert string to unstructured: it is no object")
    if not has_kind(found):
        raise TemplateError(missing_kind(found))
    return found


def run_spec(
    experiment: Object, text: str, *, name: str, namespace: str, assignments: Sequence[Object]
) -> Object:
    """What the trial `name` is to run. Raises TemplateError."""
    template = experiment["spec"]["trialTemplate"]
    spec = template.get("trialSpec") or parse(text)
    values = {one["name"]: one.get("value", "") for one in assignments}
    replaced: dict[str, str] = {}
    used = 0
    for parameter in template.get("trialParameters") or []:
        reference = parameter["reference"]
        match = _META.search(reference)
        if match is not None:
            replaced[parameter["name"]] = _meta(match[1], reference, spec, name, namespace)
        elif reference in values:
            replaced[parameter["name"]] = values[reference]
            used += 1
        else:
            raise TemplateError(
                "unable to find non-meta parameter from TrialParameters in ParameterAssignment: "
                f"parameter: {reference}, parameter assignment: {_go_map(values)}"
            )
    if len(assignments) != used:
        shown = " ".join(f"{{{one['name']} {one.get('value', '')}}}" for one in assignments)
        raise TemplateError(
            "unable to find parameter from ParameterAssignment in TrialParameters: parameter "
            f"assignments: [{shown}], non-meta trial parameter count: {used}"
        )
    for parameter_name, value in replaced.items():
        text = text.replace(placeholder(parameter_name), value)
    made = parse(text)
    made["metadata"] = {**(made.get("metadata") or {}), "name": name, "namespace": namespace}
    return made


def _meta(key: str, reference: str, spec: Object, name: str, namespace: str) -> str:
    keyed = _KEYED.search(key)
    index = ""
    if keyed is not None:
        key, index = keyed[1], keyed[2]
    plain = {
        "Name": name,
        "Namespace": namespace,
        "Kind": spec.get("kind", ""),
        "APIVersion": spec.get("apiVersion", ""),
    }
    if key in plain:
        return str(plain[key])
    metadata = spec.get("metadata") or {}
    for kind, what in (("Annotations", "Annotation"), ("Labels", "Label")):
        if key == kind:
            found = (metadata.get(kind.lower()) or {}).get(index)
            if found is None:
                raise TemplateError(
                    f"illegal reference of trial metadata: {reference}; "
                    f"failed to fetch {what}: {index}"
                )
            return str(found)
    raise TemplateError(f"illegal reference of trial metadata: {reference}")


def _go_map(values: Mapping[str, str]) -> str:
    return f"map[{' '.join(f'{key}:{value}' for key, value in sorted(values.items()))}]"
