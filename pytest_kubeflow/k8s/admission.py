"""Admission: which rule of the cluster refuses an object, and what can be done about it.

Kubernetes answers 403 to a client without rights, and as well to one with every right whose object
breaks a quota, a LimitRange, Pod Security or a policy. Only the words tell them apart. They come
from kubernetes/apiserver pkg/admission/plugin, kubernetes plugin/pkg/admission (resourcequota,
limitranger, priority, serviceaccount), kubernetes/pod-security-admission.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pytest_kubeflow.quantity import parse_quantity

_REFUSED = frozenset({400, 403, 409, 422})
_ROOM = "make room in it, or name another namespace with --kf-namespace"
_SIZE = "ask for another size of volumes with --kf-volume-size"
_OPTIONS = {"request": "--kf-pod-requests", "limit": "--kf-pod-limits"}
_EXCEEDED = re.compile(
    r"exceeded quota: (?P<name>[^,\s]+), requested: (?P<requested>\S+), used: (?P<used>\S+), "
    r"limited: (?P<limited>\S+)"
)
_UNSPECIFIED = re.compile(r"failed quota: (?P<name>[^:\s]+): must specify (?P<what>.+)")
_UNKNOWN = re.compile(r"status unknown for quota: (?P<name>[^,\s]+)")
_RACE = re.compile(r'Operation cannot be fulfilled on resourcequotas "(?P<name>[^"]+)"')
_USAGE = re.compile(
    r"(?:minimum|maximum) (?P<resource>\S+) usage per (?P<type>\w+) is [^,\s]+"
    r"(?:, but (?P<side>request|limit) is|\.\s+No (?P<none>request|limit) is specified)"
)
_RATIO = re.compile(r"(?P<resource>\S+) max limit to request ratio per (?P<type>\w+) is ")
_POD_SECURITY = re.compile(r'violates PodSecurity "(?P<name>[^"]+)"')
_POLICY = re.compile(r"ValidatingAdmissionPolicy '(?P<name>[^']+)' with binding '[^']+' denied")
_WEBHOOK = re.compile(r'admission webhook "(?P<name>[^"]+)" denied the request')
# It could not ask the API server either, and does not know whether it would refuse.
_HINDERED = re.compile(
    _WEBHOOK.pattern + r".*(?:storage is \(re\)initializing|currently unable to handle the request|"
    r"etcdserver: |connection refused|i/o timeout|context deadline exceeded|too many requests)",
    re.IGNORECASE | re.DOTALL,
)
_PRIORITY = re.compile(r"no PriorityClass with name (?P<name>\S+) was found")
_ACCOUNT = re.compile(r"error looking up service account (?P<name>[^:\s]+): ")
_CONSTRAINTS = re.compile("unable to validate against any security context constraint")
_TERMINATED = re.compile("because it is being terminated")


@dataclass(frozen=True, slots=True)
class Refusal:
    """`rule` is what refuses, for people. `passing`: the same may be admitted a little later."""

    rule: str
    advice: str
    passing: bool = False

    def __str__(self) -> str:
        return f"it is {self.rule} that refuses this, not a missing right: {self.advice}"


def refusal(status: int, words: str, *, pod: bool) -> Refusal | None:
    """What an answer with this status and message is about; None if about something else.

    `pod`: it is a pod that is refused, of which options can change something.
    """
    if status not in _REFUSED:
        return None
    for pattern, read in _READERS:
        if (found := pattern.search(words)) is not None:
            told = read(found)
            return told if pod or told.advice != _WANTED else replace(told, advice=_CHANGE)
    return None


def _exceeded(found: re.Match[str]) -> Refusal:
    requested, limited = _amounts(found["requested"]), _amounts(found["limited"])
    over = [name for name, text in requested.items() if _more(text, limited.get(name))]
    advice = "it has no room for this now"
    if over:
        advice = f"it never has room for {', '.join(over)} of that size"
    return Refusal(f"ResourceQuota {found['name']!r}", _way_out(advice, requested), not over)


def _way_out(advice: str, requested: Mapping[str, str]) -> str:
    options = []
    if any(name.endswith("requests.storage") for name in requested):
        options.append("--kf-volume-size")
    for side, option in _OPTIONS.items():
        plain = side == "request" and {"cpu", "memory"} & requested.keys()
        named = any(name.startswith(f"{side}s.") and "storage" not in name for name in requested)
        if plain or named:
            options.append(option)
    smaller = f"ask for less with {' and '.join(options)}, " if options else ""
    return f"{advice}; {smaller}{_ROOM}"


def _amounts(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split(","))
    return {name: amount for name, _, amount in pairs}


def _more(amount: str, most: str | None) -> bool:
    if most is None:
        return False
    try:
        return parse_quantity(amount) > parse_quantity(most)
    except ValueError:
        return False


def _unspecified(found: re.Match[str]) -> Refusal:
    named = re.findall(r"(requests|limits)\.([^\s,;]+)", found["what"])
    options = [f"--kf-pod-{side}={resource}=..." for side, resource in dict.fromkeys(named)]
    return Refusal(
        f"ResourceQuota {found['name']!r}",
        "pods must name " + (f"these: {' '.join(options)}" if options else "what it counts"),
    )


def _unknown(found: re.Match[str]) -> Refusal:
    return Refusal(
        f"ResourceQuota {found['name']!r}", "what is used of it was not counted yet", passing=True
    )


def _hindered(found: re.Match[str]) -> Refusal:
    rule = f"the admission webhook {found['name']!r}"
    return Refusal(rule, "it could not ask the API server when it was asked", passing=True)


def _limit_range(found: re.Match[str]) -> Refusal:
    groups = found.groupdict()
    if groups["type"] == "PersistentVolumeClaim":
        return Refusal("a LimitRange", _SIZE)
    side = groups.get("side") or groups.get("none")
    options = [_OPTIONS[side]] if side else list(_OPTIONS.values())
    resource = groups["resource"]
    return Refusal(
        "a LimitRange",
        "give helper pods what it allows: "
        + " and ".join(f"{option}={resource}=..." for option in options),
    )


def _named(rule: str, advice: str) -> Callable[[re.Match[str]], Refusal]:
    def read(found: re.Match[str]) -> Refusal:
        return Refusal(rule.format(**found.groupdict()), advice.format(**found.groupdict()))

    return read


_WANTED = (
    "give helper pods what it asks for (--kf-pod-labels, --kf-pod-annotations, --kf-pod-requests, "
    "--kf-pod-limits, --kf-base-image), or exempt the namespace from it"
)
_CHANGE = "make the object as it asks, or exempt the namespace from it"
_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Refusal]], ...] = (
    (_EXCEEDED, _exceeded),
    (_UNSPECIFIED, _unspecified),
    (_UNKNOWN, _unknown),
    (_RACE, _unknown),
    (_USAGE, _limit_range),
    (_RATIO, _limit_range),
    (
        _POD_SECURITY,
        _named(
            "Pod Security {name!r}",
            "helper pods keep to the level restricted, so something changes them on their way "
            "(a mutating webhook), or this pod is none of them: lower the level of the namespace, "
            "or name another one with --kf-namespace",
        ),
    ),
    (_POLICY, _named("ValidatingAdmissionPolicy {name!r}", _WANTED)),
    (_HINDERED, _hindered),
    (_WEBHOOK, _named("the admission webhook {name!r}", _WANTED)),
    (
        _PRIORITY,
        _named(
            "the missing PriorityClass {name!r}",
            "name one that is there with --kf-pod-priority-class",
        ),
    ),
    (
        _ACCOUNT,
        _named(
            "the missing service account {name}",
            "create {name}, or name another namespace with --kf-namespace",
        ),
    ),
    (
        _CONSTRAINTS,
        _named(
            "OpenShift's SecurityContextConstraints",
            "let the namespace's service account use one that allows user 1000, such as nonroot-v2",
        ),
    ),
    (
        _TERMINATED,
        _named("the end of the namespace", "name another namespace with --kf-namespace"),
    ),
)
