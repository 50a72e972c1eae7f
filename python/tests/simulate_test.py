"""The simulator with policies written in Python, and with what is wrong."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import threading
import time
import traceback
import unittest
from typing import Any

import pandas as pd
from restated_policy import RestatedPolicy
from shared_traces import (
    SMALL_JOB,
    SMALL_POWER,
    SMALL_TRAIN,
    TRAIN,
    SmallTraces,
    default_recurrences,
    job_on,
    needs_traces,
    power_trace,
)

from zeus.analyze import HistoryEntry
from zeus.job import Job
from zeus.policy import (
    BatchSizeOptimizer,
    JITPowerLimitOptimizer,
    PowerLimitOptimizer,
    PruningGTSBatchSizeOptimizer,
)
from zeus.policy.optimizer import GTSBatchSizeOptimizer
from zeus.simulate import Simulator

GROUP = pd.DataFrame({
    "group": ["birds"] * 5, "start_time": [0.0, 100.0, 5000.0, 9000.0, 9100.0],
    "end_time": [400.0, 500.0, 5300.0, 9400.0, 9500.0], "dataset": ["birds"] * 5,
    "runtime_ratio": [1.0, 1.5, 0.5, 1.0, 1.0]})


class Scripted(BatchSizeOptimizer):
    """Proposes what it is told to, and b0 after that; notes what it is called with."""

    def __init__(self, *proposals: Any) -> None:
        self.proposals = list(proposals)
        self.shared_calls = _Calls()

    @property
    def name(self) -> str:
        return "scripted"

    def register_job(self, job: Job, batch_sizes: list[int]) -> None:
        self.shared_calls.append(("register", job, batch_sizes))

    def predict(self, job: Job) -> int:
        self.shared_calls.append(("predict", job))
        return self.proposals.pop(0) if self.proposals else job.default_bs

    def observe(self, job: Job, batch_size: int, cost: float, converged: bool | None = None) -> None:
        self.shared_calls.append(("observe", job, batch_size, cost, converged))


class _Calls(list):  # type: ignore[type-arg]
    """A list that a simulation's deep copies share."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Calls:
        return self


class HighestLimit(PowerLimitOptimizer):
    """Profiles once a batch size and then takes the highest limit."""

    def __init__(self) -> None:
        self.observed = _Calls()
        self.known: dict[int, int] = {}

    @property
    def name(self) -> str:
        return "highest"

    def predict(self, job: Job, batch_size: int) -> int | None:
        return self.known.get(batch_size)

    def observe(self, job: Job, batch_size: int, power_limit: int, cost: float) -> None:
        self.observed.append((batch_size, power_limit, cost))
        self.known[batch_size] = max(power_limit, self.known.get(batch_size, 0))


def quiet(seed: int = 1) -> PruningGTSBatchSizeOptimizer:
    return PruningGTSBatchSizeOptimizer(seed=seed, verbose=False)


class RestatedPolicyTest(unittest.TestCase):
    @needs_traces
    def test_a_restatement_in_python_gives_the_same_history(self) -> None:
        for gpu, dataset, seed, window in [
                ("v100", "cifar100", 1, 0), ("v100", "librispeech", 2, 0), ("a40", "squad", 3, 0),
                ("p100", "movielens-1m", 4, 0), ("rtx6000", "sentiment140", 5, 0), ("v100", "imagenet", 6, 0),
                ("v100", "cifar100", 7, 5), ("a40", "librispeech", 8, 3)]:
            job = job_on(gpu, dataset)

            def run(policy: BatchSizeOptimizer) -> list[HistoryEntry]:
                simulator = Simulator(
                    TRAIN, power_trace(gpu), policy, JITPowerLimitOptimizer(verbose=False), seed=seed, verbose=False)
                return simulator.simulate_one_job(job, default_recurrences(gpu, job), 2.0, 0.5)

            built_in = PruningGTSBatchSizeOptimizer(seed=seed, window_size=window, verbose=False)
            self.assertEqual(run(RestatedPolicy(seed, window)), run(built_in), f"{gpu} {dataset} {window}")


