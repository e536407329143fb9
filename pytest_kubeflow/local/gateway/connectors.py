"""Connectors: where Dex looks up its users, and who they are."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LOCAL, LDAP = "local", "ldap"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can log in. The gateway knows them by `email`."""

    user_id: str
    name: str
    email: str
    groups: tuple[str, ...] = ()
    connector: str = LOCAL

    @property
    def subject(self) -> str:
        """Dex's `sub`: a protobuf message of user id and connector, in base64."""
        message = b""
        for tag, text in ((0x0A, self.user_id.encode()), (0x12, self.connector.encode())):
            message += bytes([tag, len(text)]) + text
        return base64.urlsafe_b64encode(message).rstrip(b"=").decode()


class Connector:
    """One base of users with passwords. `prompt` is what its form calls the login.

    A login may be written in capitals: Dex's own users are kept in small letters, and directories
    compare so.
    """

    def __init__(
        self, name: str, title: str, prompt: str, people: Iterable[tuple[str, str, Person]]
    ) -> None:
        self.name = name
        self.title = title
        self.prompt = prompt
        self._people = {login.lower(): (password, person) for login, password, person in people}

    def login(self, login: str, password: str, *, any_password: bool = False) -> Person | None:
        """Who that is; None: nobody of that name has this password."""
        known, person = self._people.get(login.lower(), ("", None))
        right = hmac.compare_digest(known.encode(), password.encode())
        return person if right or any_password else None


def local_connector(passwords: Mapping[str, str]) -> Connector:
    """Dex's own user base (`enablePasswordDB`), whose users log in with their e-mail address."""
    people = [
        (email, password, Person(f"1584118564178{number}", email.partition("@")[0], email))
        for number, (email, password) in enumerate(passwords.items())
    ]
    return Connector(LOCAL, "Email", "Email Address", people)


def ldap_connector(people: Mapping[str, tuple[str, str]], groups: tuple[str, ...]) -> Connector:
    """As Dex's `ldap`: `people` are `{login: (password, e-mail)}`, all members of `groups`."""
    return Connector(
        LDAP,
        "LDAP",
        "Username",
        [
            (login, password, Person(f"cn={login},ou=People", login, email, groups, LDAP))
            for login, (password, email) in people.items()
        ],
    )
