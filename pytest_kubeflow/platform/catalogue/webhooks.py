"""KF20x: webhooks, which stand between the API server and every object that they guard."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

WEBHOOK_LEFTOVER = Fault(
    code="KF201",
    name="webhook-leftover",
    severity=Severity.BROKEN,
    title="A webhook calls a Service that does not exist",
    symptom=(
        "After an upgrade or a removal, no pod starts in any profile, or no object of a kind can "
        'be made: failed calling webhook "admission-webhook-deployment.kubeflow.org": ... service '
        '"admission-webhook-service" not found. StatefulSets, ReplicaSets and Jobs have the event '
        "FailedCreate with these words, and no pods."
    ),
    looked_at="The Services that all webhook configurations name, and a server-side dry run.",
    fix=(
        "If the component is gone or was renamed, delete what is left of it:\n"
        "    kubectl delete mutatingwebhookconfiguration NAME\n"
        "Otherwise install the component again."
    ),
    source="kubeflow/community-distribution README.md, Upgrading",
    signs=(r'failed calling webhook .*: service "[^"]+" not found',),
)

WEBHOOK_NO_ENDPOINTS = Fault(
    code="KF202",
    name="webhook-no-endpoints",
    severity=Severity.BROKEN,
    title="A webhook's Service has no pod that is ready",
    symptom=(
        "Objects that it guards cannot be made or changed: failed calling webhook ...: no "
        'endpoints available for service "katib-controller". While it is the webhook of '
        "PodDefaults, no pod of any profile starts."
    ),
    looked_at="The EndpointSlices of the Services that webhook configurations name.",
    fix=(
        "See why its pods are not ready:\n"
        "    kubectl -n NAMESPACE get endpointslices -l kubernetes.io/service-name=SERVICE\n"
        "    kubectl -n NAMESPACE describe pods"
    ),
    source="kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers",
    signs=(
        r"failed calling webhook .*: no endpoints available for service",
        r"failed calling webhook .*connect: connection refused",  # by kube-proxy
    ),
)

WEBHOOK_TIMES_OUT = Fault(
    code="KF203",
    name="webhook-times-out",
    severity=Severity.BROKEN,
    title="A webhook does not answer the API server in time",
    symptom=(
        "Creating a pod or another object takes ten seconds and fails: failed calling webhook ...: "
        "context deadline exceeded. Its pods are ready."
    ),
    looked_at="A server-side dry run of an object that the webhook guards.",
    fix=(
        "The API server does not reach the pod: allow it in the network (firewall from the control "
        "plane to the nodes for the webhook's port, such as 9443, 15017, 4443, 8443; "
        "NetworkPolicies; the CNI), or the pod is overloaded:\n"
        "    kubectl -n NAMESPACE logs deployment/NAME\n"
        "    kubectl -n NAMESPACE get networkpolicies"
    ),
    source="kubeflow/manifests#2492",
    signs=(r'failed calling webhook "(?![mv]jobset\.).*: context deadline exceeded',),
)

JOBSET_WEBHOOK_BEHIND_SIDECAR = Fault(
    code="KF204",
    name="jobset-webhook-behind-sidecar",
    severity=Severity.BROKEN,
    title="JobSet's webhook is behind a proxy of the mesh that does not let the API server through",
    symptom=(
        "A TrainJob never gets a status; its event TrainJobResourcesCreationFailed says that "
        'calling webhook "mjobset.kb.io" failed with EOF or with context deadline exceeded.'
    ),
    looked_at=(
        "Whether the webhook's pods have istio-proxy without "
        "traffic.sidecar.istio.io/excludeInboundPorts for its port, and a server-side dry run."
    ),
    fix=(
        "Keep the webhook's port out of the proxy:\n"
        "    kubectl -n kubeflow-system patch deployment jobset-controller-manager -p "
        '\'{"spec":{"template":{"metadata":{"annotations":'
        '{"traffic.sidecar.istio.io/excludeInboundPorts":"9443"}}}}}\''
    ),
    source="kubeflow/manifests#3322, #3396",
    since="26.03",
    signs=(r'failed calling webhook "[mv]jobset\.kb\.io".*(EOF|context deadline exceeded)',),
)

CA_BUNDLE_WRONG = Fault(
    code="KF205",
    name="ca-bundle-wrong",
    severity=Severity.BROKEN,
    title="A webhook's certificate does not come from the authority in its caBundle",
    symptom=(
        "Objects that it guards cannot be made: failed calling webhook ...: x509: certificate "
        "signed by unknown authority."
    ),
    looked_at=(
        "The caBundle of each webhook against the certificate that its server shows, else against "
        "tls.crt of its Secret, and a server-side dry run."
    ),
    fix=(
        "Let cert-manager's cainjector write the caBundle anew, and the server read its "
        "certificate again:\n"
        "    kubectl -n cert-manager rollout restart deployment cert-manager-cainjector\n"
        "    kubectl -n NAMESPACE rollout restart deployment NAME\n"
        "Delete configurations of an older installation."
    ),
    source="kubeflow/katib#1533, kubeflow/kubeflow#6257",
    signs=(r"failed calling webhook .*x509: certificate signed by unknown authority",),
)

CA_BUNDLE_EMPTY = Fault(
    code="KF206",
    name="ca-bundle-empty",
    severity=Severity.BROKEN,
    title="A webhook has no caBundle, or one without a certificate",
    symptom=(
        "Objects that it guards cannot be made: failed calling webhook ...: unable to load root "
        "certificates: unable to parse bytes as PEM block, or certificate signed by unknown "
        "authority."
    ),
    looked_at="clientConfig.caBundle of all webhooks that are Services.",
    fix=(
        "Install cert-manager, or see why its cainjector does not write it:\n"
        "    kubectl -n cert-manager get pods\n"
        "    kubectl -n cert-manager logs deployment/cert-manager-cainjector"
    ),
    source="kubeflow/katib#2451",
    signs=(r"failed calling webhook .*unable to parse bytes as PEM block",),
)

WEBHOOK_DUPLICATE = Fault(
    code="KF207",
    name="webhook-duplicate",
    severity=Severity.DEGRADED,
    title="Two webhook configurations are for the same job",
    symptom=(
        "After an upgrade that has renamed a component, its old webhook is still asked beside the "
        "new one: each pod is changed twice, and fails with either of them."
    ),
    looked_at="Webhooks in several configurations with the same path, rules and selectors.",
    fix=(
        "Delete the one of the component that was replaced:\n"
        "    kubectl delete mutatingwebhookconfiguration NAME"
    ),
    source="kubeflow/community-distribution README.md, Upgrading",
    since="26.03.1",
)

WEBHOOK_FAILS = Fault(
    code="KF208",
    name="webhook-fails",
    severity=Severity.BROKEN,
    title="The call of a webhook fails",
    symptom=(
        "Objects that it guards cannot be made: failed calling webhook ..., with the reason after "
        "it: connection refused, EOF, a status such as 404 or 500."
    ),
    looked_at="A server-side dry run of an object that the webhook guards.",
    fix=(
        "See what its server says:\n"
        "    kubectl -n NAMESPACE get pods\n"
        "    kubectl -n NAMESPACE logs deployment/NAME"
    ),
    source="kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers",
    signs=(
        r"failed calling webhook .*connect: connection refused",
        r"failed calling webhook .*the server could not find the requested resource",
    ),
)

FAULTS = (
    WEBHOOK_LEFTOVER,
    WEBHOOK_NO_ENDPOINTS,
    WEBHOOK_TIMES_OUT,
    JOBSET_WEBHOOK_BEHIND_SIDECAR,
    CA_BUNDLE_WRONG,
    CA_BUNDLE_EMPTY,
    WEBHOOK_DUPLICATE,
    WEBHOOK_FAILS,
)
