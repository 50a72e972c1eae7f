"""zeus.run.ZeusDataLoader on emulated GPUs, in scripts as they are written for the published package."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from pathlib import Path

from emulated_script import ENVIRONMENT, PYTHON
from one_machine import LIMIT, OneMachineCase

ZEUS = os.environ["ZEUS_PROGRAM"]

# GPUs of no other test: the journal is the whole machine's.
GPUS = "v100x16"
VISIBLE = "12,13"

try:
    import torch  # noqa: F401
except ImportError:
    print("PyTorch is not installed: ZeusDataLoader needs it")
    sys.exit(77)

# A training script as the published package's documents tell to write it.
SINGLE = """
    import torch
    from torch.utils.data import TensorDataset
    from zeus.run import ZeusDataLoader

    torch.manual_seed(1)
    train_set = TensorDataset(torch.randn(512, 8), torch.randint(0, 2, (512,)))
    eval_set = TensorDataset(torch.randn(128, 8), torch.randint(0, 2, (128,)))
    train_loader = ZeusDataLoader(train_set, batch_size=8, max_epochs=5, shuffle=True)
    eval_loader = ZeusDataLoader(eval_set, batch_size=8)
    model = torch.nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    for epoch_number in train_loader.epochs():
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        with torch.no_grad():
            for x, y in eval_loader:
                model(x)
        train_loader.report_metric(0.1 * (epoch_number + 1), higher_is_better=True)
        print("epoch", epoch_number, flush=True)
"""

DATA_PARALLEL = """
    import torch
    import torch.distributed as dist
    from torch.utils.data import TensorDataset
    from torch.utils.data.distributed import DistributedSampler
    from zeus.run import ZeusDataLoader

    dist.init_process_group(backend="gloo")
    torch.manual_seed(1)
    train_set = TensorDataset(torch.randn(512, 8), torch.randint(0, 2, (512,)))
    eval_set = TensorDataset(torch.randn(128, 8), torch.randint(0, 2, (128,)))
    train_sampler = DistributedSampler(train_set)
    eval_sampler = DistributedSampler(eval_set)
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    train_loader = ZeusDataLoader(train_set, batch_size=4, max_epochs=5, sampler=train_sampler, distributed="dp")
    eval_loader = ZeusDataLoader(eval_set, batch_size=4, sampler=eval_sampler, distributed="dp")

    for epoch_number in train_loader.epochs():
        train_sampler.set_epoch(epoch_number)
        for x, y in train_loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        for x, y in eval_loader:
            pass
        metric = torch.tensor([0.05 * (epoch_number + 1)])
        dist.all_reduce(metric)
        train_loader.report_metric(metric.item(), higher_is_better=True)
        print("epoch", epoch_number, flush=True)
"""

# The group's threads must not outlive the interpreter.
GROUP_ENDS = """
    dist.barrier()
    dist.destroy_process_group()
"""


class ScriptCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.logs = self.folder / "logs"
        self.environment = {
            **ENVIRONMENT,
            "CUDA_VISIBLE_DEVICES": VISIBLE,
            "ZEUS_LOG_DIR": str(self.logs),
            "ZEUS_PROFILE_PARAMS": "1,3",
            "ZEUS_TARGET_METRIC": "0.25",
            "ZEUS_EMULATED_STEP": "0.001,0.0002",
            "OMP_NUM_THREADS": "1",
        }

    def write(self, script: str) -> str:
        path = self.folder / "script.py"
        path.write_text(textwrap.dedent(script))
        return str(path)

    def emulated(self, *command: str, state: Path | None = None) -> list[str]:
        where = ["--state", str(state)] if state else []
        return [ZEUS, "emulate", *where, "--gpus", GPUS, "--", *command]

    def run_script(
        self, script: str, *, launcher: tuple[str, ...] = (), **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.emulated(*PYTHON, *launcher, self.write(script)),
            env={**self.environment, **variables}, capture_output=True, text=True, timeout=120, cwd=self.folder)

    def finishes(self, script: str, **options: object) -> str:
        done = self.run_script(script, **options)  # type: ignore[arg-type]
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def result(self, name: str = "zeus+bs8.train.json") -> dict[str, object]:
        return json.loads((self.logs / name).read_text())


class SingleTest(ScriptCase):
    def test_a_script_for_the_published_package_runs_unchanged(self) -> None:
        self.assertEqual(self.finishes(SINGLE).split("\n")[:-1], ["epoch 0", "epoch 1", "epoch 2"])
        result = self.result()
        self.assertEqual((result["num_epochs"], result["reached"]), (3, True))
        power = json.loads((self.logs / "bs8.power.json").read_text())
        self.assertEqual(sorted(map(int, power["train_power"])), list(range(100_000, 250_001, 25_000)))
        self.assertEqual(list(power["eval_power"]), [str(power["optimal_pl"])])
        for epoch in range(3):
            self.assertIn("Time,Power", (self.logs / f"bs8+e{epoch}+gpu0.power.log").read_text())

    def test_without_a_metric_it_trains_all_epochs(self) -> None:
        quiet = SINGLE.replace("train_loader.report_metric(0.1 * (epoch_number + 1), higher_is_better=True)", "pass")
        self.finishes(quiet)
        self.assertEqual((self.result()["num_epochs"], self.result()["reached"]), (5, False))

    def test_too_dear_a_run_ends_with_the_published_exception(self) -> None:
        script = "    from zeus.util.metric import ZeusCostThresholdExceededException\n    try:\n" + textwrap.indent(
            SINGLE, "    ") + """
    except ZeusCostThresholdExceededException as e:
        print("too dear", e.cost_thresh, e.cost < e.next_cost, e.time_consumed > 0, e.energy_consumed > 0)
