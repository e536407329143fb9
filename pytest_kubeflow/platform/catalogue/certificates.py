"""KF22x: certificates, of webhooks and of the gateway."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

CERTIFICATE_NOT_READY = Fault(
    code="KF221",
    name="certificate-not-ready",
    severity=Severity.BROKEN,
    title="A certificate that cert-manager was asked for is not issued",
    symptom=(
        "The Secret of a webhook or a gateway is missing or old; pods that mount it stay in "
        "ContainerCreating with FailedMount, and their webhook cannot be called."
    ),
    looked_at="The condition Ready of all Certificates.",
    fix=(
        "See what it waits for:\n"
        "    kubectl -n NAMESPACE describe certificate NAME\n"
        "    kubectl -n NAMESPACE get certificaterequests,orders,challenges"
    ),
    source="cert-manager.io/docs/troubleshooting",
)

CERTIFICATE_EXPIRES_SOON = Fault(
    code="KF222",
    name="certificate-expires-soon",
    severity=Severity.DEGRADED,
    title="A certificate ends within 14 days, and nobody has renewed it",
    symptom="Nothing yet. When it has ended, nothing that it guards can be made or reached.",
    looked_at=(
        "Certificates of cert-manager, what webhooks' servers show, else tls.crt of their "
        "Secrets; tls.crt of the platform's other Secrets for TLS, and the mesh's root, which "
        "istiod hands out in ConfigMap istio-ca-root-cert. Of those that live for less than 30 "
        "days, whether less than an eighth of that is left."
    ),
    fix=(
        "Renew it. What cert-manager issues, it renews by itself after two thirds of its life, if "
        "it runs:\n"
        "    kubectl -n cert-manager get pods\n"
        "    kubectl -n NAMESPACE describe certificate NAME"
    ),
    source="cert-manager.io/docs/usage/certificate, Issuance triggers",
)

CERTIFICATE_EXPIRED = Fault(
    code="KF223",
    name="certificate-expired",
    severity=Severity.BROKEN,
    title="A certificate has ended",
    symptom=(
        "What it guards cannot be made or reached: x509: certificate has expired or is not yet "
        "valid."
    ),
    looked_at=(
        "Certificates of cert-manager, tls.crt of Secrets, what webhooks' servers show, the mesh's "
        "root and the authority that Istio was given (Secret cacerts), and a server-side dry run. "
        "Of Secrets nothing but the certificate is kept. What nothing names or mounts is a notice."
    ),
    fix=(
        "Have it issued again, and restart what reads it only once:\n"
        "    kubectl -n NAMESPACE delete secret NAME   # cert-manager makes it anew\n"
        "    kubectl -n NAMESPACE rollout restart deployment NAME"
    ),
    source="cert-manager.io/docs/usage/certificate",
    signs=(r"failed calling webhook .*x509: certificate has expired or is not yet valid",),
)

CERTIFICATE_NAME_WRONG = Fault(
    code="KF224",
    name="certificate-name-wrong",
    severity=Severity.BROKEN,
    title="A webhook's certificate is for another name",
    symptom=(
        "Objects that it guards cannot be made: x509: certificate is valid for a.b.svc, not "
        "c.d.svc; or: certificate relies on legacy Common Name field, use SANs instead."
    ),
    looked_at=(
        "The names (SAN) of what a webhook's server shows, else of tls.crt of its Secret: "
        "SERVICE.NAMESPACE.svc must be among them."
    ),
    fix=(
        "Put the name into the Certificate that the Secret comes from:\n"
        "    kubectl -n NAMESPACE patch certificate NAME --type merge -p "
        '\'{"spec":{"dnsNames":["SERVICE.NAMESPACE.svc"]}}\''
    ),
    source="kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers",
    signs=(
        r"failed calling webhook .*x509: certificate is valid for .+, not \S+",
        r"failed calling webhook .*x509: certificate relies on legacy Common Name field",
    ),
)

GATEWAY_CERTIFICATE_EXPIRES = Fault(
    code="KF225",
    name="gateway-certificate-expires",
    severity=Severity.BROKEN,
    title="The gateway's certificate has ended, or ends within 14 days",
    symptom="Browsers warn of the page, clients refuse it: certificate has expired.",
    looked_at=(
        "What the gateway shows in a TLS handshake at the address of --kf-host, and the Secrets "
        "that Gateways name as credentialName."
    ),
    fix=(
        "Renew what the Gateway names as credentialName:\n"
        "    kubectl -n istio-system get gateway -A -o yaml | grep credentialName\n"
        "    kubectl -n istio-system create secret tls NAME --cert=FILE --key=FILE "
        "--dry-run=client -o yaml | kubectl apply -f -"
    ),
    source="istio.io/docs/tasks/traffic-management/ingress/secure-ingress",
)

GATEWAY_CERTIFICATE_NAME_WRONG = Fault(
    code="KF226",
    name="gateway-certificate-name-wrong",
    severity=Severity.BROKEN,
    title="The gateway's certificate is for another name",
    symptom="Browsers warn of the page, clients refuse it: hostname mismatch.",
    looked_at=(
        "The names in what the gateway shows in a TLS handshake at the address of --kf-host, and "
        "the Secrets that Gateways name as credentialName against the hosts of their servers."
    ),
    fix="Use a name that the certificate has, or have one issued for this name.",
    source="istio.io/docs/tasks/traffic-management/ingress/secure-ingress",
)

GATEWAY_CERTIFICATE_UNTRUSTED = Fault(
    code="KF227",
    name="gateway-certificate-untrusted",
    severity=Severity.DEGRADED,
    title="The gateway's certificate comes from an authority that is not trusted here",
    symptom=(
        "Browsers warn of the page, and clients work with their check switched off alone "
        "(--kf-insecure, verify=False)."
    ),
    looked_at=(
        "Whether what the gateway shows in a TLS handshake comes from the authority of "
        "--kf-ca-cert, or from one that this machine trusts. A chain may lack its intermediates."
    ),
    fix=(
        "Give the authority with --kf-ca-cert, have the gateway send its intermediate certificates "
        "too, or have the certificate issued by an authority that clients trust."
    ),
    source="istio.io/docs/tasks/traffic-management/ingress/secure-ingress",
)

CERTIFICATE_UNREADABLE = Fault(
    code="KF228",
    name="certificate-unreadable",
    severity=Severity.BROKEN,
    title="A Secret for TLS has no certificate that can be read",
    symptom=(
        "Servers that read it do not start, or show another certificate: tls: failed to find any "
        "PEM data in certificate input."
    ),
    looked_at="tls.crt of the Secrets of Gateways, of webhooks' servers, and others for TLS.",
    fix=(
        "Have it issued again, or write the PEM files into it:\n"
        "    kubectl -n NAMESPACE create secret tls NAME --cert=FILE --key=FILE "
        "--dry-run=client -o yaml | kubectl apply -f -"
    ),
    source="kubernetes.io/docs/concepts/configuration/secret, TLS Secrets",
    signs=(r"tls: failed to find any PEM data in certificate input",),
)

FAULTS = (
    CERTIFICATE_NOT_READY,
    CERTIFICATE_EXPIRES_SOON,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_NAME_WRONG,
    GATEWAY_CERTIFICATE_EXPIRES,
    GATEWAY_CERTIFICATE_NAME_WRONG,
    GATEWAY_CERTIFICATE_UNTRUSTED,
    CERTIFICATE_UNREADABLE,
)
