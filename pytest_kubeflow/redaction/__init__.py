"""Secret and Redactor: what must not be printed, and the filter for everything that is.

Two nets: the secrets that we know, in the forms in which they get into texts (plain, quoted,
URL- and base64-encoded), and what looks like a credential whoever it belongs to (bearer tokens,
JWTs, session cookies, private keys, signatures in URLs).
"""

from pytest_kubeflow.redaction.redactor import Redactor
from pytest_kubeflow.redaction.secret import MASK, Secret

__all__ = ["MASK", "Redactor", "Secret"]
