"""KF71x: CustomResourceDefinitions and API services."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

CRD_NOT_ESTABLISHED = Fault(
    code="KF713",
    name="crd-not-established",
    severity=Severity.BROKEN,
    title="A CustomResourceDefinition is not in force",
    symptom=(
        'Its kind is unknown: "no matches for kind". Its names collide with another\'s, or it is '
        "being deleted and objects with finalizers keep it."
    ),
    looked_at="The conditions Established, NamesAccepted and Terminating of definitions.",
    fix=(
        "Do what its conditions say; let the controller end the objects that are left, or take "
        "their finalizers away:\n"
        "    kubectl describe customresourcedefinition NAME\n"
        "    kubectl get PLURAL -A"
    ),
    source=(
        "kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions"
    ),
)

STORED_VERSION_NOT_SERVED = Fault(
    code="KF714",
    name="stored-version-not-served",
    severity=Severity.DEGRADED,
    title="Objects may be stored in a version that is no longer served",
    symptom=(
        "The next upgrade, which removes the old version, is refused: "
        '"status.storedVersions[0]: Invalid value: must appear in spec.versions".'
    ),
    looked_at="status.storedVersions of definitions against the versions that they serve.",
    fix=(
        "Write every object once, so that it is stored anew, and then tell the definition so:\n"
        "    kubectl get PLURAL -A -o json | kubectl replace -f -\n"
        "    kubectl patch customresourcedefinition NAME --subresource=status --type=merge "
        '-p \'{"status":{"storedVersions":["VERSION"]}}\''
    ),
    source=(
        "kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/"
        "custom-resource-definition-versioning"
    ),
    signs=(r"status\.storedVersions\[\d+\]: Invalid value: [^\n]*must appear in spec\.versions",),
)

API_SERVICE_UNAVAILABLE = Fault(
    code="KF715",
    name="api-service-unavailable",
    severity=Severity.BROKEN,
    title="A group of the Kubernetes API is served by somebody who does not answer",
    symptom=(
        "Discovery is slow or partial, namespaces do not end (NamespaceDeletionDiscoveryFailure), "
        "and clients that list everything fail. Often a metrics server that is left over."
    ),
    looked_at="The condition Available of API services.",
    fix=(
        "Bring its server back, or remove the registration:\n"
        "    kubectl describe apiservice NAME\n"
        "    kubectl delete apiservice NAME"
    ),
    source="kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation",
)

CONVERSION_UNREACHABLE = Fault(
    code="KF717",
    name="conversion-unreachable",
    severity=Severity.BROKEN,
    title="Nobody converts the versions of a kind",
    symptom=(
        'Lists and writes of the kind fail: "conversion webhook for ... failed". The Service that '
        "the definition names is not there, or has no ready pod."
    ),
    looked_at="The Service of each conversion webhook, and its endpoints.",
    fix=(
        "Bring the component back that converts, or, after it was removed for good, its "
        "definitions:\n"
        "    kubectl -n NAMESPACE get service,endpointslices"
    ),
    source=(
        "kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/"
        "custom-resource-definition-versioning"
    ),
    signs=(r"conversion webhook for [^\n]* failed",),
)

FAULTS = (
    CRD_NOT_ESTABLISHED,
    STORED_VERSION_NOT_SERVED,
    API_SERVICE_UNAVAILABLE,
    CONVERSION_UNREACHABLE,
)
