"""Measurements without devices: `ReplayZeusMonitor`."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath

from zeus import _core
from zeus.device.cpu.common import EmptyCPUs
from zeus.device.gpu.common import EmptyGPUs
from zeus.monitor.energy import Measurement, ZeusMonitor

__all__ = ["ReplayZeusMonitor"]


class ReplayZeusMonitor(ZeusMonitor):
    """A `ZeusMonitor` whose windows are the rows of a log that one has written: each window that ends is the next row.

    For trying out again, without its devices, what was decided on measurements.
    """

    def __init__(
        self,
        gpu_indices: Sequence[int] | None = None,
        approx_instant_energy: bool = False,
        log_file: str | PathLike[str] | None = None,
        ignore_sync_execution: bool = False,
        match_window_name: bool = True,
    ) -> None:
        """Reads the log.

        Args:
            gpu_indices: What the GPUs of the log are called. `None`: as in its header.
            approx_instant_energy: Without effect.
            log_file: The log.
            ignore_sync_execution: Without effect: there is no device to wait for.
            match_window_name: Whether a window that ends must be the one that the log has next.

        Raises:
            ValueError: There is no log file, it is damaged, or it has another number of GPUs than `gpu_indices`.
            FileNotFoundError: It does not exist.
        """
        if log_file is None:
            raise ValueError("`log_file` cannot be `None` for `ReplayZeusMonitor`.")
        path = fspath(log_file)
        found, rows = _core.read_window_log(path)
        self.gpus = EmptyGPUs()
        self.cpus = EmptyCPUs()
        self.gpu_indices = found if gpu_indices is None else list(gpu_indices)
        if len(self.gpu_indices) != len(found):
            raise ValueError(f"gpu_indices: {path} has {len(found)} GPUs, found {len(self.gpu_indices)} numbers")
        self.cpu_indices = []
        self.approx_instant_energy = approx_instant_energy
        self.log_file = log_file
        self.sync_execution_with = "torch"
        self.ignore_sync_execution = ignore_sync_execution
        self.match_window_name = match_window_name
        self._rows = iter(rows)
        self._ongoing: set[str] = set()
        _core.EnergyWindows.__init__(self, [], [], [], [], False, None, None, Measurement)

    def begin_window(self, key: str, sync_execution: bool = True, restart: bool = False) -> None:
        """Begins the window `key`.

        Raises:
            RuntimeError: It is open, and `restart` is false.
        """
        if key in self._ongoing and not restart:
            raise RuntimeError(f"Window {key} is already ongoing.")
        self._ongoing.add(key)

    def end_window(self, key: str, sync_execution: bool = True, cancel: bool = False) -> Measurement:
        """Ends the window `key`, with the log's next row; with `cancel` the row stays for the next.

        Raises:
            RuntimeError: It is not open, the log has no more rows, or it has another window next.
        """
        if key not in self._ongoing:
            raise RuntimeError(f"Window {key} is not ongoing.")
        self._ongoing.remove(key)
        if cancel:
            return Measurement(time=0.0, gpu_energy=dict.fromkeys(self.gpu_indices, 0.0))
        row = next(self._rows, None)
        if row is None:
            raise RuntimeError("No more lines in the log file.")
        name, elapsed, energies = row
        if self.match_window_name and name != key:
            raise RuntimeError(f"Was expecting {name}, not {key}.")
        return Measurement(time=elapsed, gpu_energy=dict(zip(self.gpu_indices, energies)))

    def reset_windows(self) -> None:
        """Forgets all windows that are open."""
        self._ongoing.clear()
