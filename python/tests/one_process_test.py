"""Parts of one process share what it has borrowed: get_gpus(), power-limit optimizers, training sessions."""

import signal
import unittest

from one_machine import LIMIT, OneMachineCase

# What a loop needs; each window knows beforehand what it will show, so that 150 W are the best.
PARTS = """
    import signal, sys
    from dataclasses import dataclass
    from zeus.device import get_gpus
    from zeus.optimizer.power_limit import Energy, GlobalPowerLimitOptimizer

    @dataclass
    class Measured:
        time: float
        gpu_energy: dict

    class Monitor:
        gpu_indices = [0, 1]
        def begin_window(self, key, sync_execution=True): pass
        def end_window(self, key, sync_execution=True, cancel=False):
            return Measured(1.0, {0: 1 + abs(float(key.rsplit("_", 1)[1]) - 150)})

    def optimizer():
        return GlobalPowerLimitOptimizer(Monitor(), Energy(), wait_steps=0, warmup_steps=1, profile_steps=2)

    def profile(one):
        for step in range(40):
            one.on_step_begin()
        assert one.optimal_power_limit == 150

    gpus = get_gpus()
    FREE, LOCKED = 1380, 1005  # Clocks of GPU 0, which something keeps a bit busy.
    def check(*limits, clock=FREE):
        now = seen()
        assert [limit for limit, _ in now] == list(limits) and now[0][1] == clock, now
    """

USER_FIRST = """
    gpus.set_power_management_limit(0, 200_000)
    gpus.set_gpu_locked_clocks(0, 510, 1005)
    one = optimizer()
    check(250, 250, clock=LOCKED)
    profile(one)
    check(150, 150, clock=LOCKED)
    """

OPTIMIZER_FIRST = """
    one = optimizer()
    profile(one)
    gpus.set_gpu_locked_clocks(0, 510, 1005)
    gpus.set_power_management_limit(0, 200_000)
    check(200, 150, clock=LOCKED)
    """

TWO_OPTIMIZERS = """
    one = optimizer()
    profile(one)
    two = optimizer()
    check(250, 250)
    del one
    check(250, 250)
    profile(two)
    check(150, 150)
    """

ENDS = {
    "": 0,
    "raise KeyError": 1,
    "os.kill(os.getpid(), signal.SIGTERM); signal.pause()": 128 + signal.SIGTERM,
    "os.kill(os.getpid(), signal.SIGKILL)": 128 + signal.SIGKILL,
}


class OneProcessTest(OneMachineCase):
    def given_back(self, *script: str, code: int = 0, restore: bool = False) -> None:
        """Runs it and looks at the machine afterwards, with `restore` after `zeus restore`."""
        self.write_script("train.py", PARTS, *script)
        done = self.shell(
            'exec 3< <($ZEUS emulate load --compute 0.2 --memory 0.1 & echo $!; wait); read -u3 load; '
            f'"$@" train.py; code=$?; {"$ZEUS restore >&2; " if restore else ""}$ZEUS env --json; '
            'kill -INT $load; cat <&3 >&2; exit $code')
        self.assertEqual(done.returncode, code, done.stderr)
        (gpus,) = self.told(done.stdout)
        self.assertEqual([(gpu["power_limit_w"], gpu["persistence_mode"]) for gpu in gpus], [(LIMIT, False)] * 2)
        self.assertEqual(gpus[0]["graphics_clock_mhz"], 1380)

    def test_all_orders_end_as_it_was(self) -> None:
        for begin in (USER_FIRST, OPTIMIZER_FIRST, TWO_OPTIMIZERS):
            for end, code in ENDS.items():
                with self.subTest(begin=begin, end=end):
                    self.given_back(begin, end, code=code, restore="SIGKILL" in end)

    def test_what_the_user_set_comes_back_when_an_optimizer_ends(self) -> None:
        self.given_back(USER_FIRST, """
            del one
            check(200, 230, clock=LOCKED)
            gpus.reset_gpu_locked_clocks(0)
            two = optimizer()
            profile(two)
            check(150, 150)
            gpus.set_power_management_limit(0, 150_000)  # What it is already, but now for good.
            gpus.set_power_management_limit(1, 175_000)
            check(150, 175)
            del two
            check(150, 175)
            """)

    def test_another_process_is_told_who_holds_the_gpus(self) -> None:
        self.given_back(USER_FIRST, """
            other = subprocess.run(
                [sys.executable, "-c",
                 "from zeus.optimizer.power_limit import *; "
                 "GlobalPowerLimitOptimizer(type('Monitor', (), {'gpu_indices': [0]})())"],
                capture_output=True, text=True)
            said = other.stderr.splitlines()[-1]
            assert said.startswith("RuntimeError: GPU 0 (V100"), said
            assert f"its settings are held by process {os.getpid()} (" in said, said
            """)


if __name__ == "__main__":
    unittest.main()
