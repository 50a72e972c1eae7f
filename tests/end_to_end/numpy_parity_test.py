#!/usr/bin/python3
"""Compares the library's random numbers with NumPy's own, draw for draw and bit for bit.

usage: numpy_parity_test.py NUMPY_STREAM

NUMPY_STREAM is the program of tests/support/numpy_stream.cc. Exits 77, which the test runner counts as skipped, where
NumPy cannot be imported.
"""

import random
import subprocess
import sys

SKIPPED = 77

try:
    import numpy as np
except ImportError as error:
    print(f"skipped: NumPy cannot be imported: {error}")
    sys.exit(SKIPPED)

NAMED_SEEDS = [0, 1, 2**32 - 1, 2**32, 2**64 - 1]
RANDOM_SEEDS = 100
MILLION_SEED = 1
# Ends of ranges, both inclusive from 0: around powers of two, where the rejection step works hardest, and past 32 bits.
MAXIMA = [0, 1, 2, 6, 9, 255, 10**6, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1, 2**32, 2**33 + 1, 3 * 2**61, 2**63 - 1,
          2**63, 2**64 - 2, 2**64 - 1]
# Populations at which NumPy changes its way of choosing: more than 10000, and more than a fiftieth of them.
LARGE_CHOICES = [(100, 60), (1000, 3), (1025, 1025), (10000, 10000), (10001, 200), (10001, 201), (10001, 10001),
                 (20000, 400), (20000, 401), (1000000, 5), (1000000, 20001)]


class Expectations:
    """Commands for the program, and beside each the line that it must answer."""

    def __init__(self):
        self.commands = []
        self.answers = []
        self.generator = None
        self.seed = None

    def _add(self, command, answer):
        self.commands.append(command)
        self.answers.append((self.seed, answer))

    def start(self, seed):
        self.seed = seed
        self.generator = np.random.default_rng(seed)
        self._add(f"seed {seed}", "")

    def state(self):
        state = self.generator.bit_generator.state
        words = [state["state"]["state"], state["state"]["inc"], state["has_uint32"], state["uinteger"]]
        self._add("state", " ".join(map(str, words)))

    def uint64(self, count):
        # The full 64-bit range is raw draws.
        draws = self.generator.integers(0, 2**64 - 1, size=count, dtype=np.uint64, endpoint=True)
        self._add(f"uint64 {count}", " ".join(map(str, draws.tolist())))

    def uint32(self, count):
        # One by one: NumPy draws an array of 32-bit numbers in its own way.
        draws = [int(self.generator.integers(0, 2**32 - 1, dtype=np.uint64, endpoint=True)) for _ in range(count)]
        self._add(f"uint32 {count}", " ".join(map(str, draws)))

    def bounded(self, maximum, count):
        draws = [int(self.generator.integers(0, maximum, dtype=np.uint64, endpoint=True)) for _ in range(count)]
        self._add(f"bounded {maximum} {count}", " ".join(map(str, draws)))

    def choice(self, population, size):
        chosen = self.generator.choice(population, size, replace=False)
        self._add(f"choice {population} {size}", " ".join(map(str, chosen.tolist())))

    def double(self, count):
        draws = self.generator.random(count)
        self._add(f"double {count}", " ".join(x.hex() for x in draws.tolist()))

    def normal(self, count):
        draws = self.generator.standard_normal(count)
        self._add(f"normal {count}", " ".join(x.hex() for x in draws.tolist()))


def same(found, expected):
    """Whether two answers hold the same numbers; hexadecimal floats may be written in more than one way."""
    if found.split() == expected.split():
        return True
    if "p" not in expected:
        return False
    return [float.fromhex(word) for word in found.split()] == [float.fromhex(word) for word in expected.split()]


def make_expectations():
    expectations = Expectations()
    chooser = random.Random(20240229)
    seeds = NAMED_SEEDS + [chooser.getrandbits(chooser.choice([16, 32, 48, 64])) for _ in range(RANDOM_SEEDS)]
    for seed in seeds:
        expectations.start(seed)
        expectations.state()
        expectations.uint64(20)
        expectations.uint32(21)  # An odd number leaves half of a draw waiting for what comes next.
        expectations.double(20)
        for maximum in MAXIMA:
            expectations.bounded(maximum, 20)
        for size in range(1, 61):
            expectations.choice(size, size)
        expectations.state()
        expectations.normal(1000000 if seed == MILLION_SEED else 2000)
        expectations.state()
    for seed in NAMED_SEEDS:
        expectations.start(seed)
        for population, size in LARGE_CHOICES:
            expectations.choice(population, size)
        for size in range(1, 61):
            expectations.choice(60, size)
        expectations.state()
    return expectations


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    expectations = make_expectations()
    program = subprocess.run([sys.argv[1]], input="\n".join(expectations.commands) + "\n", text=True,
                             stdout=subprocess.PIPE, check=True)
    found = program.stdout.split("\n")[:-1]
    if len(found) != len(expectations.commands):
        print(f"{len(found)} answers to {len(expectations.commands)} commands", file=sys.stderr)
        return 1
    wrong = 0
    for command, (seed, expected), answer in zip(expectations.commands, expectations.answers, found):
        if same(answer, expected):
            continue
        wrong += 1
        if wrong <= 10:
            print(f"seed {seed}, {command}: NumPy gives {expected[:200]}, the library {answer[:200]}", file=sys.stderr)
    print(f"{len(found)} commands compared with NumPy {np.__version__}, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
