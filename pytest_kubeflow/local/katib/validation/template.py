"""What is refused of an experiment's trial template."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_kubeflow.local.katib.templates import (
    PLACEHOLDER,
    TemplateError,
    is_meta,
    parse,
    placeholder,
    template_text,
)
from pytest_kubeflow.local.katib.validation.fields import invalid, required
from pytest_kubeflow.local.katib.validation.job import WriteBack, job_error
from pytest_kubeflow.local.kube import KubeClient
from pytest_kubeflow.local.kube.client import Object

_PATH = "spec.trialTemplate"
_PARAMETERS = f"{_PATH}.trialParameters"


async def template_errors(
    client: KubeClient, experiment: Object, write_back: WriteBack
) -> list[str]:
    """All errors of `spec.trialTemplate`."""
    template = experiment["spec"].get("trialTemplate")
    if template is None:
        return [required(_PATH, "must be specified")]
    errors = []
    if not template.get("primaryContainerName"):
        errors.append(required(f"{_PATH}.primaryContainerName", "must be specified"))
    if not template.get("successCondition") or not template.get("failureCondition"):
        errors.append(required(_PATH, "successCondition and failureCondition must be specified"))
    if (missing := _source_error(template)) is not None:
        return [*errors, missing]
    try:
        text = await template_text(client, experiment)
    except TemplateError as error:
        return [*errors, invalid(_PATH, "", f"unable to parse spec.trialTemplate: {error}")]
    text, found, is_whole = _replaced(experiment, template, text)
    errors += found
    return errors if not is_whole else errors + _spec_errors(template, text, write_back)


def _source_error(template: Object) -> str | None:
    if template.get("trialParameters") is None:
        return required(_PARAMETERS, "must be specified")
    has_spec, place = template.get("trialSpec") is not None, template.get("configMap")
    if not has_spec and place is None:
        return required(
            f"{_PATH}.TrialSource",
            "spec.trialTemplate.trialSpec or spec.trialTemplate.configMap must be specified",
        )
    if has_spec and place is not None:
        return required(
            _PATH,
            "only one of spec.trialTemplate.trialSpec or spec.trialTemplate.configMap can be "
            "specified",
        )
    fields = ("configMapName", "configMapNamespace", "templatePath")
    if place is not None and not all(place.get(field) for field in fields):
        return required(
            f"{_PATH}.configMap",
            "configMapName, configMapNamespace and templatePath must be specified",
        )
    return None


def _replaced(experiment: Object, template: Object, text: str) -> tuple[str, list[str], bool]:
    """The template without placeholders, errors of parameters, and whether it goes on then."""
    errors: list[str] = []
    parameters = template["trialParameters"]
    known = [one.get("name") for one in experiment["spec"].get("parameters") or []]
    names: set[str] = set()
    references: set[str] = set()
    for number, one in enumerate(parameters):
        path = f"{_PARAMETERS}[{number}]"
        name, reference = one.get("name", ""), one.get("reference", "")
        if not name or not reference or "{" in name or "}" in name:
            why = "name and reference must be specified and name must not contain '{' or '}'"
            errors.append(invalid(path, "", why))
            continue
        if (found := _duplicate(path, name, reference, names, references, parameters)) is not None:
            errors.append(found)
            continue
        names.add(name)
        references.add(reference)
        if known and not is_meta(reference) and reference not in known:
            shown = _shown_parameters(experiment["spec"]["parameters"])
            why = f"parameter reference {reference} does not exist in spec.parameters: {shown}"
            errors.append(invalid(f"{path}.reference", reference, why))
        if placeholder(name) not in text:
            why = (
                f"parameter name: {name} in spec.trialParameters not found in "
                f"spec.trialTemplate: {text}"
            )
            return text, [*errors, invalid(f"{path}.name", name, why)], False
        text = text.replace(placeholder(name), "test-value")
    return text, errors, True


def _duplicate(
    path: str,
    name: str,
    reference: str,
    names: set[str],
    references: set[str],
    parameters: Iterable[Object],
) -> str | None:
    for field, value, seen in (("name", name, names), ("reference", reference, references)):
        if value in seen:
            why = (
                f"parameter {field} {value} can't be duplicated in "
                f"spec.trialTemplate.trialParameters: {_shown(parameters)}"
            )
            return invalid(f"{path}.{field}", value, why)
    return None


def _spec_errors(template: Object, text: str, write_back: WriteBack) -> list[str]:
    errors = []
    if left := PLACEHOLDER.findall(text):
        why = (
            f"parameters: [{' '.join(left)}] in spec.trialTemplate not found in "
            f"spec.trialParameters: {_shown(template['trialParameters'])}"
        )
        errors.append(invalid(_PATH, "", why))
    try:
        spec = parse(text)
    except TemplateError:
        why = f"unable to convert spec.trialTemplate: {text} to unstructured"
        return [*errors, invalid(_PATH, "", why)]
    metadata = spec.get("metadata")
    given = (
        [metadata.get(one) for one in ("name", "namespace")] if isinstance(metadata, dict) else []
    )
    if any(isinstance(one, str) and one for one in given):
        why = "metadata.name and metadata.namespace in spec.trialTemplate must be omitted"
        errors.append(invalid(_PATH, "", why))
    if not isinstance(spec.get("apiVersion"), str) or not spec["apiVersion"]:
        why = "APIVersion and Kind in spec.trialTemplate must be specified"
        errors.append(required(_PATH, why))
    if (lost := job_error(spec, write_back)) is not None:
        errors.append(invalid(_PATH, "", f"invalid spec.trialTemplate: {lost}"))
    return errors


def _shown(parameters: Iterable[Object]) -> str:
    """As Go prints a list of TrialParameterSpec."""
    fields = ("name", "description", "reference")
    shown = (" ".join(one.get(field, "") for field in fields) for one in parameters)
    return f"[{' '.join(f'{{{one}}}' for one in shown)}]"


def _shown_parameters(parameters: Iterable[Object]) -> str:
    """As Go prints a list of ParameterSpec."""
    found = []
    for one in parameters:
        space = one.get("feasibleSpace") or {}
        listed = f"[{' '.join(space.get('list') or [])}]"
        inner = (
            f"{space.get('max', '')} {space.get('min', '')} {listed} {space.get('step', '')} "
            f"{space.get('distribution', '')}"
        )
        found.append(f"{{{one.get('name', '')} {one.get('parameterType', '')} {{{inner}}}}}")
    return f"[{' '.join(found)}]"
