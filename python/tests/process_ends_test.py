"""Whatever becomes of a script, power limits are as they were: each class that sets something or starts a thread."""

from __future__ import annotations

import importlib.util
import signal
import sys
import textwrap
import unittest

from one_machine import LIMIT, OneMachineCase

if importlib.util.find_spec("torch") is None:
    print("PyTorch is not installed: the data loaders need it")
    sys.exit(77)

OPTIMIZER = """
    from zeus.monitor import ZeusMonitor
    from {module} import {name}
    one = {name}(ZeusMonitor(gpu_indices=[0, 1]), wait_steps=0, warmup_steps=1, profile_steps=5)
    """
LOADER = """
    import torch
    from zeus.{module} import {name}
    one = {name}(torch.utils.data.TensorDataset(torch.arange(400.0)), batch_size=4, {arguments})
    epochs = one.epochs() if hasattr(one, "epochs") else iter([0])
    next(epochs)
    batches = iter(one)
    for batch in range(10):
        next(batches)
    """

# How each is made and set to work, and the limits (W) that it has set then.
CLASSES: dict[str, tuple[str, tuple[float, float]]] = {
    "get_gpus": ("""
        from zeus.device import get_gpus
        get_gpus().set_power_management_limit(0, 150_000)
        get_gpus().set_persistence_mode(0, True)
        get_gpus().set_gpu_locked_clocks(1, 510, 1005)
        """, (150, LIMIT)),
    "ZeusMonitor": ("""
        from zeus.monitor import ZeusMonitor
        one = ZeusMonitor(log_file="windows.csv")
        one.begin_window("never ends")
        """, (LIMIT, LIMIT)),
    "PowerMonitor": ("from zeus.monitor import PowerMonitor\none = PowerMonitor()", (LIMIT, LIMIT)),
    "TemperatureMonitor": ("from zeus.monitor import TemperatureMonitor\none = TemperatureMonitor()", (LIMIT, LIMIT)),
    "GlobalPowerLimitOptimizer": (
        OPTIMIZER.format(module="zeus.optimizer.power_limit", name="GlobalPowerLimitOptimizer") + """
    for step in range(3):
        one.on_step_begin()
    """, (250, 250)),
    "HFGlobalPowerLimitOptimizer": (
        OPTIMIZER.format(module="zeus.optimizer.power_limit", name="HFGlobalPowerLimitOptimizer") + """
    for step in range(3):
        one.on_step_begin(None, None, None)
    """, (250, 250)),
    "ZeusDataLoader": (LOADER.format(module="run", name="ZeusDataLoader", arguments="max_epochs=2"), (250, LIMIT)),
    "ProfileDataLoader": (LOADER.format(module="profile.torch", name="ProfileDataLoader", arguments="split='train'"),
                          (LIMIT, LIMIT)),
}

# Children that end by themselves, and that end while what their parent made is alive.
CHILDREN = """
    import multiprocessing, time
    limits = [limit for limit, _ in seen()]
    assert limits == WANTED, limits
    child = os.fork()
    if child == 0:
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    for method in "fork", "spawn":
        worker = multiprocessing.get_context(method).Process(target=abs, args=(1,))
        worker.start()
        worker.join()
        assert worker.exitcode == 0, (method, worker.exitcode)
    assert [limit for limit, _ in seen()] == WANTED, seen()
    """

# A child that is still there when its parent is killed holds nothing.
KILLED = """
    child = os.fork()
    if child == 0:
        signal.pause()
    print(child, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    """


