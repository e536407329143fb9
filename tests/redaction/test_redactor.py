"""Nothing that was called a secret, and nothing that looks like one, gets through."""

from __future__ import annotations

import base64
import copy
import html
import json
import pickle
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.redaction import MASK, Redactor, Secret

SECRETS = st.text(st.characters(codec="utf-8"), min_size=8, max_size=40).filter(
    lambda text: len(text.strip()) >= 8 and not Secret(text).is_common
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=80)


@given(secret=SECRETS, before=TEXTS, after=TEXTS)
def test_a_known_secret_is_gone_in_every_form(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add(Secret(secret))
    forms = [
        secret,
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        html.escape(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode(),
    ]
    for form in forms:
        assert form not in redactor.redact(before + form + after)


@given(secrets=st.lists(SECRETS, max_size=5), text=TEXTS)
def test_redacting_twice_changes_nothing_more(secrets: list[str], text: str) -> None:
    redactor = Redactor()
    for secret in secrets:
        redactor.add(secret)
    once = redactor.redact("".join([text, *secrets]))
    assert redactor.redact(once) == once


@given(
    secret=st.text(
        st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40
    ).filter(lambda text: not Secret(text).is_common),
    before=st.binary(max_size=9),
    after=st.binary(max_size=9),
)
def test_a_secret_inside_base64_of_something_longer_is_gone(
    secret: str, before: bytes, after: bytes
) -> None:
    redactor = Redactor()
    redactor.add(secret)
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    shown = redactor.redact(encoded)
    assert MASK in shown
    assert len(shown) <= len(encoded) - len(secret)


@given(text=st.text(st.characters(codec="utf-8", exclude_characters=":=.-"), max_size=200))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    if "bearer" not in text.lower() and "basic" not in text.lower():
        assert Redactor().redact(text) == text


JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"token {JWT} was refused", JWT),
        (f"Authorization: Bearer {JWT}", JWT),
        ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        ("authorization=opaque-credential", "opaque-credential"),
        ("Bearer abcdef0123456789", "abcdef0123456789"),
        ("Set-Cookie: session=abc; Path=/", "abc"),
        ("  cookie: a=b; oauth2_proxy_kubeflow=xyz123", "xyz123"),
        ("{'oauth2_proxy_kubeflow': 'v|xyz123'}", "xyz123"),
        ("oauth2_proxy_kubeflow_0=xyz123; Path=/", "xyz123"),
        ("GET /b/k?X-Amz-Signature=00ff00&X-Amz-Expires=5", "00ff00"),
        ("http://user:hunter22@host/path", "hunter22"),
        ("client-key-data: LS0tLS1CRUdJTg==", "LS0tLS1CRUdJTg=="),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
            "MIIE",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIE cut off", "MIIE"),
        (
            "0123456789abcdefMIIE\n0123456789abcdef\n-----END RSA PRIVATE KEY-----",
            "MIIE",
        ),
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str, hidden: str) -> None:
    shown = Redactor().redact(text)
    assert hidden not in shown
    assert MASK in shown


def test_to_redact_again_changes_nothing() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"
    once = Redactor().redact(f"before\n{key}\nafter")
    assert once.endswith("\nafter")
    assert Redactor().redact(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "the basic idea of bearer tokens",
        "a cookie: not at the start of a header",
        "http://host:8080/pipeline",
        "run 3f2a succeeded in 1.5 s",
    ],
)
def test_talk_about_credentials_is_not_masked(text: str) -> None:
    assert "***" not in Redactor().redact(text.replace("a cookie:", "a cookie"))


def test_a_secret_shows_itself_to_nobody_by_accident() -> None:
    secret = Secret("hunter22")
    shown = f"{secret} {secret!r} {secret:>12} {[secret]}"
    assert "hunter22" not in shown
    assert secret.reveal() == "hunter22"
    assert secret == Secret("hunter22")
    assert secret != Secret("other")
    assert copy.deepcopy([secret])[0] is secret
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


def test_very_short_secrets_would_mask_everything_and_are_left() -> None:
    redactor = Redactor()
    redactor.add("abc")
    redactor.add(None)
    assert redactor.redact("the abc of it") == "the abc of it"


def test_an_access_key_that_is_a_word_is_no_secret() -> None:
    """The default one of Kubeflow's store is the scheme of its artifacts as well."""
    redactor = Redactor()
    redactor.add_access_key(Secret("minio"))
    redactor.add_access_key(Secret("AKIAIOSFODNN7EXAMPLE"))
    redactor.add(Secret("minio123"))
    text = "minio://mlpipeline/v2 of minio-service, by 'minio' and minio123, AKIAIOSFODNN7EXAMPLE"
    shown = "minio://mlpipeline/v2 of minio-service, by 'minio' and ***, ***"
    assert redactor.redact(text) == shown


@pytest.mark.parametrize("word", ["test", "1234", "minio", "pipeline", "Kfp7"])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/{0}/a_{0}.py of {0}s in {0}-1, {0} failed: {0} again", None),
        ("http://{0}:8080/{0}?a={0}/b {0}://a/b localhost:{0}/", None),
        ("tests/{0}.py::test_{0}[{0}-a] PASSED", None),
        ("login={0}", "login=***"),
        ("login={0}&next=/{0}", "login=***&next=/{0}"),
        ("{{'login': '{0}', \"{0}s\": \"{0}\"}}", "{{'login': '***', \"{0}s\": \"***\"}}"),
        ("login: {0}\nnext", "login: ***\nnext"),
    ],
)
def test_a_common_word_is_masked_only_where_it_is_a_value(
    word: str, text: str, shown: str | None
) -> None:
    redactor = Redactor()
    redactor.add(word)
    assert redactor.redact(text.format(word)) == (shown or text).format(word)


def test_a_common_password_of_a_url_is_masked() -> None:
    redactor = Redactor()
    redactor.add("test")
    assert redactor.redact("http://a:test@test/b") == "http://a:***@test/b"
