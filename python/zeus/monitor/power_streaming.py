"""The power of many nodes at once, as their daemons tell it: `PowerStreamingClient`."""

from __future__ import annotations

import atexit
import logging
import weakref
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

from zeus import _core
from zeus.utils.zeusd import ZeusdConfig

__all__ = ["CpuPowerReading", "PowerReadings", "PowerStreamingClient"]

logger = logging.getLogger(__name__)

# How long the library is waited for at a time, s: between two of these Ctrl-C, or the end of a loop, is noticed.
_SLICE = 0.2


@dataclass
class CpuPowerReading:
    """The power of a processor package.

    Attributes:
        cpu_w: Its own, W.
        dram_w: Its memory's, W; `None` where that is not counted.
    """

    cpu_w: float = 0.0
    dram_w: float | None = None


@dataclass
class PowerReadings:
    """The latest power of a node's devices.

    Attributes:
        timestamp_s: When the newest came to be so: seconds since the Unix epoch, by this machine's clock.
        gpu_power_w: By the GPU's number, W.
        cpu_power_w: By the processor package's number.
    """

    timestamp_s: float = 0.0
    gpu_power_w: dict[int, float] = field(default_factory=dict)
    cpu_power_w: dict[int, CpuPowerReading] = field(default_factory=dict)


class PowerStreamingClient:
    """Follows the power of GPUs and processors of many nodes, each by its daemon.

        client = PowerStreamingClient([ZeusdConfig.tcp("node1", 4938), ZeusdConfig.tcp("node2", 4938)])
        for readings in client:
            print({node: sum(reading.gpu_power_w.values()) for node, reading in readings.items()})

    or `async for`, or `get_power` now and then. Threads of the library follow the nodes until `stop`, or until this goes
    away. A node that goes away is tried again, and is logged; what it told last stays. A daemon that refuses a stream is
    not asked again. Thread-safe. In a process forked from the one that made it every call is a `RuntimeError`.

    Source: the published package's PowerStreamingClient.
    """

    def __init__(self, servers: Sequence[ZeusdConfig], reconnect_delay_s: float = 1.0) -> None:
        """Asks each daemon for its devices, compares clocks, and begins.

        Args:
            servers: The daemons. `gpu_indices` and `cpu_indices` of each say which devices: `None` all that there are
                and the token allows, an empty list none.
            reconnect_delay_s: How long a stream that ended is left alone before it is opened again, s.

        Raises:
            ValueError: Two servers have the same endpoint, a device that is named is not there, or a token is none.
            ZeusdCapabilityError: A device that is named may not be read.
            ZeusdConnectionError: A daemon cannot be reached.
        """
        self._power = _core.FollowedPower(
            [(each.host_port, each.socket_path, each.token, each.gpu_indices, each.cpu_indices) for each in servers],
            reconnect_delay_s)
        _following.add(self)
        self._log()

    def stop(self) -> None:
        """Ends all streams; iterators end, and `get_power` tells what was last. May be repeated."""
        self._power.stop()
        self._log()

    def get_power(self) -> dict[str, PowerReadings]:
        """The latest of each node that has told something, by its endpoint: "HOST:PORT", or the socket's file."""
        self._log()
        return {endpoint: PowerReadings(
            timestamp_s=max([time for time, _ in gpus.values()] + [time for time, _, _ in cpus.values()]),
            gpu_power_w={gpu: power for gpu, (_, power) in gpus.items()},
            cpu_power_w={cpu: CpuPowerReading(power, dram) for cpu, (_, power, dram) in cpus.items()})
            for endpoint, gpus, cpus in self._power.latest() if gpus or cpus}

    def __iter__(self) -> Iterator[dict[str, PowerReadings]]:
        """What `get_power` gives, whenever something has come, until `stop`. A slow loop misses some."""
        seen = 0
        while not self._power.is_stopped:
            news = self._power.wait_for_news(seen, _SLICE)
            if news != seen and not self._power.is_stopped:
                seen = news
                if power := self.get_power():
                    yield power

    async def __aiter__(self) -> AsyncIterator[dict[str, PowerReadings]]:
        """The same in a coroutine; a thread of asyncio's waits."""
        import asyncio  # A megabyte that few need.

        seen = 0
        while not self._power.is_stopped:
            news = await asyncio.to_thread(self._power.wait_for_news, seen, _SLICE)
            if news != seen and not self._power.is_stopped:
                seen = news
                if power := self.get_power():
                    yield power

    def _log(self) -> None:
        for notice in self._power.take_notices():
            logger.warning("%s", notice)


# Their threads must have ended before what they use is taken down.
_following: weakref.WeakSet[PowerStreamingClient] = weakref.WeakSet()


@atexit.register
def _stop_following() -> None:
    for client in list(_following):
        client.stop()
