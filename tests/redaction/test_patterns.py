"""What looks like a credential is masked in linear time, and ordinary text is left alone."""

from __future__ import annotations

import importlib
import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.redaction import KINDS
from pytest_kubeflow.redaction import MASK, Redactor
from pytest_kubeflow.redaction.pattern import Pattern, folded
from pytest_kubeflow.redaction.patterns import PATTERNS

ABC = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9"

CREDENTIALS = [
    'env: Invalid value: [{{"name":"PET_NNODES","value":"3"}},{{"name":"API_TOKEN","value":"{}"}}]',
    "{{'name': 'DB_PASSWORD', 'value': '{}'}}",
    '\\"name\\": \\"AWS_SECRET_ACCESS_KEY\\", \\"value\\": \\"{}\\"',
    "X-Api-Key: {}",
    "curl -H 'X-Api-Key: {}' http://a/b",
    '{{"api_key": "{}"}}',
    "password={}",
    "connecting with password={} as root",
    "passwd: {}",
    "DB_PASSWORD: {}\n",
    '{{"password": "{}", "user": "root"}}',
    '"{{\\"password\\": \\"{}\\"}}"',
    "postgres://root@db/x?password={}&b=c",
    "AWS_SECRET_ACCESS_KEY={}",
    "aws_secret_access_key = {}",
    "export AWS_SESSION_TOKEN={}",
    "secretkey: {}",
    "client_secret={}",
    "cloned with ghp_{}",
    "gho_{}",
    "github_pat_11{}",
    "HF: hf_{}",
    "glpat-{}",
    "oc login --token=sha256~{}",
    "https://{}@github.com/a/b.git",
    "https://oauth2:{}@gitlab.com/a/b.git",
    "https://user:p@{}@host/a",
    "GET https://b.s3.amazonaws.com/k?X-Amz-Credential=A%2Fb&X-Amz-Signature={}&x=1",
    "https://b.s3.amazonaws.com/k?X-Amz-Security-Token={}",
    "https://b.s3.amazonaws.com/k?AWSAccessKeyId=AKIA&Signature={}&Expires=1",
    "https://storage.googleapis.com/b/k?X-Goog-Credential=c&X-Goog-Signature={}",
    "https://a.blob.core.windows.net/c/k?sv=2022&se=2026&sig={}",
    "href='https://a.blob.core.windows.net/c/k?sv=2022&amp;sig={}'",
    "https://b.oss-cn-hangzhou.aliyuncs.com/k?OSSAccessKeyId=L&Expires=1&Signature={}",
    "https://b.oss-cn-hangzhou.aliyuncs.com/k?x-oss-signature={}",
    "sent header Cookie: session={}; path=/",
    "> cookie: a=1; session={}",
    "{{'cookie': 'a=b; session={}'}}",
    "curl -H 'Cookie: session={}' http://a/b",
    "got set-cookie: {}",
    "    token: {}\n",
    '"token": "{}"',
    "    client-key-data: {}",
    "    password: {}",
    "access_token={}",
]


@pytest.mark.parametrize("text", CREDENTIALS)
def test_a_credential_in_a_log_is_masked(text: str) -> None:
    shown = Redactor().redact(f"before\n{text.format(ABC)}\nafter")
    assert ABC not in shown
    assert MASK in shown
    assert shown.startswith("before\n")
    assert shown.endswith("\nafter")
    assert Redactor().redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "the password of user@example.com was refused",
        "password: the field is required, not given",
        "a wrong password, or no token: give KF_TOKEN",
        "    password = get_password(user)",
        "    return login(password=password, token=self.token)",
        "    Login(password=config.gateway.password)",
        "def login(*, password: str, token: str | None = None) -> None:",
        "password=None, secret_key=None",
        "password=$PASSWORD password=${PASSWORD} password=%s",
        "cat: /etc/passwd: No such file or directory",
        "token: /var/run/secrets/kubeflow/pipelines/token",
        "the bearer authentication. Basic Authentication, basic auth/bearer",
        "git clone ssh://git@github.com/a/b and https://someone@host/",
        "http://127.0.0.1:8080/pipeline/?a=b@c minio://mlpipeline/v2/artifacts/a@b",
        "hf_hub_download_to_a_folder(hf_transfer)",
        "signature=inspect.signature(f), sig=5",
        "the cookie: none was set; cookies: 3",
        "oauth2_proxy: the pod is not ready",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "api_key, x-api-key and tokens are masked",
        "tests/auth/test_tokens.py::test_token[password-1] PASSED",
        "eyJ is how a JWT begins",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert Redactor().redact(text) == text


