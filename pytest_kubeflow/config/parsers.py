"""How the text of a setting becomes its value: one Parser per kind of value.

A parser raises ValueError for what it does not take; the loader turns that into the line that
names the option, the value, its origin and what `valid` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pytest_kubeflow.config.address import cut_to_host, note_of
from pytest_kubeflow.config.imagemirror import ImageMirror
from pytest_kubeflow.config.imagereference import ImageReference, is_registry
from pytest_kubeflow.config.keyvalue import (
    parse_amounts,
    parse_annotations,
    parse_labels,
    parse_variables,
)
from pytest_kubeflow.config.toleration import Toleration
from pytest_kubeflow.quantity import parse_quantity
from pytest_kubeflow.redaction import Secret

LOCAL = "local"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)", re.ASCII)
_LARGEST_COUNT = 1000
_LARGEST_LOAD = 200
_LONGEST_DURATION = 7 * 24 * 3600.0
_WORD = re.compile(r"[\w-]+")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_CRON_PART = r"(\*|\?|[0-9a-zA-Z]{1,3}(-[0-9a-zA-Z]{1,3})?)(/\d{1,3})?"
_CRON_FIELD = re.compile(rf"{_CRON_PART}(,{_CRON_PART})*", re.ASCII)
_MACROS = frozenset({"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly"})
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parser:
    """`parse(text, base)` makes the value; relative paths are relative to the folder `base`.

    `valid` says what is taken, in words that complete "valid: ...". `note(text)` is what people
    should know of how `text` was read, beside its origin; empty for most.
    """

    parse: Callable[[str, Path], object]
    valid: str
    note: Callable[[str], str] = lambda _text: ""


def parse_duration(text: str) -> float:
    """Seconds of "90", "1.5", "90s", "500ms", "15m", "1h30m". More than 0, at most a week."""
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        seconds = float(text)
    else:
        parts = _DURATION_PART.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise ValueError(text)
        if len({unit for _, unit in parts}) < len(parts):
            raise ValueError(text)
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not 0 < seconds <= _LONGEST_DURATION:
        raise ValueError(text)
    return seconds


def parse_period(text: str) -> int:
    """A whole number of seconds of which some make a minute: cron expressions can say it."""
    seconds = parse_duration(text)
    if seconds != int(seconds) or 60 % int(seconds):
        raise ValueError(text)
    return int(seconds)


def parse_count(text: str) -> int:
    """A whole number from 1 to 1000."""
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII) or not 1 <= int(text) <= _LARGEST_COUNT:
        raise ValueError(text)
    return int(text)


def parse_load(text: str) -> int:
    """A whole number from 1 to 200: KFP lists so many runs on one page."""
    if (count := parse_count(text)) > _LARGEST_LOAD:
        raise ValueError(text)
    return count


def parse_url(text: str) -> str:
    """An http or https URL without credentials, query or fragment; no slash at its end."""
    if "@" in text:
        raise ValueError(text)  # before anything else can put a part of a password into its error
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", text):
        raise ValueError(text)
    if parts.query or parts.fragment or parts.port == 0:
        raise ValueError(text)
    return text.rstrip("/")


def parse_size(text: str) -> str:
    """An amount of bytes as Kubernetes writes it, such as 1Gi; more than nothing."""
    if parse_quantity(text) <= 0:
        raise ValueError(f"{text!r} is not more than nothing")
    return text


def parse_endpoint(text: str) -> str:
    """A URL as `parse_url` takes it, with nothing after host and port."""
    url = parse_url(text)
    if urlsplit(url).path:
        raise ValueError(text)
    return url


def parse_flag(text: str) -> bool:
    """True of true, yes, on, 1; False of false, no, off, 0."""
    word = text.lower()
    if word in {"true", "yes", "on", "1"}:
        return True
    if word in {"false", "no", "off", "0"}:
        return False
    raise ValueError(text)


def parse_factor(text: str) -> float:
    """A number above 1, at most 1000: "3", "2.5"."""
    if not re.fullmatch(r"\d{1,4}(\.\d+)?", text, re.ASCII) or not 1 < float(text) <= 1000:
        raise ValueError(text)
    return float(text)


def parse_registry(text: str) -> str:
    """Host and port of a registry, and perhaps a folder in it; no scheme."""
    if "@" in text:
        raise ValueError("credentials are no part of it: see KF_REGISTRY_PASSWORD")
    if "://" in text:
        raise ValueError("it has no http:// or https:// before it")
    host, _, _ = text.partition("/")
    if not is_registry(host):
        raise ValueError(f"{host!r} is no registry: a name with a dot or a port, or localhost")
    ImageReference.parse(f"{text}/any")
    return text


def parse_schedule(text: str) -> str:
    """Five fields of cron as Kubernetes takes them (robfig/cron's standard parser), or a macro.

    Whether the numbers are in their ranges is for the API server to say.
    """
    fields = text.split()
    if text in _MACROS:
        return text
    if len(fields) != 5 or not all(_CRON_FIELD.fullmatch(one) for one in fields):
        raise ValueError(text)
    return " ".join(fields)


def parse_image(text: str) -> str:
    """The name of an image, as it was written."""
    ImageReference.parse(text)
    return text


def _file(text: str, base: Path) -> Path:
    try:
        path = base / Path(text).expanduser()
    except RuntimeError as error:  # "~name" of nobody
        raise ValueError(f"{text}: {error}") from None
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def _certificates(text: str, base: Path) -> Path:
    """A file that TLS can be verified with, seen before anything is asked with it."""
    import ssl  # not at load: few sessions have an authority of their own

    path = _file(text, base)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (ssl.SSLError, OSError) as error:
        # The former is an OSError too, of OpenSSL, whose numbers are not the system's.
        unread = None if isinstance(error, ssl.SSLError) else error.strerror
        raise ValueError(
            f"{path} cannot be read: {unread}"
            if unread
            else f"there is no certificate in PEM in {path}; one in DER becomes PEM by "
            f"openssl x509 -inform der -in {path}"
        ) from None
    return path


def _matching(pattern: re.Pattern[str]) -> Callable[[str, Path], str]:
    def parse(text: str, _base: Path) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return parse


def _subdomains(text: str, _base: Path) -> tuple[str, ...]:
    found = [name.strip() for name in re.split(r"[,\n]", text)]
    for name in found:
        if not _SUBDOMAIN.fullmatch(name):
            raise ValueError(name)
    return tuple(dict.fromkeys(found))


def choice(*values: str) -> Parser:
    """Exactly one of `values`."""
    pattern = re.compile("|".join(map(re.escape, values)))
    return Parser(_matching(pattern), ", ".join(values))


def names(known: Iterable[str] | None = None, *, what: str = "names") -> Parser:
    """Names with commas between them, as a tuple without repetitions; of `known` ones if given.

    Without them it is for the reader to say which is none, and which was meant.
    """
    allowed = None if known is None else frozenset(known)

    def parse(text: str, _base: Path) -> tuple[str, ...]:
        found = [name.strip() for name in re.split(r"[,\n]", text)]
        for name in found:
            if not _WORD.fullmatch(name) or (allowed is not None and name not in allowed):
                raise ValueError(name)
        return tuple(dict.fromkeys(found))

    listed = "" if allowed is None else " of " + ", ".join(sorted(allowed))
    return Parser(parse, f"{what}{listed}, separated by commas")


def _modules(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(one.strip() for one in re.split(r"[,\n]", text)))
    for one in found:
        if not all(part.isidentifier() for part in one.split(".")):
            raise ValueError(f"{one!r} is no name of a module")
    return found


def parse_skips(text: str) -> tuple[str, ...]:
    """Names of causes, ids of tests, and patterns with a *, with commas between them."""
    found = tuple(dict.fromkeys(one.strip() for one in re.split(r"[,\n]", text)))
    for one in found:
        if not (_LABEL.fullmatch(one) or "*" in one or "::" in one):
            raise ValueError(one)
    return found


IMAGES = Parser(
    lambda text, _base: (ImageReference.parse(text),),
    "the name of an image, such as registry.example/team/tool@sha256:...",
)
IMAGE = Parser(
    lambda text, _base: parse_image(text),
    "the name of an image, such as registry.example/team/tool:1.2",
)
MODULES = Parser(
    lambda text, _base: _modules(text),
    "names of Python modules such as numpy,sklearn.svm, separated by commas",
)
MIRRORS = Parser(
    lambda text, _base: tuple(ImageMirror.parse(one) for one in re.split(r"[,\n]", text)),
    "OLD=NEW, such as docker.io=registry.example/hub or python=registry.example/python",
)
REGISTRY = Parser(
    lambda text, _base: parse_registry(text),
    "the host of a registry, with its port and perhaps a folder: registry.example:5000/tests",
)
TEXT = Parser(lambda text, _base: text, "any text")
SECRET = Parser(lambda text, _base: Secret(text), "any text")
DURATION = Parser(
    lambda text, _base: parse_duration(text),
    "a number of seconds, or such as 90s, 15m, 1h30m; more than 0, at most 168h",
)
PERIOD = Parser(
    lambda text, _base: parse_period(text),
    "a whole number of seconds that divides a minute, such as 5s, 30s or 1m",
)
URL = Parser(lambda text, _base: parse_url(text), "an http or https URL, without credentials in it")
ENDPOINT = Parser(
    lambda text, _base: parse_endpoint(text),
    "a URL such as http://host:9000, without credentials or a path in it",
)
HOST = Parser(
    lambda text, _base: LOCAL if text == LOCAL else parse_url(cut_to_host(text)),
    "local (the embedded Kubeflow), or a URL such as https://kubeflow.example.com, "
    "without credentials in it",
    note_of,
)
COUNT = Parser(lambda text, _base: parse_count(text), "a whole number, 1 or more, at most 1000")
LOAD = Parser(
    lambda text, _base: parse_load(text), "a whole number of runs, 1 or more, at most 200"
)
FLAG = Parser(lambda text, _base: parse_flag(text), "true or false")
FILE = Parser(_file, "the path of a file that exists")
FACTOR = Parser(
    lambda text, _base: parse_factor(text), "a number above 1, such as 3 or 2.5; at most 1000"
)
CERTIFICATES = Parser(_certificates, "the path of a file with certificates in PEM")
TOLERATIONS = Parser(
    lambda text, _base: tuple(Toleration.parse(one.strip()) for one in text.split(",")),
    "key, key=value or key=value:Effect, separated by commas",
)
SKIPS = Parser(
    lambda text, _base: parse_skips(text),
    "causes such as gpu, ids of tests, or patterns with a * for either ids or reasons, separated "
    "by commas",
)
HEADER = Parser(
    _matching(re.compile(r"[A-Za-z0-9][-A-Za-z0-9_]{0,126}", re.ASCII)),
    "the name of an HTTP header: letters, digits, dashes",
)
AMOUNTS = Parser(
    lambda text, _base: parse_amounts(text),
    "such as cpu=100m,memory=128Mi: resources with amounts as Kubernetes writes them",
)
LABELS = Parser(
    lambda text, _base: parse_labels(text),
    "key=value as labels may be, separated by commas",
)
ANNOTATIONS = Parser(
    lambda text, _base: parse_annotations(text),
    "key=value, separated by commas; a comma that no other key= follows belongs to the value",
)
VARIABLES = Parser(
    lambda text, _base: parse_variables(text),
    "NAME=VALUE, separated by commas; a comma that no other NAME= follows belongs to the value",
)
SIZE = Parser(lambda text, _base: parse_size(text), "an amount of bytes such as 1Gi or 500Mi")
LABEL = Parser(_matching(_LABEL), "lower-case letters, digits and dashes, at most 63")
SERVICE_ACCOUNT = Parser(
    _matching(re.compile(rf"({_LABEL.pattern}/)?{_SUBDOMAIN.pattern}", re.ASCII)),
    "the name of a service account, or namespace/name",
)
JOB_NAME = Parser(
    _matching(re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", re.ASCII)),
    "a lower-case letter, then lower-case letters, digits and dashes, at most 40",
)
SCHEDULE = Parser(
    lambda text, _base: parse_schedule(text),
    "the five fields of cron, such as '30 2 * * *', or @daily, @hourly, @weekly, @monthly",
)
SUBDOMAINS = Parser(_subdomains, "names of objects, separated by commas")
SUBDOMAIN = Parser(_matching(_SUBDOMAIN), "lower-case letters, digits, dashes and dots")
