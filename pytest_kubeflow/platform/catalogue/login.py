"""KF30x and KF605: how users and tokens are allowed."""

from __future__ import annotations

from pytest_kubeflow.platform.fault import Fault, Severity

ISSUER_NOT_CONFIGURED = Fault(
    code="KF303",
    name="issuer-not-configured",
    severity=Severity.BROKEN,
    title="The gateway does not trust the issuer of tokens that are to be allowed",
    symptom='Requests with a service account\'s token answer 401: "Jwt issuer is not configured".',
    looked_at=(
        "The issuers of RequestAuthentications at the gateway against the issuer of this session's "
        "token, and, where one is for the cluster's tokens, against the API server's issuer."
    ),
    fix=(
        "Use the overlay m2m-dex-and-kind or m2m-dex-and-eks, with the issuer that the API server "
        "tells:\n"
        "    kubectl get --raw /.well-known/openid-configuration\n"
        "    kubectl -n istio-system edit requestauthentication m2m-token-issuer"
    ),
    source="kubeflow/manifests#2840, #3079; kubeflow/pipelines#11025",
    since="1.9",
    signs=(r"Jwt issuer is not configured",),
)

JWKS_KEY_UNKNOWN = Fault(
    code="KF304",
    name="jwks-key-unknown",
    severity=Severity.BROKEN,
    title="The gateway does not know the key that a token was signed with",
    symptom=(
        "Logins that have just been made, or tokens, answer 401: \"Jwks doesn't have key to match "
        'kid or alg from Jwt". It passes after minutes where the issuer has changed its key.'
    ),
    looked_at="What the gateway answers to this session's requests.",
    fix=(
        "Let Istio fetch the keys again, and keep Dex's in a storage that outlives its pod:\n"
        "    kubectl -n istio-system rollout restart deployment istiod\n"
        "    kubectl -n istio-system set env deployment/istiod "
        "PILOT_JWT_PUB_KEY_REFRESH_INTERVAL=1m"
    ),
    source="kubeflow/manifests#2544, #2850",
    signs=(r"Jwks doesn't have key to match kid",),
)

JWKS_PROXY_CRASHING = Fault(
    code="KF305",
    name="jwks-proxy-crashing",
    severity=Severity.BROKEN,
    title="The proxy for the cluster's keys does not run",
    symptom=(
        "cluster-jwks-proxy is in CrashLoopBackOff, its startup probe fails with 404 or 401, and "
        'the gateway answers tokens of service accounts with 401: "Jwks remote fetch is failed".'
    ),
    looked_at="The pods of Deployment istio-system/cluster-jwks-proxy.",
    fix=(
        "Let its account read the API server's keys:\n"
        "    kubectl create clusterrolebinding cluster-jwks-proxy "
        "--clusterrole=system:service-account-issuer-discovery "
        "--serviceaccount=istio-system:cluster-jwks-proxy\n"
        "    kubectl -n istio-system rollout restart deployment cluster-jwks-proxy"
    ),
    source="kubeflow/manifests#2963",
    since="1.9",
)

DASHBOARD_ACCESS_DENIED = Fault(
    code="KF312",
    name="dashboard-access-denied",
    severity=Severity.BROKEN,
    title="The dashboard is refused, or cannot ask for the user's namespaces",
    symptom=(
        "The dashboard shows no namespaces, or RBAC: access denied, although profiles exist. With "
        "Cilium in the place of kube-proxy the mesh does not see who calls."
    ),
    looked_at="What the gateway answers at /api/workgroup/env-info to this session.",
    fix=(
        "See which policy refuses it. With Cilium, have it leave connections of pods to the mesh "
        "(socketLB.hostNamespaceOnly=true):\n"
        "    kubectl -n kubeflow get authorizationpolicies\n"
        "    kubectl -n kubeflow logs deployment/dashboard"
    ),
    source="kubeflow/kubeflow#6710",
    signs=(r"the dashboard's API does not open for .*RBAC: access denied",),  # the suites' words
)

USER_NOT_DETECTED = Fault(
    code="KF313",
    name="user-not-detected",
    severity=Severity.BROKEN,
    title="Web apps are not told who the user is",
    symptom='Pages of notebooks and volumes stay empty; their API answers 401 "No user detected."',
    looked_at="What the web apps answer to this session at their path api/namespaces.",
    fix=(
        "Requests must pass Istio's gateway, which names the user in kubeflow-userid: give "
        "oauth2-proxy no upstream of its own (static://200), and publish istio-ingressgateway. See "
        "that its RequestAuthentication has outputClaimToHeaders:\n"
        "    kubectl -n istio-system get requestauthentications -o yaml"
    ),
    source="kubeflow/manifests#2931",
    signs=(r"No user detected\.",),
)

DEFAULT_PASSWORD_VALID = Fault(
    code="KF605",
    name="default-password-valid",
    severity=Severity.NOTICE,
    title="The password of the example installation is valid",
    symptom="Whoever reaches the gateway can log in as user@example.com with the password that the "
    "documentation names.",
    looked_at=(
        "This session's own login; the hash in Secret dex-passwords or ConfigMap dex in auth; "
        "only if neither tells, and the session itself logs in with a password at Dex's local "
        "users, one login as user@example.com. It is tried once a session at most, at the "
        "gateway alone, and never where a directory (LDAP) might lock an account for it."
    ),
    fix=(
        "Give the user another password:\n"
        "    HASH=$(python3 -c 'import bcrypt, getpass; "
        "print(bcrypt.hashpw(getpass.getpass().encode(), bcrypt.gensalt()).decode())')\n"
        "    kubectl -n auth create secret generic dex-passwords "
        '--from-literal=DEX_USER_PASSWORD="$HASH" --dry-run=client -o yaml | kubectl apply -f -\n'
        "    kubectl -n auth rollout restart deployment dex"
    ),
    source="kubeflow/community-distribution README.md, Change Default User Password",
)

FAULTS = (
    ISSUER_NOT_CONFIGURED,
    JWKS_KEY_UNKNOWN,
    JWKS_PROXY_CRASHING,
    DASHBOARD_ACCESS_DENIED,
    USER_NOT_DETECTED,
    DEFAULT_PASSWORD_VALID,
)
