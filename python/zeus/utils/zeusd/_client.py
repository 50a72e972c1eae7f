"""Asking one daemon."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from zeus import _core
from zeus.utils.zeusd._answers import (
    CpuDramPower,
    CpuEnergyResult,
    CpuInfo,
    CpuPowerSnapshot,
    GpuInfo,
    GpuPowerSnapshot,
)
from zeus.utils.zeusd._config import ZeusdConfig
from zeus.utils.zeusd._errors import ZeusdConnectionError, ZeusdError

__all__ = ["ZeusdClient"]

logger = logging.getLogger("zeus.utils.zeusd")

_TIMEOUT = 5.0  # s, as published.
_OK = 200
_UNAUTHORIZED = 401


class ZeusdClient:
    """A connection to one daemon. Knows from the start what the daemon can do, and whether it takes the token.

    Devices have the numbers that the daemon gives them, in the vendor's order: CUDA_VISIBLE_DEVICES changes nothing.
    Thread-safe; a process forked from the one that made it gets a connection of its own.

    Every method raises `ZeusdConnectionError` where the daemon cannot be reached or does not answer within 5 s, and
    `ZeusdError` with the daemon's words where it refuses.
    """

    def __init__(self, config: ZeusdConfig | None = None) -> None:
        """Connects. A daemon that asks for a token and gets none that it takes is no error yet: `auth_error` says so.

        Args:
            config: Which daemon. `None`: the one that the environment names (`ZeusdConfig.from_env`).

        Raises:
            ZeusdConnectionError: Nothing is named, or no daemon answers there.
            ValueError: The token is none: it has a space or a line break.
        """
        config = ZeusdConfig.from_env() if config is None else config
        if config is None:
            raise ZeusdConnectionError(
                "No Zeusd connection configured. Set ZEUSD_SOCK_PATH or ZEUSD_HOST_PORT, or pass a ZeusdConfig.")
        self._config = config
        self._connection = _core.NodeConnection(config.host_port, config.socket_path, config.token, _TIMEOUT)
        self._auth_error: str | None = None
        self._subject: str | None = None
        self._expires_at: float | None = None
        self._granted: frozenset[str] = frozenset()
        self._discover()
        if self._auth_required:
            self._authenticate()

    def _discover(self) -> None:
        status, text = self._connection.request("GET", "/discover")
        if status != _OK:
            raise ZeusdConnectionError(f"Zeusd at {self.endpoint} returned HTTP {status} on /discover: {text}")
        try:
            found = json.loads(text)
            self._gpus = [
                GpuInfo(each["id"], each["name"], each["pci_address"], each["cumulative_energy_available"])
                for each in found["gpus"]]
            self._cpus = [CpuInfo(each["id"], each["dram_available"]) for each in found["cpus"]]
            self._groups = frozenset(found["enabled_api_groups"])
            self._auth_required = bool(found["auth_required"])
        except KeyError as error:
            raise ZeusdConnectionError(
                f"Zeusd at {self.endpoint} did not report {error} in /discover; the daemon is older than this version "
                "of Zeus. Upgrade zeusd.") from None
        except (ValueError, TypeError):
            raise ZeusdConnectionError(
                f"Zeusd at {self.endpoint}: what answers /discover there is no zeusd: {text[:200]}") from None

    def _authenticate(self) -> None:
        self._auth_error = self._ask_who_we_are()
        if self._auth_error is not None:
            logger.warning("Auth issue with Zeusd at %s: %s", self.endpoint, self._auth_error)
        else:
            logger.info("Authenticated with Zeusd at %s as user '%s' (scopes: %s)", self.endpoint, self._subject,
                        sorted(self._granted))

    def _ask_who_we_are(self) -> str | None:
        """What is wrong with the token."""
        if not self._config.token:
            return (f"Zeusd at {self.endpoint} requires authentication but no token was provided. "
                    "Set the ZEUSD_TOKEN environment variable or pass token= in the config.")
        status, text = self._connection.request("GET", "/auth/whoami")
        if status == _UNAUTHORIZED:
            return f"Token rejected by Zeusd at {self.endpoint}: {text}"
        try:
            if status == _OK:
                who = json.loads(text)
                self._granted = frozenset(who["scopes"])
                self._subject = who.get("sub")
                self._expires_at = who.get("exp")
                return None
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        return f"Unexpected response from /auth/whoami at {self.endpoint} (HTTP {status}): {text}"

    @property
    def endpoint(self) -> str:
        """What people call the daemon: its socket's file, or "HOST:PORT"."""
        return self._config.endpoint

    @property
    def gpus(self) -> list[GpuInfo]:
        """The node's GPUs."""
        return list(self._gpus)

    @property
    def gpu_ids(self) -> list[int]:
        """Their numbers."""
        return [gpu.id for gpu in self._gpus]

    @property
    def cpus(self) -> list[CpuInfo]:
        """The node's processor packages."""
        return list(self._cpus)

    @property
    def cpu_ids(self) -> list[int]:
        """Their numbers."""
        return [cpu.id for cpu in self._cpus]

    @property
    def dram_available(self) -> list[bool]:
        """For each processor package whether the energy of its memory is counted."""
        return [cpu.dram_available for cpu in self._cpus]

    @property
    def auth_required(self) -> bool:
        """Whether the daemon asks for a token."""
        return self._auth_required

    @property
    def auth_error(self) -> str | None:
        """Why the daemon does not know who asks; `None` where it does, or asks for no token."""
        return self._auth_error

    @property
    def granted_scopes(self) -> frozenset[str]:
        """What the token allows; empty where the daemon asks for none."""
        return self._granted

    @property
    def can_read_gpu(self) -> bool:
        """Whether GPUs can be read: the group is enabled, and the token allows it."""
        return self._may("gpu-read")

    @property
    def can_control_gpu(self) -> bool:
        """Whether GPUs' settings can be changed."""
        return self._may("gpu-control")

    @property
    def can_read_cpu(self) -> bool:
        """Whether processors can be read."""
        return self._may("cpu-read")

    def _may(self, group: str) -> bool:
        return group in self._groups and (not self._auth_required or group in self._granted)

    def _why_not(self, group: str) -> str:
        """Precondition: `not self._may(group)`."""
        if group not in self._groups:
            return f"API group '{group}' is not enabled on this server"
        return f"Token lacks required scope '{group}' (granted: {sorted(self._granted)})"

    def get_gpu_energy(self, gpu_ids: Sequence[int]) -> dict[int, int]:
        """The energy of GPUs since their driver was loaded, mJ."""
        found = self._read("get_gpu_energy", "/gpu/get_cumulative_energy", gpu_ids=gpu_ids)
        return {int(gpu): value["energy_mj"] for gpu, value in found.items()}

    def get_gpu_power(self, gpu_ids: Sequence[int] | None = None) -> GpuPowerSnapshot:
        """The power of GPUs now; `None`: of all."""
        found = self._read("get_gpu_power", "/gpu/get_power", gpu_ids=gpu_ids)
        return GpuPowerSnapshot(found["timestamp_ms"], {int(gpu): power for gpu, power in found["power_mw"].items()})

    def set_power_limit(self, gpu_ids: Sequence[int], power_limit_mw: int, block: bool = True) -> None:
        """Sets the power limit of GPUs.

        Args:
            gpu_ids: Which.
            power_limit_mw: To what, mW.
            block: Whether to wait until it is set; else a failure is only in the daemon's log. The same for all that
                changes a setting.
        """
        self._set("set_power_limit", gpu_ids=gpu_ids, power_limit_mw=power_limit_mw, block=block)

    def set_persistence_mode(self, gpu_ids: Sequence[int], enabled: bool, block: bool = True) -> None:
        """Switches the persistence mode of GPUs."""
        self._set("set_persistence_mode", gpu_ids=gpu_ids, enabled=enabled, block=block)

    def get_persistence_mode(self, gpu_ids: Sequence[int] | None = None) -> dict[int, bool]:
        """Whether the persistence mode of GPUs is on; `None`: of all."""
        found = self._read("get_persistence_mode", "/gpu/get_persistence_mode", gpu_ids=gpu_ids)
        return {int(gpu): value["enabled"] for gpu, value in found.items()}

    def get_power_limit(self, gpu_ids: Sequence[int] | None = None) -> dict[int, int]:
        """The power limits of GPUs, mW; `None`: of all."""
        found = self._read("get_power_limit", "/gpu/get_power_limit", gpu_ids=gpu_ids)
        return {int(gpu): value["power_limit_mw"] for gpu, value in found.items()}

    def get_power_limit_constraints(self, gpu_ids: Sequence[int] | None = None) -> dict[int, tuple[int, int]]:
        """The lowest and the highest power limit of GPUs, mW; `None`: of all."""
        found = self._read("get_power_limit_constraints", "/gpu/get_power_limit_constraints", gpu_ids=gpu_ids)
        return {int(gpu): (value["min_power_limit_mw"], value["max_power_limit_mw"]) for gpu, value in found.items()}

    def set_gpu_locked_clocks(
        self, gpu_ids: Sequence[int], min_clock_mhz: int, max_clock_mhz: int, block: bool = True
    ) -> None:
        """Keeps the clock of GPUs' processors between two frequencies, MHz."""
        self._set("set_gpu_locked_clocks", gpu_ids=gpu_ids, min_clock_mhz=min_clock_mhz, max_clock_mhz=max_clock_mhz,
                  block=block)

    def reset_gpu_locked_clocks(self, gpu_ids: Sequence[int], block: bool = True) -> None:
        """Lets the driver decide that clock again."""
        self._set("reset_gpu_locked_clocks", gpu_ids=gpu_ids, block=block)

    def set_mem_locked_clocks(
        self, gpu_ids: Sequence[int], min_clock_mhz: int, max_clock_mhz: int, block: bool = True
    ) -> None:
        """Keeps the clock of GPUs' memory between two frequencies, MHz."""
        self._set("set_mem_locked_clocks", gpu_ids=gpu_ids, min_clock_mhz=min_clock_mhz, max_clock_mhz=max_clock_mhz,
                  block=block)

    def reset_mem_locked_clocks(self, gpu_ids: Sequence[int], block: bool = True) -> None:
        """Lets the driver decide that clock again."""
        self._set("reset_mem_locked_clocks", gpu_ids=gpu_ids, block=block)

    def reset_locked_clocks(self, gpu_ids: Sequence[int], block: bool = True) -> None:
        """Lets the driver decide both clocks again."""
        self._set("reset_locked_clocks", gpu_ids=gpu_ids, block=block)

    def get_cpu_energy(
        self, cpu_ids: Sequence[int] | None = None, cpu: bool = True, dram: bool = True
    ) -> dict[int, CpuEnergyResult]:
        """The energy of processor packages since some moment.

        Args:
            cpu_ids: Which; `None`: all.
            cpu: Whether their own is asked for.
            dram: Whether their memory's is.
        """
        found = self._read("get_cpu_energy", "/cpu/get_cumulative_energy", cpu=cpu, dram=dram, cpu_ids=cpu_ids)
        return {int(cpu_id): CpuEnergyResult(value["cpu_energy_uj"], value["dram_energy_uj"])
                for cpu_id, value in found.items()}

    def get_cpu_power(self, cpu_ids: Sequence[int] | None = None) -> CpuPowerSnapshot:
        """The power of processor packages, measured over the daemon's poll period; `None`: of all."""
        found = self._read("get_cpu_power", "/cpu/get_power", cpu_ids=cpu_ids)
        return CpuPowerSnapshot(found["timestamp_ms"], {int(cpu_id): CpuDramPower(value["cpu_mw"], value["dram_mw"])
                                                        for cpu_id, value in found["power_mw"].items()})

    def get_time(self) -> float:
        """The node's clock, seconds since the Unix epoch."""
        return float(self._read("get_time", "/time")["timestamp_ms"]) / 1000

    def make_client(self) -> Any:
        """As `ZeusdConfig.make_client`."""
        return self._config.make_client()

    def url(self, path: str) -> str:
        """As `ZeusdConfig.url`."""
        return self._config.url(path)

    def _read(self, operation: str, route: str, **query: Sequence[int] | bool | None) -> Any:
        text = self._ask(operation, "GET", route, query)
        try:
            return json.loads(text)
        except ValueError:
            raise ZeusdConnectionError(f"Zeusd at {self.endpoint} answered {route} with no JSON: {text[:200]}") from None

    def _set(self, operation: str, **query: Sequence[int] | int | bool) -> None:
        self._ask(operation, "POST", f"/gpu/{operation}", query)

    def _ask(
        self, operation: str, method: str, route: str, query: dict[str, Any]
    ) -> str:
        written = {name: _written(value) for name, value in query.items() if value is not None}
        status, text = self._connection.request(method, f"{route}?{urlencode(written)}" if written else route)
        if status != _OK:
            raise ZeusdError(f"Failed to {operation}: {text}")
        return text


def _written(value: Sequence[int] | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence):
        return ",".join(str(int(each)) for each in value)
    return str(value)
