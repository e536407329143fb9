"""Twenty kinds of secrets, written in each of twenty-nine ways: none of them is read afterwards."""

from __future__ import annotations

import base64
import html
import itertools
import json
import pprint
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

import pytest

from pytest_kubeflow.redaction import Redactor


@dataclass(frozen=True)
class Kind:
    """A secret in the text that shows it; `known` if the session has it or has read it."""

    name: str
    text: str
    secret: str
    known: bool = False


R = "q7Zp2Xw9Lk4Vt8Rb3Ns6"
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
JWT = f"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.{R}"
PEM = f"-----BEGIN PRIVATE KEY-----\nMIIE{R}\n-----END PRIVATE KEY-----"

KINDS = [
    Kind("password", "signed in with corr3ct-Horse'battery", "corr3ct-Horse'battery", known=True),
    Kind("bearer token", f"sent {R}.opaque", f"{R}.opaque", known=True),
    Kind("session cookie", f"got v|{R}|1700000000", f"v|{R}|1700000000", known=True),
    Kind("secret key", f"with {R}/+{R}", f"{R}/+{R}", known=True),
    Kind("value of a Secret", "it is Grüße-aus-Köln-1", "Grüße-aus-Köln-1", known=True),
    Kind("client key", PEM, f"MIIE{R}", known=True),
    Kind("JWT", f"sent {JWT}", R),
    Kind("private key", PEM, f"MIIE{R}"),
    Kind("password=", f"--set password={R}", R),
    Kind("X-Api-Key", f"X-Api-Key: {R}", R),
    Kind("Authorization", f"Authorization: Basic {R}", R),
    Kind("AWS", f"AWS_SECRET_ACCESS_KEY={R}", R),
    Kind("GitHub", f"cloned with ghp_{R}", R),
    Kind("Hugging Face", f"loaded with hf_{R}", R),
    Kind("password in a URL", f"from https://me:{R}@host/path", R),
    Kind("token in a URL", f"from https://{R}@host/path", R),
    Kind("signed by S3", f"GET https://b/k?X-Amz-Expires=9&X-Amz-Signature={HEX}", HEX),
    Kind("signed by Azure", f"GET https://b/k?se=2026&sig={R}", R),
    Kind("Cookie in a line", f"headers were Cookie: oauth2_proxy_kubeflow={R}", R),
    Kind("kubeconfig", f"client-key-data: {R}", R),
]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _colours(text: str) -> str:
    return "\x1b[1m".join(text[at : at + 3] for at in range(0, len(text), 3)) + "\x1b[0m"


def _difference(data: bytes) -> str:
    """As pytest shows it with -vv: the lines of both sides, and hints between them."""
    lines = pprint.pformat([b"!" * 11 + data, b"$" * 28 + data], width=40).splitlines()
    half = len(lines) // 2
    both = itertools.zip_longest(lines[:half], lines[half:], fillvalue="")
    return "\n".join(f"E   - {a}\nE   ?   ^^\nE   + {b}" for a, b in both)


WAYS: dict[str, Callable[[str], str]] = {
    "a line": lambda text: text,
    "a log line": lambda text: f"2026-01-01T00:00:00Z INFO {text}\nnext",
    "JSON": lambda text: json.dumps({"message": text}),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"message": text})),
    "repr": lambda text: repr({"message": text}),
    "HTML": html.escape,
    "URL": lambda text: f"https://host/?q={quote(text, safe='')}",
    "base64": _base64,
    "base64 of a document": lambda text: _base64(f"first: line\n{text}\nlast: line\n"),
    "base64 of base64": lambda text: _base64(f"auth: {_base64(text)}"),
    "hex": lambda text: text.encode().hex(),
    "hex with a prefix": lambda text: f"in 0x{text.encode().hex()} and sha-{text.encode().hex()}",
    "UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "colours": _colours,
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "escapes of a shell": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "escapes of JSON": lambda text: "".join(f"\\u{ord(one):04x}" for one in text),
    "references of HTML": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "references in hex": lambda text: "".join(f"&#x{ord(one):X};" for one in text),
    "references that HTML shows": lambda text: html.escape(
        "".join(f"&#{ord(one)};" for one in text)
    ),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32 in small letters": lambda text: base64.b32encode(text.encode()).decode().lower(),
    "hex with colons": lambda text: f"of {text.encode().hex(':')} as",
    "hex with spaces": lambda text: text.encode().hex(" ").upper(),
    "hex of an array": lambda text: f"{{{', '.join(f'0x{b:02x}' for b in text.encode())}}}",
    "hex of xxd": lambda text: "".join(
        f"{line.hex(' ', -2)}\n"
        for data in [text.encode()]
        for line in (data[at : at + 16] for at in range(0, len(data), 16))
    ),
    "bytes in lines": lambda text: _difference(text.encode()),
    "bytes in lines, and colours": lambda text: f"\x1b[31m{_difference(text.encode())}",
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("way", WAYS)
def test_no_secret_is_read(kind: Kind, way: str) -> None:
    redactor = Redactor()
    if kind.known:
        redactor.add(PEM if kind.text == PEM else kind.secret)
    written = WAYS[way](kind.text)
    pieces = {kind.secret[at : at + 10] for at in range(len(kind.secret) - 9)}
    assert any(piece in text for text in _read(written) for piece in pieces), "a test of the test"
    for text in _read(redactor.redact(written)):
        assert not [piece for piece in pieces if piece in text]


