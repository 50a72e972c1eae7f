"""Where a daemon is."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ZeusdConfig"]


@dataclass(frozen=True)
class ZeusdConfig:
    """Where a daemon is, who asks it, and, for `zeus.monitor.PowerStreamingClient`, about which devices.

    Made by `tcp`, `uds` or `from_env`.

    Attributes:
        host_port: "HOST:PORT" of a daemon that listens on TCP; an IPv6 address stands in brackets.
        socket_path: The file of one that listens on a Unix socket. Goes before `host_port`.
        token: What it is shown; not part of the printed form, which ends up in logs.
        gpu_indices: Which GPUs' power to follow. `None`: all; empty: none.
        cpu_indices: The same of processor packages.
    """

    host_port: str | None = None
    socket_path: str | None = None
    token: str | None = field(default=None, repr=False)
    gpu_indices: list[int] | None = None
    cpu_indices: list[int] | None = None

    @classmethod
    def tcp(
        cls,
        host: str,
        port: int,
        *,
        token: str | None = None,
        gpu_indices: list[int] | None = None,
        cpu_indices: list[int] | None = None,
    ) -> ZeusdConfig:
        """A daemon that listens on TCP.

        Args:
            host: Its name or address.
            port: Its port.
            token: As of the class.
            gpu_indices: As of the class.
            cpu_indices: As of the class.
        """
        bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return cls(host_port=f"{bracketed}:{port}", token=token, gpu_indices=gpu_indices, cpu_indices=cpu_indices)

    @classmethod
    def uds(
        cls,
        socket_path: str,
        *,
        token: str | None = None,
        gpu_indices: list[int] | None = None,
        cpu_indices: list[int] | None = None,
    ) -> ZeusdConfig:
        """A daemon that listens on a Unix socket.

        Args:
            socket_path: The socket's file.
            token: As of the class.
            gpu_indices: As of the class.
            cpu_indices: As of the class.
        """
        return cls(socket_path=os.fspath(socket_path), token=token, gpu_indices=gpu_indices, cpu_indices=cpu_indices)

    @classmethod
    def from_env(cls) -> ZeusdConfig | None:
        """The daemon that ZEUSD_SOCK_PATH or else ZEUSD_HOST_PORT names, with the token of ZEUSD_TOKEN; `None` where
        neither does. An empty variable counts as none.
        """
        token = os.environ.get("ZEUSD_TOKEN") or None
        if socket_path := os.environ.get("ZEUSD_SOCK_PATH"):
            return cls(socket_path=socket_path, token=token)
        if host_port := os.environ.get("ZEUSD_HOST_PORT"):
            return cls(host_port=host_port, token=token)
        return None

    @property
    def endpoint(self) -> str:
        """What people call it: the socket's file, or "HOST:PORT"."""
        return self.socket_path or self.host_port or "(no address)"

    def url(self, path: str) -> str:
        """The URL of a route, for `make_client`.

        Args:
            path: The route, with a slash in front.
        """
        return f"http://localhost{path}" if self.socket_path else f"http://{self.host_port}{path}"

    def make_client(self) -> Any:
        """An `httpx.Client` that connects to the daemon and shows the token, for routes that `ZeusdClient` does not
        know.

        Raises:
            ModuleNotFoundError: httpx is not installed; nothing else here needs it.
        """
        httpx = importlib.import_module("httpx")
        return httpx.Client(
            transport=httpx.HTTPTransport(uds=self.socket_path) if self.socket_path else None,
            headers={"Authorization": f"Bearer {self.token}"} if self.token else None)