@given(text=st.text())
def test_folding_keeps_each_character_where_it_was(text: str) -> None:
    assert len(folded(text)) == len(text)


def test_folding_keeps_the_length_of_each_character() -> None:
    every = "".join(map(chr, range(0x110000)))
    assert len(folded(every)) == len(every)


REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}


def unbounded(parsed: Any, *, at_the_end: bool) -> list[str]:
    """What may read any length, but for the last element, and repeats inside of repeats."""
    found = []
    for index, (operation, argument) in enumerate(parsed):
        last = at_the_end and index == len(parsed) - 1
        name = str(operation)
        if name in REPEATS:
            _, most, repeated = argument
            if int(most) > 20_000 and not last:
                found.append(f"{name} at {index}")
            if int(most) > 1 and any(str(inner) in REPEATS for inner, _ in repeated):
                found.append(f"a repeat in a repeat at {index}")
            found += unbounded(repeated, at_the_end=False)
        elif name == "SUBPATTERN":
            found += unbounded(argument[-1], at_the_end=last)
        elif name in {"ASSERT", "ASSERT_NOT"}:
            found += unbounded(argument[1], at_the_end=False)
        elif name == "BRANCH":
            for branch in argument[1]:
                found += unbounded(branch, at_the_end=last)
    return found


def parse(expression: str) -> Any:
    return importlib.import_module("re._parser").parse(expression)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.literal)
def test_no_attempt_reads_far_and_fails(pattern: Pattern) -> None:
    """Which is what makes a search quadratic: each literal would be read from to the end."""
    assert unbounded(parse(pattern.expression), at_the_end=True) == []
    assert pattern.literal == folded(pattern.literal)


@pytest.mark.parametrize("expression", ["a+b", "(a+)b", "(?:a{0,3}){2}", "a(?=b*)c", "(?:a+|b)c"])
def test_the_check_sees_what_reads_far(expression: str) -> None:
    assert unbounded(parse(expression), at_the_end=True)


@pytest.mark.parametrize("kind", KINDS)
def test_long_texts_of_one_kind_come_to_an_end(kind: str) -> None:
    """With an expression that backtracks, each of these takes minutes."""
    text = KINDS[kind](random.Random(1), 300_000)  # noqa: S311  no secret
    redactor = Redactor()
    redactor.add(ABC)
    assert len(redactor.redact(text)) <= len(text) + 300


PIECES = st.sampled_from(
    [
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----END RSA PRIVATE KEY-----",
        *("MIIEowIBAAKCAQEAx1", "  MIIEowIBAAKCAQEAx2\r", "words of a log", "", "\\n", "MIIE"),
    ]
)


@given(lines=st.lists(PIECES, max_size=30))
def test_keys_of_any_order_are_masked_once(lines: list[str]) -> None:
    once = Redactor().redact("\n".join(lines))
    assert Redactor().redact(once) == once
    shown = once.split("\n")
    for line, following in itertools.pairwise(shown):
        assert "MIIEow" not in line or not following.startswith("-----END")


def test_a_key_whose_beginning_was_cut_off_takes_no_line_before_it() -> None:
    text = "a line of a log\nMIIEowIBAAKCAQEAx1\nMIIEowIBAAKCAQEAx1==\n-----END PRIVATE KEY-----\nb"
    shown = "a line of a log\n***-----END PRIVATE KEY-----\nb"
    assert Redactor().redact(text) == shown
