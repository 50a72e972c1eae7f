#!/usr/bin/env python3
"""Writes a corpus of short dated texts with a sentiment, whose language changes half-way.

At first every text is plain: its words say what it means. From the middle on a share of the texts is negated, by the
word "not": their words say the opposite. Plain texts are learned in a few steps; negation takes many. The corpus is CSV
in the columns of Sentiment140, one day after the other, and the same for the same seed.

usage: make_corpus.py FILE [--days N] [--texts N] [--negated SHARE] [--seed N]
"""

import argparse
import csv
import datetime
import pathlib
import random

FIRST_DAY = datetime.datetime(2009, 5, 1)
WORDS = 6
TELLING = 0.5  # The share of words that have to do with the sentiment,
FITTING = 0.95  # and of those, the share that fit it.
GOOD = [f"good{i}" for i in range(20)]
BAD = [f"bad{i}" for i in range(20)]
OTHER = [f"word{i}" for i in range(300)]


def text_of(is_good, is_negated, generator):
    """What somebody writes who means it so."""
    words = ["not"] if is_negated else []
    for _ in range(WORDS):
        if generator.random() >= TELLING:
            words.append(generator.choice(OTHER))
            continue
        fits = generator.random() < FITTING
        # A good mood is a good word, or a bad one that is negated.
        words.append(generator.choice(GOOD if (is_good == fits) != is_negated else BAD))
    return " ".join(words)


def rows(days, texts, negated, generator):
    number = 0
    for day in range(days):
        share = negated if day >= days // 2 else 0.0
        for i in range(texts):
            moment = FIRST_DAY + datetime.timedelta(days=day, seconds=i * 86400 // texts)
            is_good = generator.random() < 0.5
            is_negated = generator.random() < share
            yield ["4" if is_good else "0", str(number), moment.strftime("%a %b %d %H:%M:%S PDT %Y"), "NO_QUERY", "somebody",
                   text_of(is_good, is_negated, generator)]
            number += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--days", type=int, default=24, help="how many days [24]")
    parser.add_argument("--texts", type=int, default=3000, help="how many texts a day [3000]")
    parser.add_argument("--negated", type=float, default=0.15, help="share of negated texts in the second half [0.15]")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.days < 2 or arguments.texts < 1 or not 0 <= arguments.negated <= 1:
        parser.error("expected 2 days or more, a text a day or more, and a share from 0 to 1")
    with open(arguments.file, "w", encoding="latin-1", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
            rows(arguments.days, arguments.texts, arguments.negated, random.Random(arguments.seed)))


if __name__ == "__main__":
    main()
