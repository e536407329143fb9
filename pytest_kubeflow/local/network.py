"""LoopbackNetwork: addresses of 127.0.0.0/8 that belong to one embedded cluster."""

from __future__ import annotations

import random
import socket

_LOCK_PORT = 40123


class LoopbackNetwork:
    """Three random /24 networks: `services` for cluster IPs, `pods`, and `host(n)` for components.

    A socket that is held until `close` (or the end of the process) keeps other clusters on this
    machine off them. Linux takes every address of 127.0.0.0/8 as its own; macOS does not.
    """

    def __init__(self) -> None:
        # Not a secret: any free pair will do.
        choices = random.sample(range(64 * 128), 64)
        for choice in choices:
            first, second = 64 + choice // 128, choice % 128
            lock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                lock.bind((f"127.{first}.{second}.254", _LOCK_PORT))
            except OSError:
                lock.close()
                continue
            self._lock = lock
            self.services = f"127.{first}.{second}.0/24"
            self._hosts = f"127.{first}.{128 + second}"
            self.pods = f"127.{64 + first}.{second}.0/24"
            return
        raise OSError("no free loopback network for the cluster's services in 127.64.0.0/10")

    def host(self, number: int) -> str:
        """An address for the component `number` (1 to 253)."""
        return f"{self._hosts}.{number}"

    def close(self) -> None:
        self._lock.close()
