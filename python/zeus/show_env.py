"""`python -m zeus.show_env`: what this package finds on this machine."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import time
from datetime import datetime, timezone
from importlib import metadata

import zeus
from zeus.device.cpu import CPU, ZeusdRAPLCPU, get_cpus
from zeus.device.gpu import get_gpus
from zeus.device.soc import get_soc
from zeus.exception import ZeusBaseError
from zeus.utils.framework import torch_is_available
from zeus.utils.zeusd import ZeusdClient, ZeusdConfig

__all__ = ["show_env"]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _show_packages() -> None:
    print("## Package availability and versions")
    print(f"  Python: {platform.python_version()}")
    print(f"  Zeus: {zeus.__version__}")
    for title, package in (("PyTorch", "torch"), ("JAX", "jax"), ("CuPy", "cupy")):
        version = _version(package)
        if version is None:
            print(f"  {title}: not available")
        elif package == "torch":
            print(f"  {title}: {version} ({'with' if torch_is_available() else 'without'} CUDA support)")
        else:
            print(f"  {title}: {version}")


def _show_gpus() -> None:
    print("## Device availability")
    for variable in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        print(f"  {variable}={os.environ.get(variable, '[NOT SET]')}")
    try:
        gpus = get_gpus().gpus
    except ZeusBaseError as error:
        print(f"  No GPUs available: {error}")
        return
    if not gpus:
        print("  No GPUs available.")
        return
    print("  Device index mapping: Physical (e.g., nvidia-smi) -> Zeus (or any CUDA application)")
    for gpu in gpus:
        print(f"    GPU {gpu._device.vendor_index} -> GPU {gpu.gpu_index} ({gpu.get_name()})")


def _source_of(cpu: CPU) -> str:
    config = ZeusdConfig.from_env() if isinstance(cpu, ZeusdRAPLCPU) else None
    return f"Zeusd at {config.endpoint}" if config else cpu._device.name


def _show_cpus() -> None:
    print("## CPU availability")
    try:
        cpus = get_cpus().cpus
    except ZeusBaseError as error:
        print(f"  No CPUs available: {error}")
        return
    for cpu in cpus:
        source = _source_of(cpu)
        has_dram = cpu.supports_get_dram_energy_consumption()
        print(f"  CPU {cpu.cpu_index}:")
        print(f"    CPU measurements available ({source})")
        print(f"    DRAM measurements {f'available ({source})' if has_dram else 'unavailable'}")


def _show_soc() -> None:
    print("## SoC availability")
    try:
        get_soc()
    except ZeusBaseError as error:
        print(f"  {error}")


def _clock_offset(client: ZeusdClient) -> float:
    """What must be added to the daemon's times, s: the median over five questions."""
    offsets = []
    for _ in range(5):
        asked = time.time()
        theirs = client.get_time()
        offsets.append((asked + time.time()) / 2 - theirs)
    return statistics.median(offsets)


def _expiry_text(expires_at: float | None) -> str:
    if expires_at is None:
        return "never"
    when = datetime.fromtimestamp(expires_at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{when} ({'valid' if time.time() < expires_at else 'expired'})"


def _show_daemon() -> None:
    print("## Zeusd daemon")
    config = ZeusdConfig.from_env()
    if config is None:
        print("  Not configured (set ZEUSD_SOCK_PATH or ZEUSD_HOST_PORT to connect).")
        return
    print(f"  Endpoint: {config.endpoint}")
    try:
        client = ZeusdClient(config)
        print(f"  GPUs: {[(gpu.id, gpu.name) for gpu in client.gpus]}")
        print(f"  CPU IDs: {client.cpu_ids}")
        print(f"  DRAM available: {client.dram_available}")
        print(f"  Auth required: {client.auth_required}")
        print(f"  Clock offset: {_clock_offset(client):+.4f} s (client - daemon)")
    except (ZeusBaseError, ValueError) as error:
        print(f"  Error: {error}")
        return
    print(f"  can_read_gpu: {client.can_read_gpu}")
    print(f"  can_control_gpu: {client.can_control_gpu}")
    print(f"  can_read_cpu: {client.can_read_cpu}")
    if client.auth_error is not None:
        print(f"  Auth error: {client.auth_error}")
    elif client.auth_required:
        print(f"  Authenticated as: {client._subject}")
        print(f"  Granted scopes: {sorted(client.granted_scopes)}")
        print(f"  Token expires: {_expiry_text(client._expires_at)}")


def show_env() -> None:
    """Prints it."""
    sections = (_show_packages, _show_gpus, _show_cpus, _show_soc, _show_daemon)
    for number, show in enumerate(sections):
        if number > 0:
            print("-" * shutil.get_terminal_size().columns)
        show()


if __name__ == "__main__":
    show_env()