class ProcessEndsTest(OneMachineCase):
    def write_train(self, begin: str, wanted: tuple[float, float], *rest: str) -> None:
        body = "".join(textwrap.dedent(part) + "\n" for part in (f"WANTED = {list(wanted)}", begin, *rest))
        # As spawn wants it: its workers read the script anew.
        self.write_script(
            "train.py", "import os, signal, sys\ndef main():\n" + textwrap.indent(body, "    ") +
            "\nif __name__ == '__main__': main()\n")
        if importlib.util.find_spec("transformers") is None:
            (self.folder / "transformers.py").write_text("class TrainerCallback: pass\n", encoding="utf-8")

    def run_train(self, script: str) -> tuple[int, str]:
        done = self.shell(
            script, ZEUS_LOG_DIR=str(self.folder / "logs"), ZEUS_LOG_PREFIX=str(self.folder / "log"),
            ZEUS_PROFILE_PARAMS="1,40", ZEUS_TARGET_METRIC="0.5", ZEUS_EMULATED_STEP="0.001,0.0001", OMP_NUM_THREADS="1")
        (gpus,) = self.told(done.stdout)
        self.assertEqual([(gpu["power_limit_w"], gpu["persistence_mode"]) for gpu in gpus], [(LIMIT, False)] * 2,
                         done.stderr)
        return done.returncode, done.stderr

    def test_forked_and_spawned_children_change_nothing(self) -> None:
        for name, (begin, wanted) in CLASSES.items():
            with self.subTest(name):
                self.write_train(begin, wanted, CHILDREN)
                code, errors = self.run_train('"$@" train.py; code=$?; $ZEUS env --json; exit $code')
                self.assertEqual(code, 0, errors)

    def test_after_a_kill_the_next_puts_back(self) -> None:
        for name, (begin, wanted) in CLASSES.items():
            with self.subTest(name):
                self.write_train(begin, wanted, KILLED)
                code, errors = self.run_train(
                    '"$@" train.py >child; code=$?; $ZEUS restore >&2; $ZEUS env --json; kill -KILL $(cat child); '
                    'exit $code')
                self.assertEqual(code, 128 + signal.SIGKILL, errors)

    def test_a_script_that_never_reports_a_metric(self) -> None:
        begin, _ = CLASSES["ZeusDataLoader"]
        self.write_train(begin[:begin.index("epochs =")], (0, 0), """
            evaluated = type(one)(one.dataset, batch_size=40)
            for epoch in one.epochs():
                for batch in one: pass
                for batch in evaluated: pass
            """)
        code, errors = self.run_train('"$@" train.py; code=$?; $ZEUS env --json; exit $code')
        self.assertEqual(code, 0, errors)

    def test_two_ranks_choose_alike(self) -> None:
        # Alone, the first would choose 150 W and the second 200 W; of both together 175 W takes the least.
        self.write_script("train.py", """
            import sys
            from dataclasses import dataclass
            import torch.distributed as dist
            from zeus.optimizer.power_limit import Energy, GlobalPowerLimitOptimizer

            @dataclass
            class Measured:
                time: float
                gpu_energy: dict

            rank, best = int(sys.argv[1]), [150, 200][int(sys.argv[1])]
            dist.init_process_group("gloo", init_method=f"file://{os.getcwd()}/meeting", rank=rank, world_size=2)

            class Monitor:
                gpu_indices = [0]
                def begin_window(self, key, sync_execution=True): pass
                def end_window(self, key, sync_execution=True, cancel=False):
                    limit = float(key.rsplit("_", 1)[1])
                    return Measured(1.0 + rank, {0: 1 + (limit - best) ** 2})

            one = GlobalPowerLimitOptimizer(Monitor(), Energy(), wait_steps=0, warmup_steps=1, profile_steps=2)
            for step in range(40):
                one.on_step_begin()
            assert one.optimal_power_limit == 175, one.optimal_power_limit
            assert [m.time for m in one.measurements] == [2.0] * 7, one.measurements
            assert one.measurements[3].energy == 2 + 2 * 25 ** 2, one.measurements
            dist.barrier()
            assert [limit for limit, _ in seen()] == [175, 175], seen()
            dist.barrier()
            dist.destroy_process_group()
            """)
        done = self.shell(
            'CUDA_VISIBLE_DEVICES=1 "$@" train.py 1 >&2 & other=$!; CUDA_VISIBLE_DEVICES=0 "$@" train.py 0; one=$?; '
            'wait $other; two=$?; $ZEUS env --json; exit $((one + two))')
        self.assertEqual(done.returncode, 0, done.stderr)
        (gpus,) = self.told(done.stdout)
        self.assertEqual([gpu["power_limit_w"] for gpu in gpus], [LIMIT, LIMIT])


if __name__ == "__main__":
    unittest.main()