class PythonPolicyTest(SmallTraces):
    def simulator(self, bso: BatchSizeOptimizer | None = None, plo: PowerLimitOptimizer | None = None,
                  **options: Any) -> Simulator:
        return Simulator(self.train, self.power, bso or quiet(), plo or JITPowerLimitOptimizer(verbose=False),
                         **{"seed": 1, "verbose": False, **options})

    def run_one(self, *args: Any, recurrences: int = 20, job: Job = SMALL_JOB, **options: Any) -> list[HistoryEntry]:
        return self.simulator(*args, **options).simulate_one_job(job, recurrences, 2.0, 0.5)

    def test_it_is_asked_and_told_in_turn(self) -> None:
        policy = Scripted(16, 64, 32)
        history = self.run_one(policy, recurrences=2)
        self.assertEqual([entry.bs for entry in history], [16, 64, 32])
        self.assertEqual([entry.reached for entry in history], [True, False, True])
        calls = policy.shared_calls
        self.assertEqual([call[0] for call in calls],
                         ["register", "predict", "observe", "predict", "observe", "predict", "observe"])
        self.assertEqual(calls[0][2], [8, 16, 32, 64])
        for call in calls:
            self.assertIs(call[1], SMALL_JOB)
        costs = [call[3] for call in calls if call[0] == "observe"]
        for cost, entry in zip(costs, history):
            self.assertAlmostEqual(cost, 0.5 * entry.energy + 0.5 * 200 * entry.time)
        self.assertEqual([call[4] for call in calls if call[0] == "observe"], [True, False, True])
        self.assertIsInstance(calls[2][4], bool)

    def test_a_power_limit_policy_of_ones_own_is_profiled_for_and_obeyed(self) -> None:
        policy = HighestLimit()
        history = self.run_one(Scripted(16, 32, 16), policy, recurrences=3)
        self.assertEqual([entry.pl for entry in history], [200, 200, 200])
        self.assertIsInstance(history[0].pl, int)
        self.assertEqual([call[:2] for call in policy.observed], [(16, 200), (16, 100), (32, 200), (32, 100)])
        self.assertAlmostEqual(policy.observed[0][2], (0.5 * 150 + 0.5 * 200) * 24)
        self.assertEqual(policy.known, {}, "the simulation worked on a copy")

    def test_built_in_policies_decide_alike_in_cpp_through_python_and_aloud(self) -> None:
        class Subclass(PruningGTSBatchSizeOptimizer):
            pass

        class LimitSubclass(JITPowerLimitOptimizer):
            pass

        expected = self.run_one(recurrences=60)
        self.assertEqual(self.run_one(Subclass(seed=1, verbose=False), LimitSubclass(verbose=False), recurrences=60),
                         expected)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            loud = self.run_one(PruningGTSBatchSizeOptimizer(seed=1), JITPowerLimitOptimizer(), recurrences=60,
                                verbose=True)
        self.assertEqual(loud, expected)
        for who in ("[Simulator]", "[Pruning GaussianTS BSO]", "[JITPSO]", "Recurrence: 60"):
            self.assertIn(who, said.getvalue())

    def test_a_simulation_leaves_its_policies_as_they_were(self) -> None:
        for make in (quiet, lambda: GTSBatchSizeOptimizer(True, num_exploration=2, seed=1, verbose=False),
                     lambda: RestatedPolicy(1)):
            simulator = self.simulator(make())
            first = simulator.simulate_one_job(SMALL_JOB, 40, 2.0, 0.5)
            self.assertEqual(simulator.simulate_one_job(SMALL_JOB, 40, 2.0, 0.5), first)

    def test_what_a_policy_had_learned_before_counts(self) -> None:
        policy = quiet()
        policy.register_job(SMALL_JOB, [64, 32, 16, 8])
        for _ in range(2):
            for batch_size in (16, 8, 32, 64):
                if batch_size == policy.predict(SMALL_JOB):
                    policy.observe(SMALL_JOB, batch_size, 1000 + batch_size, batch_size == 16)
        self.assertTrue(all(entry.bs == 16 for entry in self.run_one(policy)))

    def test_what_it_raises_arrives_as_it_was_raised(self) -> None:
        class OwnError(Exception):
            pass

        error = OwnError("no idea")

        def throw_from_deep_inside() -> None:
            raise error

        for method in ("register_job", "predict", "observe"):
            policy_class = type("Throwing", (Scripted,), {method: lambda *_: throw_from_deep_inside()})
            for simulate in (self.run_one, self.run_group):
                frames = []
                with self.subTest(method):
                    try:
                        simulate(policy_class())
                    except OwnError as caught:
                        self.assertIs(caught, error)
                        frames = [frame.name for frame in traceback.extract_tb(caught.__traceback__)]
                        error.__traceback__ = None
                    self.assertIn("throw_from_deep_inside", frames[-1:])
                    self.assertEqual(frames[0], "test_what_it_raises_arrives_as_it_was_raised")
        for method in ("predict", "observe"):
            limits = type("Throwing", (HighestLimit,), {method: lambda *_: throw_from_deep_inside()})
            with self.subTest(method), self.assertRaises(OwnError) as caught:
                self.run_one(quiet(), limits())
            self.assertIs(caught.exception, error)

    def run_group(self, bso: BatchSizeOptimizer | None = None, group: Any = GROUP) -> list[HistoryEntry]:
        return self.simulator(bso or PruningGTSBatchSizeOptimizer(concurrency=True, seed=1, verbose=False)
                              ).simulate_one_alibaba_group(SMALL_JOB, group, beta_knob=2.0, eta_knob=0.5)

    def test_a_policy_of_ones_own_lives_through_a_group(self) -> None:
        policy = Scripted(16, 32, 8)
        history = self.run_group(policy)
        self.assertEqual(sum(entry.reached for entry in history), 5)
        self.assertEqual(sum(call[0] == "observe" for call in policy.shared_calls), len(history))
        self.assertLess(sum(call[0] == "predict" for call in policy.shared_calls), 5, "overlapping ones do not ask")

    def test_a_wrong_answer_names_the_method(self) -> None:
        for answer, error, message in [
                ("32", TypeError, r"Scripted\.predict\(\): expected an int, not str"),
                (None, TypeError, r"Scripted\.predict\(\): expected an int, not NoneType"),
                (32.5, TypeError, r"Scripted\.predict\(\): expected an int, not float"),
                (2**70, ValueError, r"Scripted\.predict\(\): the number does not fit into 64 bits"),
                (48, ValueError, r"Scripted\.predict\(\): batch size 48 is not among those of the job: 8, 16, 32, 64"),
        ]:
            with self.subTest(answer), self.assertRaisesRegex(error, message):
                self.run_one(Scripted(16, answer))
        for answer, error in [("high", TypeError), (-5, ValueError), (float("nan"), ValueError), (125, ValueError)]:
            limits = type("Limits", (HighestLimit,), {"predict": lambda *_, answer=answer: answer})
            with self.subTest(answer), self.assertRaisesRegex(error, "power limit|Limits.predict"):
                self.run_one(quiet(), limits())
        forgetful = type("Forgetful", (HighestLimit,), {"predict": lambda *_: None})
        with self.assertRaisesRegex(RuntimeError, "Forgetful.*profiling again"):
            self.run_one(quiet(), forgetful())

    def test_a_subclass_that_forgets_its_base_is_told_so(self) -> None:
        class Forgets(PruningGTSBatchSizeOptimizer):
            def __init__(self) -> None:
                self.verbose = False

        class LimitForgets(JITPowerLimitOptimizer):
            def __init__(self) -> None:
                self.verbose = False

        with self.assertRaisesRegex(RuntimeError, r"Forgets: its __init__ did not call super\(\).__init__"):
            self.run_one(Forgets())
        with self.assertRaisesRegex(RuntimeError, r"LimitForgets: its __init__ did not call super\(\).__init__"):
            self.run_one(quiet(), LimitForgets())

    def test_a_default_that_misses_and_a_target_out_of_reach(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "default batch size 64"):
            self.run_one(Scripted(), job=Job("birds", "tiny", "sgd", 0.5, 20, 64))
        with self.assertRaisesRegex(RuntimeError, "20 tries"):
            self.run_one(Scripted(16, *[64] * 20), recurrences=2)
        said = io.StringIO()
        with contextlib.redirect_stdout(said), self.assertRaisesRegex(RuntimeError, "20 tries"):
            self.run_one(Scripted(16, *[64] * 20), recurrences=2, verbose=True)
        self.assertIn("try 20: batch size 64", said.getvalue(), "what led to the error is there to read")

    def test_two_simulations_call_python_side_by_side(self) -> None:
        meet = threading.Barrier(2, timeout=60)

        class Meets(PruningGTSBatchSizeOptimizer):
            def __deepcopy__(self, memo: dict[int, Any]) -> Meets:
                return self

            def predict(self, job: Job) -> int:
                meet.wait()  # Neither goes on before the other is here, too.
                return super().predict(job)

        histories: list[list[HistoryEntry]] = []

        def run() -> None:
            histories.append(self.run_one(Meets(seed=1, verbose=False), recurrences=30))

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(histories, [self.run_one(recurrences=30)] * 2)

    def test_python_runs_on_while_cpp_simulates_and_can_interrupt_it(self) -> None:
        rounds = 0

        def interrupt() -> None:
            nonlocal rounds
            begun.wait()
            for rounds in range(1, 21):
                time.sleep(0.01)  # Gives the GIL away: were C++ to hold it, there would be no next round.
            os.kill(os.getpid(), signal.SIGINT)

        begun = threading.Event()
        thread = threading.Thread(target=interrupt)
        thread.start()
        simulator = self.simulator()
        try:
            with self.assertRaises(KeyboardInterrupt):
                begun.set()
                simulator.simulate_one_job(SMALL_JOB, 30_000_000, 2.0, 0.5)  # Half a minute if nobody stops it.
        finally:
            thread.join()
        self.assertEqual(rounds, 20)