"""
        self.assertIn("too dear 0.5 True True True", self.finishes(script, ZEUS_COST_THRESH="0.5"))
        self.assertEqual(self.result()["reached"], False)

    def test_power_depends_on_batch_size_and_limit(self) -> None:
        for batch_size in (8, 64):
            self.finishes(SINGLE.replace("batch_size=8", f"batch_size={batch_size}").replace("(512", "(4096"),
                          ZEUS_TARGET_METRIC="9", ZEUS_PROFILE_PARAMS="1,30")
        small, large = (json.loads((self.logs / f"bs{size}.power.json").read_text()) for size in (8, 64))
        self.assertLess(small["train_power"]["250000"], 0.9 * large["train_power"]["250000"])
        self.assertLess(large["train_power"]["100000"], 0.7 * large["train_power"]["250000"])
        self.assertLess(large["train_throughput"]["100000"], 0.9 * large["train_throughput"]["250000"])

    def test_early_ends_of_loops(self) -> None:
        """break in training, evaluation within it, batches outside of epochs(), two evaluations."""
        script = SINGLE.replace("    for epoch_number", "    next(iter(train_loader)); next(iter(eval_loader))\n"
                                "    for epoch_number").replace(
            "optimizer.step()\n", "optimizer.step()\n            break\n        for x, y in eval_loader: pass\n")
        self.finishes(script.replace("max_epochs=5", "max_epochs=2"))
        self.assertEqual(self.result()["num_epochs"], 2)
        abandoned = SINGLE.replace("for x, y in train_loader:", "batches = iter(train_loader)\n"
                                   "        for x, y in [next(batches), next(batches)]:")
        self.finishes(abandoned, ZEUS_JOB_ID="other")
        self.assertEqual(self.result("other+bs8.train.json")["num_epochs"], 3)

    def test_workers_by_fork_and_by_spawn(self) -> None:
        for method in ("fork", "spawn"):
            guarded = "    if __name__ == '__main__':\n" + textwrap.indent(SINGLE, "    ").replace(
                "batch_size=8", f"batch_size=32, num_workers=2, multiprocessing_context='{method}'").replace(
                    "max_epochs=5", "max_epochs=1")
            self.finishes(guarded, ZEUS_JOB_ID=method)
            self.assertEqual(self.result(f"{method}+bs32.train.json")["num_epochs"], 1)


class DataParallelTest(ScriptCase):
    def said_by_each_rank(self, script: str, **variables: str) -> list[list[str]]:
        """The lines of rank 0 and of rank 1, from their files: where torchrun joins them, they may lie in one another."""
        # Debian's torchrun fails with Python 3.11 unless it is told to redirect.
        self.finishes(script + GROUP_ENDS, launcher=(
            "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "--redirects=1", "--tee=1",
            f"--log_dir={self.folder / 'ranks'}"), **variables)
        return [path.read_text().splitlines() for path in sorted((self.folder / "ranks").glob("*/attempt_0/*/stdout.log"))]

    def test_a_script_for_the_published_package_runs_unchanged(self) -> None:
        self.assertEqual(self.said_by_each_rank(DATA_PARALLEL), [["epoch 0", "epoch 1", "epoch 2"]] * 2)
        self.assertEqual((self.result()["num_epochs"], self.result()["reached"]), (3, True))
        self.assertTrue((self.logs / "bs8+e0+gpu1.power.log").exists())

    def test_all_ranks_end_at_the_cost_threshold(self) -> None:
        script = "    from zeus.util.metric import ZeusCostThresholdExceededException\n    try:\n" + textwrap.indent(
            DATA_PARALLEL, "    ") + """
    except ZeusCostThresholdExceededException as e:
        print("too dear", e.cost_thresh, flush=True)