def _read(text: str, depth: int = 2) -> Iterator[str]:
    """Whatever a careful reader finds in a text."""
    yield text
    yield _plain(text)
    yield unquote(text)
    yield html.unescape(text)
    yield html.unescape(html.unescape(text))
    for side in "-+":
        lines = [line for line in _plain(text).splitlines() if f"E   {side} " in line]
        pieces = [re.sub(r"^E.{4}[ ,(\[]*b?[\"']|[\"'][\]),]*$", "", line) for line in lines]
        yield from _unescaped("".join(pieces))
    for digits in re.findall(r"[0-9a-f]{16,}", re.sub(r"0x|[\s:,]", "", text.lower())):
        for start in (0, 1):
            even = digits[start : start + (len(digits) - start) // 2 * 2]
            yield bytes.fromhex(even).decode("utf-8", "ignore")
    for run in re.findall(r"[A-Z2-7]{16,}", text.upper()):
        whole = run[: len(run) // 8 * 8]
        yield base64.b32decode(whole).decode("utf-8", "ignore")
    yield from _unescaped(text)
    yield from _unescaped(_without_backslashes(text))
    if not depth:
        return
    for run in re.findall(r"[A-Za-z0-9+/]{12,}", text):
        for start in range(4):
            part = run[start : start + (len(run) - start) // 4 * 4]
            yield from _read(base64.b64decode(part).decode("latin-1"), depth - 1)
            yield base64.b64decode(part).decode("utf-8", "ignore")
        for digits in re.findall(r"[0-9a-f]{16,}", run):
            yield bytes.fromhex(digits[len(digits) % 2 :]).decode("utf-8", "ignore")


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[\d*m|\0", "", text)


def _unescaped(text: str) -> Iterator[str]:
    plain = _without_backslashes(text)
    yield plain
    yield plain.encode("latin-1", "ignore").decode("utf-8", "ignore")


def _without_backslashes(text: str) -> str:
    coded = re.compile(r"\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([0-3][0-7]{2})|(.))", re.DOTALL)

    def character(one: re.Match[str]) -> str:
        if one[4] is not None:
            return one[4]
        return chr(int(one[3], 8) if one[3] else int(one[1] or one[2], 16))

    return coded.sub(character, text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n    ", "\\\n"])
def test_a_known_secret_that_goes_on_in_the_next_line(end: str) -> None:
    redactor = Redactor()
    redactor.add(R)
    for at in range(1, len(R)):
        broken = f"first\n{R[:at]}{end}{R[at:]} and\nlast"
        assert redactor.redact(broken) == f"first\n***{end} and\nlast"


@pytest.mark.parametrize("code", ["\x1b[31m", "\x9b31m", "\\x1b[31m", "\x1b]0;title\x07", "\u200b"])
def test_codes_between_the_characters(code: str) -> None:
    redactor = Redactor()
    redactor.add(R)
    assert redactor.redact(f"a {code.join(R)} b\nnext") == "a *** b\nnext"


def test_what_is_not_hidden_stays() -> None:
    redactor = Redactor()
    redactor.add(R)
    text = (
        "\x1b[31mred\x1b[0m 100% %41%42 /usr/local/lib/python3.11/site-packages/kfp/client\n"
        f"sha256:{HEX} {_base64('the words of a document')} u\0t\0f\0\n"
    )
    assert redactor.redact(text) == text


@pytest.mark.parametrize("cut", ["...", "…", " ... "])
def test_what_is_left_where_a_text_was_cut(cut: str) -> None:
    redactor = Redactor()
    redactor.add(R)
    for at in range(8, len(R)):
        assert redactor.redact(f"assert '{R[:at]}{cut}' == 'x'") == f"assert '***{cut}' == 'x'"
        assert redactor.redact(f"assert '{cut}{R[-at:]}' == 'x'") == f"assert '{cut}***' == 'x'"
    both = f"{R[:9]}{cut}{R[-9:]}, {R[:7]}{cut}"
    assert redactor.redact(both) == f"***{cut}***, {R[:7]}{cut}"
    assert redactor.redact(f"{R[:9]}, and more{cut}") == f"{R[:9]}, and more{cut}"
