"""Forgeries: each is another token than those it was made of, and none is good."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.access.tokens import AccountToken, forgeries
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.redaction import Secret

KEY = ec.generate_private_key(ec.SECP256R1())
IDENTIFIERS = st.text(st.characters(codec="utf-8", exclude_characters=":"), min_size=1, max_size=9)


def account(name: str, **claims: Any) -> AccountToken:
    user = f"system:serviceaccount:team:{name}"
    found = {"sub": user, "exp": int(time.time()) + 600, **claims}
    token = jwt.encode(found, KEY, algorithm="ES256", headers={"kid": "k"})
    return AccountToken("team", name, Secret(token), time.time() + 600)


def verifies(token: Secret) -> bool:
    try:
        jwt.decode(token.reveal(), KEY.public_key(), algorithms=["ES256"])
    except jwt.PyJWTError:
        return False
    return True


@given(IDENTIFIERS, IDENTIFIERS)
def test_none_verifies(good_name: str, poor_name: str) -> None:
    good, poor = account(good_name), account(f"other-{poor_name}")
    assert verifies(good.token)
    assert verifies(poor.token)
    made = forgeries(good, poor)
    assert len({one.reveal() for one in made.values()}) == len(made) == 5
    assert not any(map(verifies, made.values()))


def test_they_would_bring_something() -> None:
    """To whom looks at no signature they say that their holder is the good one, or for longer."""
    good, poor = account("good", **{"kubernetes.io": {"namespace": "team"}}), account("poor")
    made = forgeries(good, poor)

    def claims(what: str) -> dict[str, Any]:
        options: Any = {"verify_signature": False}
        found: dict[str, Any] = jwt.decode(made[what].reveal(), options=options)
        return found

    for what in ("our name in a foreign one", "our name and no algorithm", "another signature"):
        assert claims(what)["sub"] == good.user
    assert claims("our name in a foreign one")["kubernetes.io"] == {"namespace": "team"}
    assert claims("a later end")["exp"] > time.time() + 3600


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.b"])
def test_what_is_no_jwt_cannot_be_forged(text: str) -> None:
    opaque = AccountToken("team", "x", Secret(text), 0.0)
    with pytest.raises(ConfigurationError, match="is no JWT"):
        forgeries(opaque, account("y"))
    with pytest.raises(ConfigurationError, match="is no JWT"):
        forgeries(account("y"), opaque)