class BadInputTest(SmallTraces):
    def simulator(self, train: Any = None, power: Any = None, **options: Any) -> Simulator:
        return Simulator(
            self.train if train is None else train, self.power if power is None else power,
            **{"batch_size_optimizer": quiet(), "power_limit_optimizer": JITPowerLimitOptimizer(verbose=False),
               "seed": 1, "verbose": False, **options})

    def test_arguments_of_the_simulator(self) -> None:
        for options, error, message in [
                ({"batch_size_optimizer": JITPowerLimitOptimizer(verbose=False)}, TypeError, "batch_size_optimizer:"),
                ({"power_limit_optimizer": None}, TypeError, "power_limit_optimizer: .*NoneType"),
                ({"seed": "1"}, TypeError, "seed: expected an int, not str"),
                ({"seed": -1}, ValueError, "seed: expected 0 or more"),
                ({"verbose": "no"}, TypeError, "verbose: expected a bool, not str"),
                ({"train": 7}, TypeError, "summary_train: expected a pandas data frame or a path, not int"),
                ({"power": "nowhere.csv"}, FileNotFoundError, "nowhere.csv"),
        ]:
            with self.subTest(str(options)), self.assertRaisesRegex(error, message):
                self.simulator(**options)

    def test_traces_that_are_wrong_name_the_place(self) -> None:
        train, power = pd.read_csv(io.StringIO(SMALL_TRAIN)), pd.read_csv(io.StringIO(SMALL_POWER))
        with self.assertRaisesRegex(ValueError, "summary_train: missing columns? batch_size, run; there are: dataset"):
            self.simulator(train.drop(columns=["batch_size", "run"]))
        with self.assertRaisesRegex(ValueError, "summary_power: missing column average_power"):
            self.simulator(train, power.drop(columns="average_power"))
        with self.assertRaisesRegex(ValueError, "summary_power:3:.*time_per_epoch"):
            self.simulator(train, power.assign(time_per_epoch=[50, -1, 1, 1, 1, 1, 1, 1]))
        with self.assertRaisesRegex(ValueError, "summary_train.*no rows"):
            self.simulator(train.iloc[:0], power)
        with self.assertRaisesRegex(ValueError, "no .dataset, network"):
            self.simulator(train, power.assign(dataset="fish"))
        self.train.write_text(SMALL_TRAIN.replace("target_epoch", "epoch"))
        with self.assertRaisesRegex(ValueError, "summary_train.csv.*target_epoch"):
            self.simulator()

    def test_columns_may_stand_in_any_order_and_there_may_be_more(self) -> None:
        train, power = pd.read_csv(io.StringIO(SMALL_TRAIN)), pd.read_csv(io.StringIO(SMALL_POWER))
        expected = self.simulator().simulate_one_job(SMALL_JOB, 20, 2.0, 0.5)
        shuffled = self.simulator(train[train.columns[::-1]].assign(note="x"), power[power.columns[::-1]])
        self.assertEqual(shuffled.simulate_one_job(SMALL_JOB, 20, 2.0, 0.5), expected)

    def test_arguments_of_a_simulation(self) -> None:
        simulator = self.simulator()
        for change, error, message in [
                ({"job": "birds"}, TypeError, "job: expected a zeus.job.Job, not str"),
                ({"job": Job("fish", "tiny", "sgd", 0.5, 20, 16)}, ValueError, "no workload fish/tiny/sgd; they hold"),
                ({"job": Job("birds", "tiny", "sgd", 0.6, 20, 16)}, ValueError, "no target metric 0.6 .* they hold: 0.5"),
                ({"job": Job("birds", "tiny", "sgd", 0.5, 20, 17)}, ValueError, "no batch size 17"),
                ({"job": Job("birds", "tiny", "sgd", 0.5, 20)}, ValueError, "job.default_bs: "),
                ({"job": Job("birds", "tiny", "sgd", "0.5", 20, 16)}, TypeError, "job.target_metric: .*not str"),
                ({"job": Job("birds", "tiny", "sgd", 0.5, 2.5, 16)}, TypeError, "job.max_epochs: .*not float"),
                ({"job": Job("birds", "tiny", "sgd", 0.5, 0, 16)}, ValueError, "max_epochs is 0"),
                ({"job": Job("birds", "tiny", None, 0.5, 20, 16)}, TypeError, "job.optimizer: .*not NoneType"),
                ({"num_recurrence": 2.5}, TypeError, "num_recurrence: expected an int, not float"),
                ({"num_recurrence": -1}, ValueError, "num_recurrence: expected 0 or more, not -1"),
                ({"beta_knob": 0}, ValueError, "beta_knob: expected a number above 0"),
                ({"beta_knob": "2"}, TypeError, "beta_knob: expected a number, not str"),
                ({"eta_knob": 1.1}, ValueError, "eta_knob: expected a number from 0 to 1, not 1.1"),
                ({"eta_knob": float("nan")}, ValueError, "eta_knob: .*NaN"),
        ]:
            arguments: dict[str, Any] = {
                "job": SMALL_JOB, "num_recurrence": 3, "beta_knob": 2.0, "eta_knob": 0.5, **change}
            with self.subTest(str(change)), self.assertRaisesRegex(error, message):
                simulator.simulate_one_job(**arguments)
        self.assertEqual(simulator.simulate_one_job(SMALL_JOB, 0, 2.0, 0.5), [])

    def test_groups_that_are_wrong(self) -> None:
        for group, error, message in [
                (GROUP.drop(columns="end_time"), ValueError, "group_df: missing column end_time"),
                (GROUP.assign(group=list("aabbb")), ValueError, "group_df: expected the rows of one group, found 2"),
                (GROUP.assign(end_time=-1.0), ValueError, "group_df:2:.*end_time"),
                (GROUP.iloc[:0], ValueError, "group_df.*no rows"),
                ("groups.csv", TypeError, "group_df: expected a pandas data frame, not str"),
        ]:
            with self.subTest(message), self.assertRaisesRegex(error, message):
                self.simulator().simulate_one_alibaba_group(SMALL_JOB, group, 2.0, 0.5)


if __name__ == "__main__":
    unittest.main()
