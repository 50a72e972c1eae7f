#!/usr/bin/env python3
"""Writes a small set of pictures in CIFAR-100's binary format: train.bin and test.bin.

Each class is a grating of its own direction, width and colour, under noise, so that a small network learns it in a few
epochs. The same for the same seed.

usage: make_cifar100.py FOLDER [--train N] [--test N] [--classes N] [--seed N]
"""

import argparse
import math
import pathlib
import random

SIDE = 32


def picture(label, generator):
    """3074 bytes: coarse label, label, red, green and blue plane."""
    angle = math.pi * (label * 0.618 % 1)
    width = 0.5 + 0.5 * (label * 0.382 % 1)
    colour = [math.cos(label * 2.4 + channel * 2.1) for channel in range(3)]
    phase = generator.uniform(0, 2 * math.pi)
    waves = [math.sin(width * (x * math.cos(angle) + y * math.sin(angle)) + phase)
             for y in range(SIDE) for x in range(SIDE)]
    planes = bytearray()
    for strength in colour:
        for wave in waves:
            planes.append(max(0, min(255, round(128 + 50 * strength * (1 + wave) + generator.gauss(0, 40)))))
    return bytes([label // 5, label]) + planes


def write(path, count, classes, generator):
    with open(path, "wb") as file:
        for _ in range(count):
            file.write(picture(generator.randrange(classes), generator))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--train", type=int, default=1024, help="pictures to train on [1024]")
    parser.add_argument("--test", type=int, default=256, help="pictures to validate on [256]")
    parser.add_argument("--classes", type=int, default=10, help="how many of the 100 labels appear [10]")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if not 1 <= arguments.classes <= 100 or arguments.train < 1 or arguments.test < 1:
        parser.error("expected 1 to 100 classes, and a picture or more to train on and to validate on")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    generator = random.Random(arguments.seed)
    write(arguments.folder / "train.bin", arguments.train, arguments.classes, generator)
    write(arguments.folder / "test.bin", arguments.test, arguments.classes, generator)


if __name__ == "__main__":
    main()
