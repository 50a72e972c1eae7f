"""The bandit behind the batch-size policies."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence

from zeus import _core
from zeus._arguments import flag, integer, number

__all__ = ["GaussianTS"]


class GaussianTS:
    """A multi-armed bandit with Gaussian rewards, by Thompson sampling.

    An arm's rewards are taken as draws of a normal distribution of known precision (1 / variance), whose mean has a
    conjugate, normal belief. The random stream is NumPy's `default_rng(seed)`, draw for draw. Not for several threads
    at once. Source: Zeus (NSDI'23), section 4.3, algorithms 1 and 2.

    Attributes:
        arms: The arms, in the order in which they are sampled.
        arm_reward_prec: Each arm's reward precision; may be set, and then counts from the next `fit_arm` on.
        arm_param_mean: The mean of the belief about each arm's mean reward.
        arm_param_prec: The precision of that belief; 0 knows nothing, infinity is certain.
        arm_num_observations: How many rewards each arm was fitted to.
    """

    def __init__(
        self,
        arms: list[int],
        reward_precision: list[float] | float,
        prior_mean: float = 0.0,
        prior_precision: float = 0.0,
        num_exploration: int = 1,
        seed: int = 123456,
        verbose: bool = True,
    ) -> None:
        """Makes a bandit that has seen no reward.

        Args:
            arms: The arms, each once.
            reward_precision: Of all arms, or a list with one for each.
            prior_mean: Mean of the belief about an arm before any reward.
            prior_precision: Precision of that belief.
            num_exploration: An arm with fewer rewards than this is pulled before any is sampled.
            seed: Of the random stream.
            verbose: Prints what was sampled.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: No arms, or not as many reward precisions as arms.
        """
        self.name = "GaussianTS"
        self.arms = [integer(f"arms[{i}]", arm) for i, arm in enumerate(arms)]
        if not self.arms or len(set(self.arms)) < len(self.arms):
            raise ValueError(f"arms: expected at least one, and each once, not {self.arms}")
        self.prior_mean = number("prior_mean", prior_mean)
        self.prior_prec = number("prior_precision", prior_precision)
        self.num_exploration = integer("num_exploration", num_exploration, least=0)
        self.seed = integer("seed", seed, least=0)
        self.verbose = flag("verbose", verbose)
        self.rng = _core.NumpyGenerator(self.seed)
        if isinstance(reward_precision, Sequence):
            if len(reward_precision) != len(self.arms):
                raise ValueError(
                    f"reward_precision: expected one for each of {len(self.arms)} arms, found {len(reward_precision)}")
            precisions = [number(f"reward_precision[{i}]", each) for i, each in enumerate(reward_precision)]
        else:
            precisions = [number("reward_precision", reward_precision)] * len(self.arms)
        self.arm_reward_prec = dict(zip(self.arms, precisions, strict=True))
        self.arm_param_mean = dict.fromkeys(self.arms, self.prior_mean)
        self.arm_param_prec = dict.fromkeys(self.arms, self.prior_prec)
        self.arm_num_observations = dict.fromkeys(self.arms, 0)

    def fit(self, decisions: Iterable[int], rewards: Iterable[float], reset: bool) -> None:
        """Fits every arm to the rewards that it gave.

        Args:
            decisions: The arms that were pulled.
            rewards: What each pull gave; as many.
            reset: Forgets what was fitted before, of all arms.

        Raises:
            ValueError: There is no such arm, or not one reward for each decision.
        """
        pulled = list(decisions)
        given = [number(f"rewards[{i}]", reward) for i, reward in enumerate(rewards)]
        if len(pulled) != len(given):
            raise ValueError(f"rewards: expected one for each of {len(pulled)} decisions, found {len(given)}")
        of_arm: dict[int, list[float]] = {arm: [] for arm in self.arms}
        for arm, reward in zip(pulled, given, strict=True):
            self._check_arm(arm)
            of_arm[arm].append(reward)
        for arm, its_rewards in of_arm.items():
            self.fit_arm(arm, its_rewards, reset)

    def fit_arm(self, arm: int, rewards: Iterable[float], reset: bool) -> None:
        """Fits one arm to rewards that it gave.

        Args:
            arm: The arm.
            rewards: What pulling it gave; none changes nothing but for `reset`.
            reset: Forgets what the arm was fitted to before.

        Raises:
            ValueError: There is no such arm.
        """
        self._check_arm(arm)
        if reset:
            self.arm_param_mean[arm] = self.prior_mean
            self.arm_param_prec[arm] = self.prior_prec
            self.arm_num_observations[arm] = 0
        mean, precision, count = _core.posterior(
            self.arm_param_mean[arm], self.arm_param_prec[arm], float(self.arm_reward_prec[arm]), rewards)
        self.arm_param_mean[arm] = mean
        self.arm_param_prec[arm] = precision
        self.arm_num_observations[arm] += count

    def predict(self) -> int:
        """The arm to pull: a random one that was observed too rarely, else the one whose sampled mean is largest."""
        # The permutation is drawn at every prediction, needed or not: the published stream of draws has it.
        for position in self.rng.permutation(len(self.arms)):
            arm = self.arms[position]
            if self.arm_num_observations[arm] < self.num_exploration:
                if self.verbose:
                    print(f"[{self.name}] arm {arm} has too few observations and is pulled")
                return arm
        samples = self.predict_expectations()
        if self.verbose:
            for arm, sample in samples.items():
                print(f"[{self.name}] arm {arm}: mean {self.arm_param_mean[arm]:.2f}, "
                      f"precision {self.arm_param_prec[arm]:.3g}, sampled {sample:.2f}")
        return max(samples, key=samples.__getitem__)

    def predict_expectations(self) -> dict[int, float]:
        """Samples each arm's mean reward from the belief about it; warns of an arm about which nothing was learned."""
        samples = {}
        for arm in self.arms:
            precision = self.arm_param_prec[arm]
            if precision == self.prior_prec:
                warnings.warn(f"arm {arm} is sampled from its prior: it has no observations", stacklevel=2)
            deviation = math.sqrt(1 / precision) if precision > 0 else math.inf
            samples[arm] = self.rng.normal(self.arm_param_mean[arm], deviation)
        return samples

    def _check_arm(self, arm: int) -> None:
        if arm not in self.arm_reward_prec:
            raise ValueError(f"arm: {arm!r} is not among {self.arms}")