"""
        said = self.said_by_each_rank(script, ZEUS_COST_THRESH="0.5")
        self.assertEqual(said, [["epoch 0", "too dear 0.5"]] * 2)


class EndsTest(ScriptCase):
    """However a script ends, the power limit comes back to what it was."""

    def setUp(self) -> None:
        super().setUp()
        self.state = self.folder / "machine"
        # Holds the machine, whose limit is told from outside the script.
        holder = subprocess.Popen(self.emulated("sleep", "1000", state=self.state), env=self.environment)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.terminate)
        while not self.state.exists():
            time.sleep(0.01)

    def power_limit(self) -> float:
        shown = subprocess.run(self.emulated(ZEUS, "env", "--json", state=self.state), env=self.environment,
                               capture_output=True, text=True, check=True)
        return float(json.loads(shown.stdout)["gpus"][12]["power_limit_w"])

    def start(self, script: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            self.emulated(*PYTHON, self.write(script), state=self.state), env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def ends(self, script: str) -> int:
        process = self.start(script)
        _, error = process.communicate(timeout=60)
        self.assertNotIn("terminate called", error)
        self.assertNotIn("Segmentation", error)
        return process.returncode

    # In the middle of the first epoch, where a lower limit is set.
    @staticmethod
    def in_the_middle(what: str) -> str:
        return SINGLE.replace("            optimizer.step()\n", textwrap.indent(textwrap.dedent(f"""
            optimizer.step()
            step = globals().get("step", 0) + 1
            if step == 20:
                {what}
        """), "            "))

    def test_ends_of_all_kinds(self) -> None:
        before = self.power_limit()
        self.assertEqual(before, 250)
        for what, code in (("raise ZeroDivisionError", 1), ("raise SystemExit(3)", 3),
                           ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
                           ("import os, signal; os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT)):
            with self.subTest(what=what):
                ended = self.ends(self.in_the_middle(what))
                self.assertIn(ended, (code, 128 - code))
                self.assertEqual(self.power_limit(), before)

    def test_a_forked_child_leaves_the_limit_to_its_parent(self) -> None:
        script = self.in_the_middle("""
                import os, sys, zeus.device_limit_of_test as limit
                if os.fork() == 0:
                    sys.exit(0)
                os.wait()
                print("child ended", flush=True)
        """.replace(", zeus.device_limit_of_test as limit", ""))
        process = self.start(script)
        out, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, error)
        self.assertIn("child ended", out)
        self.assertEqual(self.power_limit(), 250)
        self.assertEqual(self.result()["reached"], True)

    def test_after_a_kill_the_next_start_or_restore_puts_it_back(self) -> None:
        for mend in ("start", "restore"):
            with self.subTest(mend=mend):
                self.environment["ZEUS_LOG_DIR"] = str(self.folder / mend)
                process = self.start(self.in_the_middle(
                    "import os, signal; print('now', flush=True); os.kill(os.getpid(), signal.SIGKILL)"))
                process.communicate(timeout=60)
                self.assertLess(self.power_limit(), 250)
                if mend == "restore":
                    subprocess.run(self.emulated(ZEUS, "restore", state=self.state), env=self.environment, check=True,
                                   capture_output=True)
                else:
                    process = self.start(SINGLE)
                    _, error = process.communicate(timeout=60)
                    self.assertIn("restored", error)
                self.assertEqual(self.power_limit(), 250)


class BadInputTest(ScriptCase):
    def raises(self, replaced: str, by: str, error: str, message: str, script: str = SINGLE, **variables: str) -> None:
        self.assertIn(replaced, script)
        done = self.run_script(script.replace(replaced, by), **variables)
        self.assertEqual(done.returncode, 1)
        last = done.stderr.strip().splitlines()[-1]
        self.assertRegex(last, rf"^{error}: .*{message}")

    def test_published_errors(self) -> None:
        loader = "ZeusDataLoader(eval_set, batch_size=8)"
        self.raises(loader, "ZeusDataLoader(eval_set, batch_size=8, max_epochs=2)", "ValueError", "max_epochs")
        self.raises(loader, "ZeusDataLoader(eval_set, batch_size=8, distributed='tp')", "TypeError", "distributed")
        self.raises(loader, "ZeusDataLoader(eval_set, batch_size=8, distributed='dp')", "RuntimeError",
                    "init_process_group")
        self.raises(loader, "ZeusDataLoader(eval_set, batch_size='8')", "TypeError", "batch_size")
        self.raises("max_epochs=5", "max_epochs=0", "ValueError", "max_epochs")
        self.raises("(512", "(16", "RuntimeError", "smaller batch size")
        self.raises("train_loader.epochs()", "eval_loader.epochs()", "RuntimeError", "max_epochs")
        self.raises("0.1 * (epoch_number + 1)", "'good'", "TypeError", "metric")

    def test_variables(self) -> None:
        self.raises("", "", "ValueError", "ZEUS_ETA_KNOB", ZEUS_ETA_KNOB="2")
        self.raises("", "", "ValueError", "ZEUS_USE_OPTIMAL_PL", ZEUS_USE_OPTIMAL_PL="yes")
        self.raises("", "", "ValueError", "ZEUS_EMULATED_STEP", ZEUS_EMULATED_STEP="fast")
        del self.environment["ZEUS_TARGET_METRIC"]
        self.raises("", "", "ValueError", "ZEUS_TARGET_METRIC is missing")

    def test_a_sampler_of_another_group(self) -> None:
        group = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}
        sampler = "train_sampler = DistributedSampler(train_set)"
        self.raises(sampler, "train_sampler = DistributedSampler(train_set, num_replicas=3, rank=2)", "ValueError",
                    "rank 2 of 3", script=DATA_PARALLEL, **group)
        self.raises("sampler=train_sampler", "shuffle=True", "ValueError", "DistributedSampler", script=DATA_PARALLEL,
                    **group)


class OwnLimitTest(OneMachineCase):
    """A script that sets a limit itself, and then trains under the loader."""

    GPUS = 1
    SETS = """
        from zeus.device import get_gpus
        get_gpus().set_power_management_limit(0, 200_000)
        limits = []
        """

    def train(self, *more: str) -> "subprocess.CompletedProcess[str]":
        script = SINGLE.replace('    print("epoch"', '    limits.append(seen()[0][0])\n        print("epoch"')
        self.assertNotEqual(script, SINGLE)
        self.write_script("train.py", self.SETS, script, *more)
        return self.shell(
            '"$@" train.py; code=$?; $ZEUS restore >&2; $ZEUS env --json; exit $code', ZEUS_TARGET_METRIC="0.25",
            ZEUS_LOG_DIR=str(self.folder), ZEUS_PROFILE_PARAMS="1,3", ZEUS_EMULATED_STEP="0.001,0.0002", OMP_NUM_THREADS="1")

    def ends_as_it_was(self, *more: str, code: int = 0) -> None:
        done = self.train("""
            optimum = json.load(open(os.environ["ZEUS_LOG_DIR"] + "/bs8.power.json"))["optimal_pl"] / 1000
            assert limits == [optimum] * 3, limits
            assert seen()[0][0] == 200, seen()
            """, *more)
        self.assertEqual(done.returncode, code, done.stderr)
        ((gpu,),) = self.told(done.stdout)
        self.assertEqual(gpu["power_limit_w"], LIMIT)

    def test_it_comes_back_when_the_run_ends(self) -> None:
        self.ends_as_it_was()

    def test_a_second_run_and_a_kill(self) -> None:
        self.ends_as_it_was("""
            os.environ["ZEUS_JOB_ID"] = "second"
            train_loader = ZeusDataLoader(train_set, batch_size=8, max_epochs=5)
            for epoch in train_loader.epochs():
                for x, y in train_loader:
                    pass
                assert seen()[0][0] == optimum, seen()
                os.kill(os.getpid(), 9)
            """, code=128 + signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
