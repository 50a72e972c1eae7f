"""One GPU, several GPUs, none."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar

from zeus import _core
from zeus.device.gpu import _errors
from zeus.device.gpu._errors import *
from zeus.device.gpu._errors import ZeusGPUHeterogeneousError

__all__ = ["EmptyGPUs", "GPU", "GPUs"]
__all__ += _errors.__all__

_P = ParamSpec("_P")
_R = TypeVar("_R")
_warned: set[str] = set()


def _deprecated_alias(old: str, function: Callable[_P, _R]) -> Callable[_P, _R]:
    """`function` under the name it had in old versions, which says so once."""
    new = function.__name__

    @wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        if old not in _warned:
            _warned.add(old)
            warnings.warn(
                f"'{old}' is deprecated and will be removed in a future version. Use '{new}' instead.",
                DeprecationWarning, stacklevel=2)
        # Found anew, so that a subclass's own method is the one that is called.
        method: Callable[..., _R] = getattr(args[0], new)
        return method(*args[1:], **kwargs)

    call.__doc__ = f"Deprecated: `{new}`."
    return call


class GPU:
    """One GPU.

    Errors of every method are subclasses of `ZeusBaseGPUError`: `ZeusGPUNotSupportedError` for what this GPU lacks,
    `ZeusGPUNoPermissionError`, `ZeusGPUInvalidArgError` for a value outside of the range, and others. In a process
    forked from the one that made the object: `RuntimeError`; there, call `get_gpus()` again.

    Settings stay until they are reset or this process ends, however that happens: then what was there before is put
    back. (The published package leaves them.) `zeus restore` does it where a machine has no further run. One process
    at a time may change a GPU's settings; another one's attempt is a `ZeusBaseGPUError` that names the process.
    """

    def __init__(self, gpu_index: int, device: _core.Gpu) -> None:
        """Wraps a device of the library; `zeus.device.get_gpus` does that.

        Args:
            gpu_index: The number that it has in this process.
            device: The library's.
        """
        self.gpu_index = gpu_index
        self._device = device
        self._disable_sys_admin_warning = device.is_through_node

    @property
    def supports_nonblocking_setters(self) -> bool:
        """Whether `block=False` has an effect: on GPUs whose settings the node daemon changes."""
        return self._device.is_through_node

    def _warn_sys_admin(self) -> None:
        """Says once for each GPU that changing settings wants CAP_SYS_ADMIN, where the process lacks it."""
        if self._disable_sys_admin_warning or _core.has_sys_admin():
            return
        self._disable_sys_admin_warning = True
        warnings.warn(
            "this call changes a GPU's settings, for which drivers want CAP_SYS_ADMIN; this process does not have it",
            UserWarning, stacklevel=3)

    def get_name(self) -> str:
        """The vendor's name, such as "Tesla V100-PCIE-16GB"."""
        return self._device.name

    def get_power_management_limit_constraints(self) -> tuple[int, int]:
        """The least and the largest power limit, mW."""
        return self._device.power_limit_constraints()

    def get_power_management_limit(self) -> int:
        """The power limit, mW."""
        return self._device.power_limit()

    def set_power_management_limit(self, power_limit_mw: int, block: bool = True) -> None:
        """Sets the power limit, mW; nothing happens where it is that already. It is put back when this process ends."""
        self._warn_sys_admin()
        self._device.set_power_limit(power_limit_mw, block)

    def reset_power_management_limit(self, block: bool = True) -> None:
        """Sets the power limit to the card's default."""
        self._warn_sys_admin()
        self._device.set_power_limit(self._device.default_power_limit(), block)

    def set_persistence_mode(self, enabled: bool, block: bool = True) -> None:
        """Switches persistence mode; it is put back when this process ends."""
        self._warn_sys_admin()
        self._device.set_persistence_mode(enabled, block)

    def get_persistence_mode(self) -> bool:
        """Whether persistence mode is on."""
        return self._device.persistence_mode()

    def get_supported_memory_clocks(self) -> list[int]:
        """The memory clocks that can be locked, MHz, highest first."""
        return self._device.supported_clocks(memory=True)

    def set_memory_locked_clocks(self, min_clock_mhz: int, max_clock_mhz: int, block: bool = True) -> None:
        """Locks the memory clock to a range, MHz, until this process ends."""
        self._warn_sys_admin()
        self._device.lock_clocks(True, min_clock_mhz, max_clock_mhz, block)

    def reset_memory_locked_clocks(self, block: bool = True) -> None:
        """Hands the memory clock back to the driver."""
        self._warn_sys_admin()
        self._device.reset_clocks(True, block)

    def get_supported_graphics_clocks(self, memory_clock_mhz: int | None = None) -> list[int]:
        """The graphics clocks at a memory clock, MHz, highest first; `None` is the highest memory clock."""
        return self._device.supported_clocks(memory=False, memory_clock=memory_clock_mhz)

    def set_gpu_locked_clocks(self, min_clock_mhz: int, max_clock_mhz: int, block: bool = True) -> None:
        """Locks the graphics clock to a range, MHz, until this process ends."""
        self._warn_sys_admin()
        self._device.lock_clocks(False, min_clock_mhz, max_clock_mhz, block)

    def reset_gpu_locked_clocks(self, block: bool = True) -> None:
        """Hands the graphics clock back to the driver."""
        self._warn_sys_admin()
        self._device.reset_clocks(False, block)

    def get_average_power_usage(self) -> int:
        """Power over the card's averaging time, mW."""
        return self._device.average_power()

    def get_instant_power_usage(self) -> int:
        """Power now, mW."""
        return self._device.instant_power()

    def get_average_memory_power_usage(self) -> int:
        """Power of the memory, averaged, mW."""
        return self._device.memory_power()

    def supports_get_total_energy_consumption(self) -> bool:
        """Whether the GPU counts its energy (NVIDIA: since Volta)."""
        return self._device.has_energy_counter

    def get_total_energy_consumption(self) -> int:
        """Energy since some moment before the GPU was opened, mJ. Differences are what counts."""
        return self._device.energy()

    def get_gpu_temperature(self) -> int:
        """Temperature, degrees Celsius."""
        return self._device.temperature()

    def reset_locked_clocks(self, block: bool = True) -> None:
        """Hands both clocks back to the driver."""
        self.reset_gpu_locked_clocks(block)
        self.reset_memory_locked_clocks(block)

    getName = _deprecated_alias("getName", get_name)
    getPowerManagementLimitConstraints = _deprecated_alias(
        "getPowerManagementLimitConstraints", get_power_management_limit_constraints)
    setPowerManagementLimit = _deprecated_alias("setPowerManagementLimit", set_power_management_limit)
    resetPowerManagementLimit = _deprecated_alias("resetPowerManagementLimit", reset_power_management_limit)
    setPersistenceMode = _deprecated_alias("setPersistenceMode", set_persistence_mode)
    getSupportedMemoryClocks = _deprecated_alias("getSupportedMemoryClocks", get_supported_memory_clocks)
    setMemoryLockedClocks = _deprecated_alias("setMemoryLockedClocks", set_memory_locked_clocks)
    resetMemoryLockedClocks = _deprecated_alias("resetMemoryLockedClocks", reset_memory_locked_clocks)
    getSupportedGraphicsClocks = _deprecated_alias("getSupportedGraphicsClocks", get_supported_graphics_clocks)
    setGpuLockedClocks = _deprecated_alias("setGpuLockedClocks", set_gpu_locked_clocks)
    resetGpuLockedClocks = _deprecated_alias("resetGpuLockedClocks", reset_gpu_locked_clocks)
    getAveragePowerUsage = _deprecated_alias("getAveragePowerUsage", get_average_power_usage)
    getInstantPowerUsage = _deprecated_alias("getInstantPowerUsage", get_instant_power_usage)
    getAverageMemoryPowerUsage = _deprecated_alias("getAverageMemoryPowerUsage", get_average_memory_power_usage)
    supportsGetTotalEnergyConsumption = _deprecated_alias(
        "supportsGetTotalEnergyConsumption", supports_get_total_energy_consumption)
    getTotalEnergyConsumption = _deprecated_alias("getTotalEnergyConsumption", get_total_energy_consumption)
    getGpuTemperature = _deprecated_alias("getGpuTemperature", get_gpu_temperature)


