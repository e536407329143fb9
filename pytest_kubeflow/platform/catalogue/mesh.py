"""KF30x: the mesh: mutual TLS, policies, gateways, proxies."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

_PATCH = "kubectl -n NAMESPACE patch destinationrule NAME --type merge -p "

MUTUAL_TLS_WITHOUT_PROXY = Fault(
    code="KF301",
    name="mutual-tls-without-proxy",
    severity=Severity.BROKEN,
    title="The mesh demands mutual TLS of pods that have no proxy",
    symptom=(
        "The page of a component, such as /pipeline, answers 503: upstream connect error or "
        "disconnect/reset before headers ... TLS_error: ... WRONG_VERSION_NUMBER. The dashboard's "
        "tab stays empty. It is common after istiod was away while Deployments started."
    ),
    looked_at=(
        "The pods behind the host of each DestinationRule with ISTIO_MUTUAL: whether they have the "
        "container istio-proxy, as a container or as an init container."
    ),
    fix=(
        "Restart them once istiod injects again (its pods are ready, the namespace has the label "
        "istio-injection=enabled):\n"
        "    kubectl -n NAMESPACE rollout restart deployment NAME\n"
        "To set the rule to DISABLE hides the fault and opens the path."
    ),
    source="kubeflow/kubeflow#5271, kubeflow/dashboard#3",
    signs=(r"upstream connect error.*TLS_error:.*WRONG_VERSION_NUMBER",),
)

MUTUAL_TLS_DISABLED = Fault(
    code="KF302",
    name="mutual-tls-disabled",
    severity=Severity.NOTICE,
    title="Mutual TLS was switched off for a Service whose pods have a proxy",
    symptom=(
        "It works. Requests to the Service come without the caller's identity and unencrypted, so "
        "policies that name callers refuse them, or were opened for all."
    ),
    looked_at="DestinationRules with tls.mode DISABLE, and the pods behind their hosts.",
    fix="Use mutual TLS again:\n    " + _PATCH + '\'{"spec":{"trafficPolicy":{"tls":'
    '{"mode":"ISTIO_MUTUAL"}}}}\'',
    source="istio.io/docs/reference/config/networking/destination-rule, ClientTLSSettings",
)

GLOBAL_DENY_MISSING = Fault(
    code="KF306",
    name="global-deny-missing",
    severity=Severity.NOTICE,
    title="No policy of the mesh denies by default",
    symptom=(
        "It works, and more than it should: a workload that no AuthorizationPolicy names takes "
        "requests of every pod in the cluster."
    ),
    looked_at="An AuthorizationPolicy with an empty spec in the root namespace, istio-system.",
    fix=(
        "Install the policy of Istio's manifests again:\n"
        "    kubectl apply -f - <<EOF\n"
        "    apiVersion: security.istio.io/v1\n"
        "    kind: AuthorizationPolicy\n"
        "    metadata: {name: global-deny-all, namespace: istio-system}\n"
        "    spec: {}\n"
        "    EOF"
    ),
    source="kubeflow/community-distribution common/istio/istio-install/base",
)

GLOBAL_DENY_WITHOUT_EXCEPTIONS = Fault(
    code="KF307",
    name="global-deny-without-exceptions",
    severity=Severity.BROKEN,
    title="The mesh denies by default, and no policy allows what is needed",
    symptom="The gateway, or a component behind it, answers 403 to everybody: RBAC: access denied.",
    looked_at=(
        "Whether an AuthorizationPolicy with action ALLOW applies to the gateway's pods, and to "
        "the pods behind each VirtualService of Kubeflow's gateway."
    ),
    fix=(
        "Install the policy of the component again; that of the gateway:\n"
        "    kubectl apply -f - <<EOF\n"
        "    apiVersion: security.istio.io/v1\n"
        "    kind: AuthorizationPolicy\n"
        "    metadata: {name: istio-ingressgateway, namespace: istio-system}\n"
        "    spec: {action: ALLOW, selector: {matchLabels: {app: istio-ingressgateway}}, "
        "rules: [{}]}\n"
        "    EOF"
    ),
    source="istio.io/docs/concepts/security, Implicit enablement",
)

LOAD_BALANCER_PENDING = Fault(
    code="KF308",
    name="load-balancer-pending",
    severity=Severity.BROKEN,
    title="A Service of type LoadBalancer gets no address",
    symptom="kubectl get service shows EXTERNAL-IP <pending>, and nobody reaches it from outside.",
    looked_at=(
        "status.loadBalancer.ingress of the platform's and profiles' Services that are older than "
        "two minutes and have no externalIPs. Who comes in by another way is told that it is "
        "degraded."
    ),
    fix=(
        "Install what gives addresses (MetalLB, the cloud's controller), or do without:\n"
        "    kubectl -n istio-system patch service istio-ingressgateway -p "
        '\'{"spec":{"type":"ClusterIP"}}\'\n'
        "    kubectl -n istio-system port-forward service/istio-ingressgateway 8080:80"
    ),
    source="kubernetes.io/docs/concepts/services-networking/service, type LoadBalancer",
)

STRICT_MUTUAL_TLS = Fault(
    code="KF309",
    name="strict-mutual-tls",
    severity=Severity.DEGRADED,
    title="Mutual TLS is demanded of all callers",
    symptom=(
        "Callers without a proxy (the API server at webhooks, Jobs and notebooks without "
        "injection, monitoring) get: connection reset by peer. Kubeflow's manifests demand it "
        "nowhere."
    ),
    looked_at=(
        "PeerAuthentications with mode STRICT for the whole mesh or for a namespace of the "
        "platform."
    ),
    fix=(
        "Allow both, or be sure that every caller has a proxy:\n"
        "    kubectl -n NAMESPACE patch peerauthentication NAME --type merge -p "
        '\'{"spec":{"mtls":{"mode":"PERMISSIVE"}}}\''
    ),
    source="istio.io/docs/reference/config/security/peer_authentication",
)

PROXY_VERSION_DIFFERS = Fault(
    code="KF310",
    name="proxy-version-differs",
    severity=Severity.DEGRADED,
    title="Proxies are of another release than istiod",
    symptom=(
        "After an upgrade of Istio, pods keep the proxy that they were made with: features of the "
        "new release are missing there, and what is configured may be refused."
    ),
    looked_at="The tags of the images of istiod and of istio-proxy in all pods.",
    fix=(
        "Restart the workloads of the namespaces that are named:\n"
        "    kubectl -n NAMESPACE rollout restart deployment,statefulset"
    ),
    source="istio.io/docs/setup/upgrade",
)

GATEWAY_SHADOWED = Fault(
    code="KF311",
    name="gateway-shadowed",
    severity=Severity.BROKEN,
    title="Another Gateway takes the requests that are meant for Kubeflow's",
    symptom=(
        "Every path answers 404 at https://, although the pods are well and port 80 may work: the "
        "VirtualServices belong to a Gateway that is not asked."
    ),
    looked_at=(
        "Gateways whose selector takes the pods of kubeflow/kubeflow-gateway, with a server of TLS "
        "for hosts of it that it has no server for, or that is older on the same port."
    ),
    fix=(
        "Have one Gateway with the server for TLS, and delete the other:\n"
        "    kubectl -n NAMESPACE delete gateway NAME\n"
        "    kubectl -n kubeflow edit gateway kubeflow-gateway   # port 443, credentialName"
    ),
    source="istio.io/docs/ops/common-problems/network-issues, 404 errors with multiple gateways",
)

FAULTS = (
    MUTUAL_TLS_WITHOUT_PROXY,
    MUTUAL_TLS_DISABLED,
    GLOBAL_DENY_MISSING,
    GLOBAL_DENY_WITHOUT_EXCEPTIONS,
    LOAD_BALANCER_PENDING,
    STRICT_MUTUAL_TLS,
    PROXY_VERSION_DIFFERS,
    GATEWAY_SHADOWED,
)
