"""What looks like a credential, whoever it belongs to."""

from __future__ import annotations

from pytest_kubeflow.redaction.secret import MASK

_COOKIES = r"oauth2_proxy_[\w-]+|_oauth2_proxy[\w-]*|authservice_session|XSRF-TOKEN"
# Compiled when they are first used (`re` keeps them): `pytest --help` uses none.
PATTERNS = (
    (
        r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]*?(?:-----END \1PRIVATE KEY-----|\Z)",
        # With its end, so that to mask it again takes nothing more.
        rf"-----BEGIN \1PRIVATE KEY-----{MASK}-----END \1PRIVATE KEY-----",
    ),
    (  # one whose beginning was cut off
        r"(?m:^[ \t]*[A-Za-z0-9+/=]{16,}[ \t]*\r?\n)+[ \t]*-----END ([A-Z ]*)PRIVATE KEY-----",
        rf"{MASK}-----END \1PRIVATE KEY-----",
    ),
    (r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*", MASK),
    (r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", rf"\1 {MASK}"),
    (
        r"\b((?:proxy-)?authorization)([\"']?\s*[:=]\s*[\"']?)(?!(?:bearer|basic) \*\*\*)"
        r"[^\s\"',}][^\"'\r\n]*",
        rf"\1\2{MASK}",
    ),
    (r"(?m:^)([ \t]*(?:set-)?cookie\s*:\s*)[^\r\n]+", rf"\1{MASK}"),
    (rf"\b({_COOKIES})([\"']?\s*[:=]\s*[\"']?)[^\s\"',;]+", rf"\1\2{MASK}"),
    (r"\b(X-Amz-(?:Signature|Credential|Security-Token)=)[^\s&\"']+", rf"\1{MASK}"),
    (r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]+:)[^\s/@]+@", rf"\1{MASK}@"),
    (r"\b(client-key-data)(\s*:\s*)\S+", rf"\1\2{MASK}"),
)
