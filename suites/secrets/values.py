"""Values that nobody has seen before, and what a task has to find of them."""

import hashlib
import secrets

from .pipelines import SETTINGS, VARIABLES

ODD = "first line\nsecond 'line' $HOME $(PATH) $$ \"quoted\" {{workflow.name}} größe "
"""What shells, Kubernetes, Argo and templates might take for something of theirs."""


def new_secret() -> dict[str, str | bytes]:
    """Values for a Secret; the file holds bytes that are no text."""
    return {
        "password": f"plain-{secrets.token_hex(16)}",
        "token": ODD + secrets.token_hex(16),
        "key.bin": bytes(range(256)) + secrets.token_bytes(16),
    }


def new_settings() -> dict[str, str | bytes]:
    """Values for a ConfigMap."""
    return {"mode": ODD + secrets.token_hex(8), "table.bin": b"\xff\x00" + secrets.token_bytes(8)}


def digest(value: str | bytes) -> str:
    """The SHA-256 of a value."""
    return hashlib.sha256(value if isinstance(value, bytes) else value.encode()).hexdigest()


def expected(
    secret: dict[str, str | bytes], settings: dict[str, str | bytes] | None = None
) -> dict[str, str]:
    """What a task finds: variables of the keys that have one, and a file for each key."""
    found = {VARIABLES[key]: digest(secret[key]) for key in VARIABLES}
    found |= {f"/secret/{key}": digest(value) for key, value in secret.items()}
    if settings is not None:
        found |= {SETTINGS[key]: digest(settings[key]) for key in SETTINGS}
        found |= {f"/settings/{key}": digest(value) for key, value in settings.items()}
    return found
