"""What Dex answers (dexidp/dex, server/)."""

from __future__ import annotations

from pytest_kubeflow.auth.known_refusals.known import Known
from pytest_kubeflow.errors import ClusterUnreachable

DEX: tuple[Known, ...] = (
    Known(
        400,
        r"Unregistered redirect_uri",
        ClusterUnreachable,
        "Dex does not know the address to which oauth2-proxy lets it lead back; use the address "
        "that Kubeflow is published at as --kf-host, or add this one to redirectURIs in Dex's "
        "configuration (ConfigMap dex in auth) and to oauth2-proxy's redirect_url",
    ),
    Known(
        404,
        r"Invalid client_id",
        ClusterUnreachable,
        "Dex does not know oauth2-proxy as its client; compare staticClients in Dex's "
        "configuration (ConfigMap dex in auth) with oauth2-proxy's client_id",
    ),
    Known(
        400,
        r"User session error",
        ClusterUnreachable,
        "Dex has lost this login: it was restarted, or has several replicas without a common "
        "storage; see kubectl -n auth get pods",
    ),
    Known(
        500,
        r"Database error|Failed to (connect to the database|retrieve connector list)",
        ClusterUnreachable,
        "Dex cannot use its database; see kubectl -n auth logs deploy/dex, and the storage in its "
        "configuration",
    ),
    Known(
        500,
        r"Login error",
        ClusterUnreachable,
        "Dex cannot ask whoever knows its users (its connector, such as LDAP); see "
        "kubectl -n auth logs deploy/dex, and the connectors in its configuration",
    ),
    Known(
        400,
        r"Connector failed to initialize|No connectors available",
        ClusterUnreachable,
        "Dex cannot use its connector; see kubectl -n auth logs deploy/dex, and the connectors in "
        "its configuration (ConfigMap dex in auth)",
    ),
    Known(
        400,
        r"User session has expired",
        ClusterUnreachable,
        "for Dex this login has begun too long ago: compare the clocks of its replicas",
    ),
)
