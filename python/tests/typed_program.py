"""A program that uses the package's public names as their users do; typing_test hands it to mypy --strict."""

from __future__ import annotations

from pathlib import Path

from zeus.analyze import HistoryEntry, avg_power, energy
from zeus.callback import Callback, CallbackSet
from zeus.device import get_cpus, get_gpus
from zeus.job import Job
from zeus.monitor import Measurement, PowerMonitor, PowerStreamingClient, TemperatureMonitor, ZeusMonitor
from zeus.optimizer.batch_size import BatchSizeOptimizer as Client
from zeus.optimizer.batch_size import JobSpec
from zeus.optimizer.power_limit import (
    Energy,
    GlobalPowerLimitOptimizer,
    MaxSlowdownConstraint,
    Time,
    ZeusCost,
)
from zeus.policy import BatchSizeOptimizer, PowerLimitOptimizer
from zeus.policy.optimizer import JITPowerLimitOptimizer, PruningGTSBatchSizeOptimizer
from zeus.run import ZeusDataLoader, ZeusMaster
from zeus.simulate import Simulator
from zeus.utils.zeusd import ZeusdClient, ZeusdConfig, require_capabilities


class Stubborn(BatchSizeOptimizer):
    @property
    def name(self) -> str:
        return "Stubborn"

    def register_job(self, job: Job, batch_sizes: list[int]) -> None:
        self.batch_size = min(batch_sizes)

    def predict(self, job: Job) -> int:
        return self.batch_size

    def observe(self, job: Job, batch_size: int, cost: float, converged: bool | None = None) -> None:
        pass


class Highest(PowerLimitOptimizer):
    @property
    def name(self) -> str:
        return "Highest"

    def predict(self, job: Job, batch_size: int) -> int | None:
        return 300

    def observe(self, job: Job, batch_size: int, power_limit: int, cost: float) -> None:
        pass


def simulate(train: Path, power: Path, limits: PowerLimitOptimizer) -> list[HistoryEntry]:
    simulator = Simulator(str(train), str(power), PruningGTSBatchSizeOptimizer(seed=1, verbose=False), limits, seed=1)
    job = Job("birds", "tiny", "sgd", 0.5, 20, default_bs=32, default_lr=0.1)
    return simulator.simulate_one_job(job, num_recurrence=10, beta_knob=2.0, eta_knob=0.5)


def measure() -> float:
    monitor = ZeusMonitor(gpu_indices=[0])
    monitor.begin_window("epoch")
    measured: Measurement = monitor.end_window("epoch")
    power = PowerMonitor(gpu_indices=[0], update_period=0.1)
    now: dict[int, float] | None = power.get_power()
    heat = TemperatureMonitor(gpu_indices=[0])
    warm: dict[int, int] | None = heat.get_temperature()
    power.stop()
    heat.stop()
    return measured.total_energy + sum((now or {}).values()) + sum((warm or {}).values())


def optimize(monitor: ZeusMonitor) -> CallbackSet:
    chosen = [Energy(), Time(), ZeusCost(eta_knob=0.3), MaxSlowdownConstraint(factor=1.2)]
    callbacks: list[Callback] = [GlobalPowerLimitOptimizer(monitor, optimum_selector=each) for each in chosen]
    return CallbackSet(callbacks)


def devices() -> list[int]:
    gpus = get_gpus()
    limits: list[int] = [gpus.get_power_management_limit(index) for index in range(len(gpus))]
    return [*limits, len(get_cpus())]


def logs(file: Path) -> float:
    whole: float = energy(str(file), start=0.0, end=10.0)
    return whole + avg_power(str(file))


def train(dataset: list[int]) -> None:
    loader = ZeusDataLoader(dataset, batch_size=8, max_epochs=3)
    for epoch in loader.epochs():
        steps: int = epoch
        for _ in loader:
            steps += 1
        loader.report_metric(0.5 * steps, higher_is_better=True)


def master(job: Job) -> None:
    runner = ZeusMaster(PruningGTSBatchSizeOptimizer(seed=1), log_base="/tmp/logs", observer_mode=True)
    runner.run(job, num_recurrence=3, batch_sizes=[8, 16], beta_knob=2.0, eta_knob=0.5)


def served(monitor: ZeusMonitor) -> int:
    job = JobSpec(job_id_prefix="typed", batch_sizes=[8, 16], default_batch_size=8, beta_knob=None)
    service = Client(monitor, "http://127.0.0.1:8080", job, rank=0)
    batch_size: int = service.get_batch_size()
    service.on_train_begin()
    service.on_evaluate(0.5)
    return batch_size if service.training_finished else 0


def daemon() -> int:
    config = ZeusdConfig.from_env() or ZeusdConfig.tcp("node1", 4938, token="secret", gpu_indices=[0])
    client = ZeusdClient(config)
    require_capabilities(client, read_gpu=True, control_gpu=True, gpu_ids=[0])
    client.set_power_limit([0], 150_000, block=False)
    limits: dict[int, tuple[int, int]] = client.get_power_limit_constraints([0])
    dram: int | None = client.get_cpu_power().power_mw[0].dram_mw
    return limits[0][1] + client.get_gpu_power().power_mw[0] + (dram or 0)


async def follow() -> float:
    client = PowerStreamingClient([ZeusdConfig.uds("/run/zeusd/zeusd.sock")], reconnect_delay_s=2.0)
    for readings in client:
        total: float = sum(reading.gpu_power_w[0] for reading in readings.values())
    async for later in client:
        total += sum(reading.cpu_power_w[0].dram_w or 0.0 for reading in later.values())
    client.stop()
    return total


print(Stubborn, Highest, JITPowerLimitOptimizer)
