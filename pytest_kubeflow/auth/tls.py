"""How the gateway's certificate is verified, where no session of `requests` does it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_kubeflow.config.groups.gateway import GatewaySettings


def gateway_tls(settings: GatewaySettings) -> ssl.SSLContext:
    """As sessions verify it: --kf-ca-cert, or what `requests` trusts; not at all if insecure."""
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    context = ssl.create_default_context(cafile=str(settings.ca_cert or DEFAULT_CA_BUNDLE_PATH))
    if settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
