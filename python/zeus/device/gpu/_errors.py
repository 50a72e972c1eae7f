"""What can go wrong with GPUs; published as names of `zeus.device.gpu.common`."""

from __future__ import annotations

from zeus.device.exception import ZeusBaseGPUError

__all__ = [
    "ZeusGPUAlreadyInitializedError",
    "ZeusGPUCorruptedInfoROMError",
    "ZeusGPUDriverNotLoadedError",
    "ZeusGPUFunctionNotFoundError",
    "ZeusGPUHeterogeneousError",
    "ZeusGPUIRQError",
    "ZeusGPUInitError",
    "ZeusGPUInsufficientPowerError",
    "ZeusGPUInsufficientSizeError",
    "ZeusGPUInvalidArgError",
    "ZeusGPULibRMVersionMismatchError",
    "ZeusGPULibraryNotFoundError",
    "ZeusGPULostError",
    "ZeusGPUMemoryError",
    "ZeusGPUNoPermissionError",
    "ZeusGPUNotFoundError",
    "ZeusGPUNotSupportedError",
    "ZeusGPUOperatingSystemError",
    "ZeusGPUResetRequiredError",
    "ZeusGPUTimeoutError",
    "ZeusGPUUnknownError",
]


class ZeusGPUInitError(ZeusBaseGPUError):
    """The GPUs of this machine cannot be used at all."""


class ZeusGPUInvalidArgError(ZeusBaseGPUError):
    """The GPU cannot be set to that; the message says what it can."""


class ZeusGPUNotSupportedError(ZeusBaseGPUError):
    """The GPU or its library lacks this reading or setting."""


class ZeusGPUNoPermissionError(ZeusBaseGPUError):
    """This process may not do that; the message says who may."""


class ZeusGPUAlreadyInitializedError(ZeusBaseGPUError):
    """The GPU's library is in use already."""


class ZeusGPUNotFoundError(ZeusBaseGPUError):
    """There is no such GPU or thing."""


class ZeusGPUInsufficientSizeError(ZeusBaseGPUError):
    """The library wanted more room for its answer."""


class ZeusGPUInsufficientPowerError(ZeusBaseGPUError):
    """A GPU's power cable is not connected."""


class ZeusGPUDriverNotLoadedError(ZeusBaseGPUError):
    """The GPU's driver is not loaded."""


class ZeusGPUTimeoutError(ZeusBaseGPUError):
    """The GPU or its driver did not answer in time."""


class ZeusGPUIRQError(ZeusBaseGPUError):
    """The kernel found a problem with the GPU's interrupts."""


class ZeusGPULibraryNotFoundError(ZeusBaseGPUError):
    """A library was not found."""


class ZeusGPUFunctionNotFoundError(ZeusBaseGPUError):
    """The library is too old to have this function."""


class ZeusGPUCorruptedInfoROMError(ZeusBaseGPUError):
    """The memory in which the card describes itself is damaged."""


class ZeusGPULostError(ZeusBaseGPUError):
    """The GPU has fallen off the bus."""


class ZeusGPUResetRequiredError(ZeusBaseGPUError):
    """The GPU wants a reset."""


class ZeusGPUOperatingSystemError(ZeusBaseGPUError):
    """The operating system has blocked the GPU."""


class ZeusGPULibRMVersionMismatchError(ZeusBaseGPUError):
    """Driver and library are of different versions."""


class ZeusGPUMemoryError(ZeusBaseGPUError):
    """Not enough memory."""


class ZeusGPUUnknownError(ZeusBaseGPUError):
    """The driver failed without saying why."""


class ZeusGPUHeterogeneousError(ZeusBaseGPUError):
    """GPUs differ that must be alike."""