class GPUs:
    """The GPUs of this process, numbered as CUDA_VISIBLE_DEVICES or HIP_VISIBLE_DEVICES leaves them, from 0.

    Every method is that of `GPU`, with the GPU's number first; `IndexError` for a number that there is not.
    """

    def __init__(self, gpus: Sequence[GPU], ensure_homogeneous: bool = False) -> None:
        """Puts GPUs together.

        Args:
            gpus: Them.
            ensure_homogeneous: Whether all must be of one name.

        Raises:
            ZeusGPUHeterogeneousError: They must be and are not.
        """
        self._gpus = list(gpus)
        if ensure_homogeneous:
            self._ensure_homogeneous()

    @property
    def gpus(self) -> Sequence[GPU]:
        """Them, in order."""
        return self._gpus

    def __len__(self) -> int:
        """Returns how many there are."""
        return len(self._gpus)

    def _ensure_homogeneous(self) -> None:
        """Raises `ZeusGPUHeterogeneousError` where names differ."""
        gpu_names = [gpu.get_name() for gpu in self.gpus]
        if len(set(gpu_names)) > 1:
            raise ZeusGPUHeterogeneousError(f"Heterogeneous GPUs found: {gpu_names}")

    def _gpu(self, gpu_index: int) -> GPU:
        if not 0 <= gpu_index < len(self._gpus):
            raise IndexError(f"gpu_index: expected a GPU from 0 to {len(self._gpus) - 1}, found {gpu_index}")
        return self._gpus[gpu_index]

    def _warn_sys_admin(self) -> None:
        """Says that changing settings wants CAP_SYS_ADMIN, where the process lacks it."""
        self._gpu(0)._warn_sys_admin()

    def supports_nonblocking_setters(self, gpu_index: int) -> bool:
        """Whether `block=False` has an effect on this GPU."""
        return self._gpu(gpu_index).supports_nonblocking_setters

    def get_name(self, gpu_index: int) -> str:
        """The vendor's name, such as "Tesla V100-PCIE-16GB"."""
        return self._gpu(gpu_index).get_name()

    def get_power_management_limit_constraints(self, gpu_index: int) -> tuple[int, int]:
        """The least and the largest power limit, mW."""
        return self._gpu(gpu_index).get_power_management_limit_constraints()

    def get_power_management_limit(self, gpu_index: int) -> int:
        """The power limit, mW."""
        return self._gpu(gpu_index).get_power_management_limit()

    def set_power_management_limit(self, gpu_index: int, power_limit_mw: int, block: bool = True) -> None:
        """Sets the power limit, mW; nothing happens where it is that already. It is put back when this process ends."""
        self._gpu(gpu_index).set_power_management_limit(power_limit_mw, block)

    def reset_power_management_limit(self, gpu_index: int, block: bool = True) -> None:
        """Sets the power limit to the card's default."""
        self._gpu(gpu_index).reset_power_management_limit(block)

    def set_persistence_mode(self, gpu_index: int, enabled: bool, block: bool = True) -> None:
        """Switches persistence mode; it is put back when this process ends."""
        self._gpu(gpu_index).set_persistence_mode(enabled, block)

    def get_persistence_mode(self, gpu_index: int) -> bool:
        """Whether persistence mode is on."""
        return self._gpu(gpu_index).get_persistence_mode()

    def get_supported_memory_clocks(self, gpu_index: int) -> list[int]:
        """The memory clocks that can be locked, MHz, highest first."""
        return self._gpu(gpu_index).get_supported_memory_clocks()

    def set_memory_locked_clocks(
        self, gpu_index: int, min_clock_mhz: int, max_clock_mhz: int, block: bool = True,
    ) -> None:
        """Locks the memory clock to a range, MHz, until this process ends."""
        self._gpu(gpu_index).set_memory_locked_clocks(min_clock_mhz, max_clock_mhz, block)

    def reset_memory_locked_clocks(self, gpu_index: int, block: bool = True) -> None:
        """Hands the memory clock back to the driver."""
        self._gpu(gpu_index).reset_memory_locked_clocks(block)

    def get_supported_graphics_clocks(self, gpu_index: int, memory_clock_mhz: int | None = None) -> list[int]:
        """The graphics clocks at a memory clock, MHz, highest first; `None` is the highest memory clock."""
        return self._gpu(gpu_index).get_supported_graphics_clocks(memory_clock_mhz)

    def set_gpu_locked_clocks(self, gpu_index: int, min_clock_mhz: int, max_clock_mhz: int, block: bool = True) -> None:
        """Locks the graphics clock to a range, MHz, until this process ends."""
        self._gpu(gpu_index).set_gpu_locked_clocks(min_clock_mhz, max_clock_mhz, block)

    def reset_gpu_locked_clocks(self, gpu_index: int, block: bool = True) -> None:
        """Hands the graphics clock back to the driver."""
        self._gpu(gpu_index).reset_gpu_locked_clocks(block)

    def get_average_power_usage(self, gpu_index: int) -> int:
        """Power over the card's averaging time, mW."""
        return self._gpu(gpu_index).get_average_power_usage()

    def get_instant_power_usage(self, gpu_index: int) -> int:
        """Power now, mW."""
        return self._gpu(gpu_index).get_instant_power_usage()

    def get_average_memory_power_usage(self, gpu_index: int) -> int:
        """Power of the memory, averaged, mW."""
        return self._gpu(gpu_index).get_average_memory_power_usage()

    def supports_get_total_energy_consumption(self, gpu_index: int) -> bool:
        """Whether the GPU counts its energy (NVIDIA: since Volta)."""
        return self._gpu(gpu_index).supports_get_total_energy_consumption()

    def get_total_energy_consumption(self, gpu_index: int) -> int:
        """Energy since some moment before the GPU was opened, mJ. Differences are what counts."""
        return self._gpu(gpu_index).get_total_energy_consumption()

    def get_gpu_temperature(self, gpu_index: int) -> int:
        """Temperature, degrees Celsius."""
        return self._gpu(gpu_index).get_gpu_temperature()

    def reset_locked_clocks(self, gpu_index: int, block: bool = True) -> None:
        """Hands both clocks back to the driver."""
        self._gpu(gpu_index).reset_locked_clocks(block)

    getName = _deprecated_alias("getName", get_name)
    getPowerManagementLimitConstraints = _deprecated_alias(
        "getPowerManagementLimitConstraints", get_power_management_limit_constraints)
    setPowerManagementLimit = _deprecated_alias("setPowerManagementLimit", set_power_management_limit)
    resetPowerManagementLimit = _deprecated_alias("resetPowerManagementLimit", reset_power_management_limit)
    setPersistenceMode = _deprecated_alias("setPersistenceMode", set_persistence_mode)
    getSupportedMemoryClocks = _deprecated_alias("getSupportedMemoryClocks", get_supported_memory_clocks)
    setMemoryLockedClocks = _deprecated_alias("setMemoryLockedClocks", set_memory_locked_clocks)
    resetMemoryLockedClocks = _deprecated_alias("resetMemoryLockedClocks", reset_memory_locked_clocks)
    getSupportedGraphicsClocks = _deprecated_alias("getSupportedGraphicsClocks", get_supported_graphics_clocks)
    setGpuLockedClocks = _deprecated_alias("setGpuLockedClocks", set_gpu_locked_clocks)
    resetGpuLockedClocks = _deprecated_alias("resetGpuLockedClocks", reset_gpu_locked_clocks)
    getAveragePowerUsage = _deprecated_alias("getAveragePowerUsage", get_average_power_usage)
    getInstantPowerUsage = _deprecated_alias("getInstantPowerUsage", get_instant_power_usage)
    getAverageMemoryPowerUsage = _deprecated_alias("getAverageMemoryPowerUsage", get_average_memory_power_usage)
    supportsGetTotalEnergyConsumption = _deprecated_alias(
        "supportsGetTotalEnergyConsumption", supports_get_total_energy_consumption)
    getTotalEnergyConsumption = _deprecated_alias("getTotalEnergyConsumption", get_total_energy_consumption)
    getGpuTemperature = _deprecated_alias("getGpuTemperature", get_gpu_temperature)


class EmptyGPUs(GPUs):
    """No GPU: what a monitor has on a machine without. Every reading and setting is a `ValueError`."""

    def __init__(self) -> None:
        """Makes it."""
        super().__init__([])

    def _ensure_homogeneous(self) -> None:
        raise ValueError("No GPUs available to ensure homogeneity.")

    def _gpu(self, gpu_index: int) -> GPU:
        raise ValueError("No GPUs available.")

    def _warn_sys_admin(self) -> None:
        raise ValueError("No GPUs available to warn about SYS_ADMIN privileges.")
