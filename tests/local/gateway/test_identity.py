"""Bearer tokens as Envoy's JWT filter judges them."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway.identity import InvalidTokenError, TrustedIssuer, Verifier

ISSUER = "https://issuer.example"
KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = {"ec": KEY.public_key(), "rsa": RSA_KEY.public_key()}


def token(**claims: Any) -> str:
    given_claims = {"iss": ISSUER, "sub": "someone", "exp": int(time.time()) + 600, **claims}
    return jwt.encode(given_claims, KEY, algorithm="ES256", headers={"kid": "ec"})


def verifier(*faults: str, audience: str | None = None, skew: int = 0) -> Verifier:
    issuer = TrustedIssuer(ISSUER, KEYS, "sub", audience)
    return Verifier([issuer], skew=skew, faults=Faults(faults))


def refusal(judge: Verifier, text: str) -> str:
    with pytest.raises(InvalidTokenError) as refused:
        judge.user(text)
    return str(refused.value)


def forged(good: str, **claims: Any) -> str:
    head, payload, signature = good.split(".")
    found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    changed = json.dumps({**found, **claims}).encode()
    return f"{head}.{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}.{signature}"


def test_good_tokens_name_their_user() -> None:
    judge = verifier()
    good = token()
    assert [judge.user(good), judge.user(good)] == ["someone", "someone"]
    headers = {"kid": "rsa"}
    other = jwt.encode({"iss": ISSUER, "sub": "other"}, RSA_KEY, "RS256", headers=headers)
    assert judge.user(other) == "other"


def test_times_are_taken_with_some_skew() -> None:
    now = int(time.time())
    assert refusal(verifier(), token(exp=now - 30)) == "Jwt is expired"
    assert verifier(skew=60).user(token(exp=now - 30)) == "someone"
    assert refusal(verifier(skew=60), token(exp=now - 90)) == "Jwt is expired"
    assert refusal(verifier(), token(nbf=now + 30)) == "Jwt not yet valid"
    assert verifier(skew=60).user(token(nbf=now + 30)) == "someone"


def test_a_verified_token_is_not_taken_beyond_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    judge, brief = verifier(), token(exp=int(time.time()) + 60)
    assert judge.user(brief) == "someone"
    later = time.time() + 61
    monkeypatch.setattr("time.time", lambda: later)
    monkeypatch.setattr("jwt.api_jwt.datetime", _At(later))
    assert refusal(judge, brief) == "Jwt is expired"


class _At:
    """`datetime` at a certain time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self, tz: Any = None) -> Any:
        from datetime import datetime

        return datetime.fromtimestamp(self._seconds, tz)


def test_a_changed_token_does_not_verify() -> None:
    good = token()
    assert refusal(verifier(), forged(good, sub="admin")) == "Jwt verification fails"
    # What is over is over, whoever signed it: Envoy looks at the time first.
    assert refusal(verifier(), forged(good, exp=1)) == "Jwt is expired"
    head, payload, _ = good.split(".")
    assert refusal(verifier(), f"{head}.{payload}.") == "Jwt verification fails"
    none = jwt.encode({"iss": ISSUER, "sub": "admin"}, "", "none", headers={"kid": "ec"})
    assert "match kid or alg" in refusal(verifier(), none)


def test_a_public_key_is_no_shared_secret() -> None:
    """The oldest trick: a token with HMAC by the public key."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"rsa"}').rstrip(b"=").decode()
    _, payload, signature = token().split(".")
    assert "match kid or alg" in refusal(verifier(), f"{header}.{payload}.{signature}")


def test_tokens_for_others_are_refused_where_an_audience_is_wanted() -> None:
    judge = verifier(audience="pipelines.kubeflow.org")
    assert judge.user(token(aud=["x", "pipelines.kubeflow.org"])) == "someone"
    for wrong in (token(aud="x"), token()):
        with pytest.raises(InvalidTokenError, match="Audiences in Jwt are not allowed") as refused:
            judge.user(wrong)
        assert refused.value.status == 403


def test_a_token_without_a_user_is_nobodys() -> None:
    assert refusal(verifier(), token(sub="")) == "RBAC: access denied"


def test_the_faults_take_bad_tokens() -> None:
    good = token()
    assert verifier("tokens-unverified").user(forged(good, sub="admin")) == "admin"
    assert refusal(verifier("tokens-unverified"), token(exp=1)) == "Jwt is expired"
    assert verifier("tokens-ageless").user(token(exp=1)) == "someone"
    assert refusal(verifier("tokens-ageless"), forged(good, sub="x")) == "Jwt verification fails"


PARTS = st.one_of(
    st.text(max_size=20),
    st.dictionaries(
        st.sampled_from(["iss", "exp", "nbf", "aud", "alg", "kid", "sub", "crit", "b64", "typ"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=5), st.just(ISSUER), st.just("ec")),
    ).map(lambda one: base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode()),
)


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_no_text_is_more_than_refused(parts: list[str]) -> None:
    with pytest.raises(InvalidTokenError):
        verifier("tokens-ageless", audience="x").user(".".join(parts))
