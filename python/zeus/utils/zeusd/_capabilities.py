"""Whether a daemon does what is needed, told before it is needed."""

from __future__ import annotations

from collections.abc import Sequence

from zeus.utils.zeusd._client import ZeusdClient
from zeus.utils.zeusd._errors import ZeusdAuthError, ZeusdCapabilityError

__all__ = ["require_capabilities"]


def require_capabilities(
    client: ZeusdClient,
    *,
    read_gpu: bool = False,
    control_gpu: bool = False,
    read_cpu: bool = False,
    gpu_ids: Sequence[int] | None = None,
    cpu_ids: Sequence[int] | None = None,
) -> None:
    """Checks that the daemon does all of this for this client.

    Args:
        client: Who will ask.
        read_gpu: Readings of GPUs are needed.
        control_gpu: Settings of GPUs are to be changed.
        read_cpu: Readings of processors are needed.
        gpu_ids: GPUs that must be there.
        cpu_ids: Processor packages that must be there.

    Raises:
        ZeusdAuthError: The daemon asks for a token, and there is none that it takes.
        ZeusdCapabilityError: It does not; the message tells all that is missing.
    """
    if client.auth_error is not None:
        raise ZeusdAuthError(client.auth_error)
    missing = []
    for wanted, may, group in (
        (read_gpu, client.can_read_gpu, "gpu-read"),
        (control_gpu, client.can_control_gpu, "gpu-control"),
        (read_cpu, client.can_read_cpu, "cpu-read"),
    ):
        if wanted and not may:
            missing.append(client._why_not(group))
    for device, wanted_ids, there in (("GPU", gpu_ids, client.gpu_ids), ("CPU", cpu_ids, client.cpu_ids)):
        unknown = sorted(set(wanted_ids or ()) - set(there))
        if unknown:
            missing.append(f"{device} indices {unknown} not available (available: {there})")
    if missing:
        raise ZeusdCapabilityError(f"Zeusd at {client.endpoint}: {'; '.join(missing)}")
