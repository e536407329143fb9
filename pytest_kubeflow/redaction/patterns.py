"""What looks like a credential, whoever it belongs to.

Every expression is tried at its literal alone, and costs linear time (see `Pattern`).
"""

from __future__ import annotations

from pytest_kubeflow.redaction.pattern import Pattern
from pytest_kubeflow.redaction.words import (
    is_no_word,
    is_quoted_value,
    is_random,
    is_userinfo,
    is_value,
)

_QUOTE = r"\\?[\"']"
_KEY_ENDS = rf"(?:{_QUOTE})?\s{{0,8}}[:=]\s{{0,8}}"
_IS = rf"{_KEY_ENDS}(?:{_QUOTE})?"
"""Between a key and its value, in YAML, JSON, headers, environments and repr."""

_OPEN = r"[^\s\"',;&<>]"
"""Of a value without quotes."""

_LONG = 256
_ALONE = r"(?=[ \t]{0,8}(?:[\r\n,;&}\])\"'\\<]|\Z))"
"""Nothing follows in the line: "password: x", and not "password: x is wrong"."""


def _assigned(key: str, *, least: int = 1) -> list[Pattern]:
    """The value of a key: `key=value`, `"key": "value"`, `key: value` at the end of a line."""
    is_ = rf"{key}{_KEY_ENDS}\\?"
    short, long = rf"{_OPEN}{{{least},{_LONG}}}+{_ALONE}", rf"(?={_OPEN}{{{_LONG}}}){_OPEN}+"
    return [
        Pattern(key, rf"{is_}\"(?P<secret>(?=[^\"\r\n]{{{least}}})[^\"\r\n]+)", is_quoted_value),
        Pattern(key, rf"{is_}'(?P<secret>(?=[^'\r\n]{{{least}}})[^'\r\n]+)", is_quoted_value),
        Pattern(f"{key}=", rf"{key}=(?P<secret>(?={_OPEN}{{{least}}}){_OPEN}+)", is_value),
        Pattern(key, rf"{key}{_KEY_ENDS}(?P<secret>{short})", is_value),
        Pattern(key, rf"{key}{_KEY_ENDS}(?P<secret>{long})", is_value),
    ]


def _of_pair(key: str) -> Pattern:
    """A variable of a container, or a parameter, whose name says it: `"name":"TOKEN","value":"x"`.

    The API server and webhooks quote a whole list of them where one is wrong.
    """
    name = rf"{key}\w{{0,32}}+{_QUOTE}\s{{0,8}},\s{{0,8}}{_QUOTE}value{_QUOTE}\s{{0,8}}:\s{{0,8}}"
    return Pattern(key, rf"{name}{_QUOTE}(?P<secret>[^\"'\r\n\\]+)", is_quoted_value)


def _token(key: str) -> Pattern:
    return Pattern(key, rf"{key}{_IS}(?P<secret>(?=[\w.~+/=-]{{12}})[\w.~+/=-]+)", is_random)


def _parameter(name: str, before: str) -> Pattern:
    """A parameter of a URL that is signed."""
    return Pattern(f"{name}=", rf"{before}{name}=(?P<secret>[^\s&\"'<>]+)")


def _issued(prefix: str, character: str, least: int) -> Pattern:
    """A token that begins as its issuer's all do."""
    rest = rf"(?={character}{{{least}}}){character}+"
    return Pattern(prefix, rf"(?<![a-z0-9_])(?P<secret>{prefix}{rest})")


def _scheme(name: str) -> Pattern:
    """What follows the name of a way to be known, in a header or in a message."""
    expression = rf"(?<!\w){name}\s{{1,8}}(?P<secret>(?=[\w.~+/=-]{{8}})[\w.~+/=-]+)"
    return Pattern(name, expression, is_no_word)


_SCHEMES = r"(?:bearer|basic|negotiate|digest)\s"
_COOKIE_NAMES = (
    ("oauth2_proxy", r"oauth2_proxy(?:_|(?<=_oauth2_proxy))"),
    ("authservice_session", "authservice_session"),
    ("xsrf-token", "xsrf-token"),
)
_LINE_BEGINS = "|".join([r"(?<![\s\S])", *(rf"(?<=\n[ \t]{{{n}}})" for n in range(9))])
_PAIR = r"(?=[\w.!#$%&*+^|~-]{1,128}=)"

PATTERNS = (
    # No character is read by two attempts: none begins inside of what another one has read.
    Pattern("eyj", r"(?<![\w-])(?P<secret>eyj[\w-]{8,4096}+\.[\w-]{4,16384}+\.[\w-]*)"),
    _scheme("bearer"),
    _scheme("basic"),
    Pattern(
        "authorization",
        rf"authorization{_IS}(?!{_SCHEMES})(?P<secret>[^\s\"',}}\\][^\"'\r\n\\]*)",
    ),
    # A header, at the beginning of its line or in the middle of one, and as a key of a dict.
    Pattern("cookie", r"(?<=set-)cookie[ \t]{0,8}:[ \t]{0,8}(?P<secret>[^\s\"'][^\r\n]*)"),
    Pattern(
        "cookie", rf"(?:{_LINE_BEGINS})cookie[ \t]{{0,8}}:[ \t]{{0,8}}(?P<secret>[^\s\"'][^\r\n]*)"
    ),
    Pattern("cookie", rf"(?<![\"'\w])cookie[ \t]{{0,8}}:[ \t]{{0,8}}(?P<secret>{_PAIR}[^\r\n]+)"),
    Pattern("cookie", rf"cookie{_IS}(?P<secret>{_PAIR}[^\"'\r\n\\]+)"),
    *(
        Pattern(name, rf"{expression}[\w-]{{0,128}}+{_IS}(?P<secret>[^\s\"',;\\]+)")
        for name, expression in _COOKIE_NAMES
    ),
    *(
        _parameter(f"x-{cloud}-{what}", r"(?<![\w-])")
        for cloud in ("amz", "goog", "oss")
        for what in ("signature", "credential", "security-token")
    ),
    *(_parameter(name, "(?<=[?&;])") for name in ("sig", "signature", "security-token")),
    # user:password@, with an @ in the password; and TOKEN@.
    Pattern(
        "://", r"(?<=[a-z0-9])://[^\s/:@?#\"'<>]{0,512}+:(?P<secret>[^\s/?#\"'<>]{1,1024})(?=@)"
    ),
    Pattern("://", r"(?<=[a-z0-9])://(?P<secret>[^\s/:@?#\"'<>]{1,1024}+)(?=@)", is_userinfo),
    Pattern("client-key-data", rf"client-key-data{_IS}(?P<secret>[^\s\"',}}\\]+)"),
    *_assigned("password"),
    *_assigned("passwd"),
    *_assigned("secret_access_key"),
    *_assigned("secret_key"),
    *_assigned("secret-key"),
    *_assigned("secretkey"),
    *_assigned("client_secret"),
    *_assigned("api-key", least=6),
    *_assigned("api_key", least=6),
    *_assigned("apikey", least=6),
    _token("token"),
    *map(_of_pair, ("password", "passwd", "secret", "api_key", "apikey", "access_key", "token")),
    *(_issued(f"gh{kind}_", "[a-z0-9]", 16) for kind in "pousr"),
    _issued("github_pat_", r"\w", 20),
    _issued("glpat-", r"[\w-]", 16),
    _issued("hf_", "[a-z0-9]", 16),
    _issued("sha256~", r"[\w-]", 20),
    *(_issued(f"xox{kind}-", r"[\w-]", 10) for kind in "abp"),
)
