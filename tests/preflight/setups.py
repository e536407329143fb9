"""All set-ups that are broken in one way each: of the modules that register them."""

from . import broken_gateways, broken_settings, login_faults
from .broken import SETUPS

__all__ = ["SETUPS", "broken_gateways", "broken_settings", "login_faults"]
