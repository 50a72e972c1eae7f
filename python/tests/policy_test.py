"""The policies' own interface: what is asked, told and refused, and that the numbers are NumPy's."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import math
import unittest
import warnings
from typing import Any

import numpy as np
from shared_traces import GOLDEN, needs_golden

import zeus.policy
from zeus.job import Job
from zeus.policy import (
    BatchSizeOptimizer,
    JITPowerLimitOptimizer,
    PowerLimitOptimizer,
    PruningGTSBatchSizeOptimizer,
)
from zeus.policy.mab import GaussianTS
from zeus.policy.optimizer import GTSBatchSizeOptimizer, PruningExploreManager

JOB = Job("birds", "tiny", "sgd", 0.5, 20, 16, 0.1)
OTHER = Job("birds", "tiny", "sgd", 0.75, 20, 16, 0.1)


class InterfaceTest(unittest.TestCase):
    def test_what_is_published_can_be_imported_and_subclassed(self) -> None:
        for built_in in (PruningGTSBatchSizeOptimizer, GTSBatchSizeOptimizer):
            self.assertTrue(issubclass(built_in, BatchSizeOptimizer))
        self.assertTrue(issubclass(JITPowerLimitOptimizer, PowerLimitOptimizer))
        for interface in (BatchSizeOptimizer, PowerLimitOptimizer):
            with self.assertRaisesRegex(TypeError, "abstract"):
                interface()  # type: ignore[abstract]
        self.assertEqual(PruningGTSBatchSizeOptimizer(verbose=False).seed, 123456)
        self.assertIn("PruningGTSBatchSizeOptimizer", zeus.policy.__all__)


class PruningExploreManagerTest(unittest.TestCase):
    @needs_golden
    def test_the_published_cases(self) -> None:
        golden = json.loads((GOLDEN / "pruning_cases.json").read_text())
        self.assertEqual(len(golden["cases"]), 5)
        for case in golden["cases"]:
            manager = PruningExploreManager(golden["batch_sizes"], case["default"], golden["rounds"])
            for batch_size, cost, reached in case["steps"]:
                self.assertEqual(manager.next_batch_size(), batch_size)
                manager.report_batch_size_result(batch_size, cost, bool(reached))
            with self.assertRaises(StopIteration) as over:
                manager.next_batch_size()
            self.assertEqual(over.exception.value, case["survivors"])

    def test_wrong_orders_and_arguments(self) -> None:
        with self.assertRaisesRegex(ValueError, "32"):
            PruningExploreManager([8, 16], 32)
        with self.assertRaisesRegex(TypeError, r"batch_sizes\[1\]: expected an int, not str"):
            PruningExploreManager([8, "16"], 8)  # type: ignore[list-item]
        with self.assertRaisesRegex(TypeError, "batch_sizes: expected a list of int, not int"):
            PruningExploreManager(8, 8)  # type: ignore[arg-type]
        with self.assertRaisesRegex(ValueError, "num_pruning_rounds"):
            PruningExploreManager([8, 16], 8, 0)
        manager = PruningExploreManager([16, 8], 16)
        self.assertEqual((manager.expecting, manager.batch_sizes, manager.default), (16, [8, 16], 16))
        self.assertEqual(manager.next_batch_size(), 16)
        with self.assertRaises(RuntimeError):
            manager.report_batch_size_result(8, 1.0, True)
        with self.assertRaisesRegex(TypeError, "cost: expected a number, not str"):
            manager.report_batch_size_result(16, "1", True)  # type: ignore[arg-type]
        manager.report_batch_size_result(16, 1.0, True)
        self.assertEqual(manager.next_batch_size(), 8)


class PruningGTSBatchSizeOptimizerTest(unittest.TestCase):
    def explored(self, **options: Any) -> PruningGTSBatchSizeOptimizer:
        policy = PruningGTSBatchSizeOptimizer(seed=3, verbose=False, **options)
        policy.register_job(JOB, [32, 16, 8])
        for cost in (30, 20, 40, 22, 31, 41):
            policy.observe(JOB, policy.predict(JOB), cost, True)
        return policy

    def test_it_explores_then_samples_as_numpy_would(self) -> None:
        policy = self.explored()
        rng = np.random.default_rng(3)
        rewards = {8: [-20.0, -22.0], 16: [-30.0, -31.0], 32: [-40.0, -41.0]}
        for _ in range(50):
            rng.choice([8, 16, 32], 3, replace=False)
            samples = {
                arm: rng.normal(np.mean(of_arm), 1 / np.sqrt(len(of_arm) / np.var(of_arm)))
                for arm, of_arm in rewards.items()}
            expected = max(samples, key=samples.__getitem__)
            self.assertEqual(policy.predict(JOB), expected)
            policy.observe(JOB, expected, 25.0 + expected)
            rewards[expected].append(-25.0 - expected)

    def test_a_prior_counts(self) -> None:
        policy = self.explored(prior_mean=-25.0, prior_precision=3.0)
        rng = np.random.default_rng(3)
        rewards = {8: [-20.0, -22.0], 16: [-30.0, -31.0], 32: [-40.0, -41.0]}
        means, precisions = {}, {}
        for arm, of_arm in rewards.items():
            of_reward = 1 / np.var(of_arm)
            precisions[arm] = 3.0 + 2 * of_reward
            means[arm] = (3.0 * -25.0 + of_reward * sum(of_arm)) / precisions[arm]
        for _ in range(50):
            rng.choice([8, 16, 32], 3, replace=False)
            samples = {arm: rng.normal(means[arm], 1 / np.sqrt(precisions[arm])) for arm in rewards}
            self.assertEqual(policy.predict(JOB), max(samples, key=samples.__getitem__))

    def test_copies_go_their_own_ways(self) -> None:
        policy = self.explored()
        twin = copy.deepcopy(policy)
        self.assertEqual([policy.predict(JOB) for _ in range(30)], [twin.predict(JOB) for _ in range(30)])
        policy.register_job(OTHER, [16])
        with self.assertRaisesRegex(RuntimeError, "never registered"):
            twin.predict(OTHER)

    def test_registering_again_keeps_what_was_learned(self) -> None:
        policy = self.explored()
        twin = copy.deepcopy(policy)
        policy.register_job(JOB, [8, 16, 32])
        self.assertEqual(policy.predict(JOB), twin.predict(JOB))
        with self.assertRaisesRegex(ValueError, "registered before"):
            policy.register_job(JOB, [8, 16])

    def test_no_survivors(self) -> None:
        policy = PruningGTSBatchSizeOptimizer(verbose=False)
        policy.register_job(JOB, [16])
        policy.observe(JOB, policy.predict(JOB), 1.0, False)
        with self.assertRaisesRegex(ValueError, "no batch size"):
            policy.predict(JOB)

    def test_results_out_of_order(self) -> None:
        strict = PruningGTSBatchSizeOptimizer(verbose=False)
        lenient = PruningGTSBatchSizeOptimizer(concurrency=True, verbose=False)
        for policy in (strict, lenient):
            policy.register_job(JOB, [8, 16])
            self.assertEqual(policy.predict(JOB), 16)
        with self.assertRaises(RuntimeError):
            strict.observe(JOB, 8, 1.0, True)
        lenient.observe(JOB, 8, 1.0, True)
        lenient.observe(JOB, 16, 1.0, True)
        self.assertEqual(lenient.predict(JOB), 8)

    def test_what_is_refused(self) -> None:
        policy = PruningGTSBatchSizeOptimizer(verbose=False)
        with self.assertRaisesRegex(RuntimeError, "never registered"):
            policy.predict(JOB)
        with self.assertRaisesRegex(ValueError, "job.default_bs"):
            policy.register_job(Job("birds", "tiny", "sgd", 0.5, 20), [8])
        with self.assertRaisesRegex(ValueError, "16 is not among"):
            policy.register_job(JOB, [8])
        for batch_sizes, error in [([], ValueError), ([16, 16], ValueError), ([0, 16], ValueError),
                                   ("16", TypeError), (16, TypeError), ([16.5], TypeError)]:
            with self.subTest(batch_sizes), self.assertRaises(error):
                policy.register_job(JOB, batch_sizes)  # type: ignore[arg-type]
        policy.register_job(JOB, np.array([8, 16]))  # type: ignore[arg-type]
        policy.predict(JOB)
        for arguments, error, message in [
                ((JOB, 17, 1.0, True), ValueError, "17"), ((JOB, 16, -1.0, True), ValueError, "-1"),
                ((JOB, 16, math.nan, True), ValueError, "nan"), ((JOB, "16", 1.0, True), TypeError, "batch_size: "),
                ((JOB, 16, "1", True), TypeError, "cost: "), ((JOB, 16, 1.0, None), ValueError, "converged: "),
                (("birds", 16, 1.0, True), TypeError, "job: expected a zeus.job.Job, not str")]:
            with self.subTest(str(arguments)), self.assertRaisesRegex(error, message):
                policy.observe(*arguments)  # type: ignore[arg-type]
        for options, error, message in [
                ({"seed": -1}, ValueError, "seed: "), ({"seed": 1.5}, TypeError, "seed: "),
                ({"window_size": -1}, ValueError, "window_size: "), ({"prior_mean": "0"}, TypeError, "prior_mean: "),
                ({"prior_precision": math.inf}, ValueError, "prior_precision: "),
                ({"concurrency": 1}, TypeError, "concurrency: ")]:
            with self.subTest(str(options)), self.assertRaisesRegex(error, message):
                PruningGTSBatchSizeOptimizer(verbose=False, **options)


class GTSBatchSizeOptimizerTest(unittest.TestCase):
    def test_each_batch_size_first_then_the_best(self) -> None:
        policy = GTSBatchSizeOptimizer(True, num_exploration=2, seed=1, verbose=False)
        job = Job("birds", "tiny", "sgd", 0.5, 20)  # Needs no default.
        policy.register_job(job, [8, 16, 32])
        seen = []
        for _ in range(6):
            seen.append(policy.predict(job))
            policy.observe(job, seen[-1], 100.0 if seen[-1] == 16 else 200.0 + len(seen))
        self.assertEqual(sorted(seen), [8, 8, 16, 16, 32, 32])
        self.assertEqual({policy.predict(job) for _ in range(20)}, {16})

    def test_it_says_what_it_does_unless_told_not_to(self) -> None:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            policy = GTSBatchSizeOptimizer(False, reward_precision=1.0)
            policy.register_job(JOB, [16])
            policy.observe(JOB, policy.predict(JOB), 5.0, True)
        self.assertEqual(said.getvalue().count("[GaussianTS BSO] "), 3)


class JITPowerLimitOptimizerTest(unittest.TestCase):
    def test_the_cheapest_and_of_equals_the_first(self) -> None:
        policy = JITPowerLimitOptimizer(verbose=False)
        self.assertIsNone(policy.predict(JOB, 16))
        for limit, cost in [(300, 9.0), (250, 7.0), (200, 7.0), (150, 8.0)]:
            policy.observe(JOB, 16, limit, cost)
        self.assertEqual(policy.predict(JOB, 16), 250)
        self.assertIsInstance(policy.predict(JOB, 16), int)
        self.assertIsNone(policy.predict(JOB, 8))
        self.assertIsNone(policy.predict(OTHER, 16))
        twin = copy.deepcopy(policy)
        policy.observe(JOB, 16, 100, 1.0)
        self.assertEqual((policy.predict(JOB, 16), twin.predict(JOB, 16)), (100, 250))

    def test_what_is_refused(self) -> None:
        policy = JITPowerLimitOptimizer(verbose=False)
        for arguments, error, message in [
                ((JOB, 16, "200", 1.0), TypeError, "power_limit: "), ((JOB, 16, 200, -1.0), ValueError, "-1"),
                ((JOB, 16, 200, None), TypeError, "cost: "), ((JOB, None, 200, 1.0), TypeError, "batch_size: ")]:
            with self.subTest(str(arguments)), self.assertRaisesRegex(error, message):
                policy.observe(*arguments)  # type: ignore[arg-type]
        self.assertIsNone(policy.predict(JOB, 16))


class GaussianTSTest(unittest.TestCase):
    def test_it_draws_what_numpy_draws(self) -> None:
        arms = [64, 8, 16, 32]  # The order counts.
        bandit = GaussianTS(arms, [1.0, 2.0, 0.5, 4.0], prior_mean=-1.0, prior_precision=0.25, seed=5, verbose=False)
        rng = np.random.default_rng(5)
        explored = []
        for _ in arms:
            permutation = rng.choice(arms, len(arms), replace=False)
            expected = next(arm for arm in permutation if arm not in explored)
            self.assertEqual(bandit.predict(), expected)
            bandit.fit([int(expected)], [-float(expected)], reset=False)
            explored.append(expected)
        for arm, reward_precision in zip(arms, [1.0, 2.0, 0.5, 4.0]):
            self.assertAlmostEqual(bandit.arm_param_prec[arm], 0.25 + reward_precision)
            self.assertAlmostEqual(
                bandit.arm_param_mean[arm], (0.25 * -1 + reward_precision * -arm) / (0.25 + reward_precision))
            self.assertEqual(bandit.arm_num_observations[arm], 1)
        for _ in range(50):
            rng.choice(arms, len(arms), replace=False)
            samples = {arm: rng.normal(bandit.arm_param_mean[arm], np.sqrt(1 / bandit.arm_param_prec[arm]))
                       for arm in arms}
            self.assertEqual(bandit.predict(), max(samples, key=samples.__getitem__))

    def test_fitting_forgets_only_when_told_to(self) -> None:
        bandit = GaussianTS([1, 2], 1.0, seed=1, verbose=False)
        bandit.fit(np.array([1, 2, 1]), np.array([3.0, 4.0, 5.0]), reset=True)
        self.assertEqual((bandit.arm_param_mean, bandit.arm_param_prec), ({1: 4.0, 2: 4.0}, {1: 2.0, 2: 1.0}))
        bandit.fit_arm(1, [10.0, 10.0], reset=False)
        self.assertEqual((bandit.arm_param_mean[1], bandit.arm_num_observations[1]), (7.0, 4))
        bandit.fit_arm(1, [], reset=True)
        self.assertEqual((bandit.arm_param_prec[1], bandit.arm_num_observations[1]), (0.0, 0))
        bandit.arm_reward_prec[2] = math.inf
        bandit.fit_arm(2, [6.0, 8.0], reset=True)
        self.assertEqual((bandit.arm_param_mean[2], bandit.arm_param_prec[2]), (7.0, math.inf))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            samples = bandit.predict_expectations()
        self.assertEqual(samples[2], 7.0)
        self.assertRegex(str(caught[0].message), "arm 1")

    def test_what_is_refused(self) -> None:
        for arguments, error, message in [
                (([], 1.0), ValueError, "arms: "), (([1, 1], 1.0), ValueError, "arms: "),
                (([1, "2"], 1.0), TypeError, r"arms\[1\]: "), (([1, 2], [1.0]), ValueError, "reward_precision: "),
                (([1, 2], "1"), (TypeError, ValueError), "reward_precision"),
                (([1, 2], None), TypeError, "reward_precision: ")]:
            with self.subTest(str(arguments)), self.assertRaisesRegex(error, message):
                GaussianTS(*arguments, verbose=False)  # type: ignore[arg-type]
        bandit = GaussianTS([1, 2], 1.0, verbose=False)
        with self.assertRaisesRegex(ValueError, "rewards: expected one for each of 2 decisions, found 1"):
            bandit.fit([1, 2], [1.0], reset=False)
        with self.assertRaisesRegex(ValueError, "arm: 3 is not among"):
            bandit.fit([3], [1.0], reset=False)
        with self.assertRaisesRegex(TypeError, r"rewards\[0\]: "):
            bandit.fit([1], ["x"], reset=False)  # type: ignore[list-item]


if __name__ == "__main__":
    unittest.main()
