"""All set-ups that are broken in one way each: of the modules that register them."""

from . import (
    broken_answers,
    broken_credentials,
    broken_gateways,
    broken_hosts,
    broken_kubernetes,
    broken_logins,
    broken_origins,
    broken_registries,
    broken_settings,
    broken_stores,
    login_faults,
)
from .setup import SETUPS

__all__ = [
    "SETUPS",
    "broken_answers",
    "broken_credentials",
    "broken_gateways",
    "broken_hosts",
    "broken_kubernetes",
    "broken_logins",
    "broken_origins",
    "broken_registries",
    "broken_settings",
    "broken_stores",
    "login_faults",
]
