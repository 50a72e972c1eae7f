"""A training script without a framework: behaves like a session, and its numbers follow from its arguments alone.

usage: toy_training.py BATCH_SIZE SEED [noise] [hold]

Reads the ZEUS_ variables, profiles power limits where there is no profile, honours the cost threshold as the simulator
does, and writes its files whole. With `noise`, energy depends on the seed, too. With `hold`, it really
borrows the GPU's power limit, by the program that ZEUS_HOLD_POWER_LIMIT names. TOY in the environment makes it
misbehave: "hang", "fail", "nothing" (writes no result), "damage", "grandchild" (hangs beside two more processes),
"hold_and_hang" (hangs once the limit is borrowed), "slow" (takes 50 ms), "raise" (ends with exit code 1 when stopped by cost); after an "@" only in the try of that name.
"""

import json
import math
import os
import subprocess
import sys
import time

MAX_POWER = 250.0  # The largest limit of the emulated GPU, which is one V100.
MAX_EPOCHS = 20
# By batch size: epochs until the target is reached, if ever; by power limit in W the seconds and watts of an epoch.
WORLD = {
    8: (9, {100: (50.0, 80.0), 150: (42.0, 110.0), 250: (40.0, 160.0)}),
    16: (7, {100: (36.0, 90.0), 150: (30.0, 125.0), 250: (27.0, 190.0)}),
    32: (8, {100: (25.0, 95.0), 150: (20.0, 140.0), 250: (16.0, 215.0)}),
    64: (11, {100: (20.0, 98.0), 150: (15.0, 146.0), 250: (12.0, 240.0)}),
    128: (None, {100: (18.0, 99.0), 150: (13.0, 149.0), 250: (10.0, 249.0)}),
}


def write_whole(path, content):
    part = f"{path}.{os.getpid()}.part"
    with open(part, "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(part, path)


def read_profile(path, job_id, eta, limits):
    """The best limit of the profile, which is made where there is none; and whether it was made."""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            return json.load(file)["optimal_pl"] // 1000, False
    costs = {limit: (eta * power + (1 - eta) * MAX_POWER) / (1 / seconds)
             for limit, (seconds, power) in sorted(limits.items(), reverse=True)}
    best = min(costs, key=costs.get)
    write_whole(path, {
        "job_id": job_id,
        "train_power": {str(1000 * limit): power for limit, (_, power) in limits.items()},
        "train_throughput": {str(1000 * limit): 1 / seconds for limit, (seconds, _) in limits.items()},
        "eval_power": {}, "eval_throughput": {}, "optimal_pl": 1000 * best})
    return best, True


def train(batch_size, eta, threshold, limit, profiled):
    """Energy, time, epochs, whether reached: docs/simulation.md, "One try"."""
    target, limits = WORLD[batch_size]
    seconds, power = limits[limit]
    bound = MAX_EPOCHS
    if not math.isinf(threshold):
        bound = min(threshold // ((eta * power + (1 - eta) * max(limits)) * seconds), MAX_EPOCHS)
    if bound <= 0:
        return 0.0, 0.0, 0, False
    reached = target is not None and target <= bound
    epochs = float(target if reached else bound)
    energy, time_s, left = 0.0, 0.0, epochs
    if profiled:
        for each_seconds, each_power in (limits[each] for each in sorted(limits)):
            energy += each_seconds * each_power
            time_s += each_seconds
        energy, time_s, left = energy / len(limits), time_s / len(limits), epochs - 1
    return energy + left * (seconds * power), time_s + left * seconds, int(epochs), reached


def misbehaves(job_id):
    kind, _, where = os.environ.get("TOY", "").partition("@")
    return kind if where in ("", job_id) else ""


def note(log_dir, *pids):
    with open(os.path.join(log_dir, "..", "pids"), "a", encoding="utf-8") as file:
        file.write("".join(f"{pid}\n" for pid in pids))


def hold_power_limit():
    """A process of ours that has borrowed the power limit and set it to 150 W."""
    holder = subprocess.Popen([os.environ["ZEUS_HOLD_POWER_LIMIT"], "150"], stdout=subprocess.PIPE, text=True)
    if holder.stdout.readline() != "held\n":
        sys.exit("the power limit could not be borrowed")
    return holder


def main():
    batch_size, seed = int(sys.argv[1]), int(sys.argv[2])
    log_dir, job_id = os.environ["ZEUS_LOG_DIR"], os.environ["ZEUS_JOB_ID"]
    eta, threshold = float(os.environ["ZEUS_ETA_KNOB"]), float(os.environ["ZEUS_COST_THRESH"])
    observes = os.environ["ZEUS_USE_OPTIMAL_PL"].lower() == "false"
    result = os.path.join(log_dir, f"{job_id}+bs{batch_size}.train.json")
    toy = misbehaves(job_id)
    note(log_dir, os.getpid())
    print(f"training {job_id} at batch size {batch_size}, seed {seed}", flush=True)
    if toy == "fail":
        print("CUDA error: out of memory", file=sys.stderr, flush=True)
        sys.exit(3)
    if toy in ("hang", "grandchild"):
        if toy == "grandchild":
            note(log_dir, subprocess.Popen(["sleep", "71"]).pid,
                 subprocess.Popen(["sleep", "72"], start_new_session=True).pid)
        print("hanging", flush=True)
        time.sleep(70)
    if toy == "slow":
        time.sleep(0.05)
    holder = hold_power_limit() if "hold" in sys.argv else None
    limit, profiled = read_profile(os.path.join(log_dir, f"bs{batch_size}.power.json"), job_id, eta,
                                   WORLD[batch_size][1])
    if observes:
        limit = max(WORLD[batch_size][1])
    energy, time_s, epochs, reached = train(batch_size, eta, threshold, limit, profiled)
    if toy == "hold_and_hang":
        time.sleep(70)
    if holder:
        holder.terminate()
        holder.wait()
    if "noise" in sys.argv:
        energy *= 1 + seed * 7919 % 13 / 100
    if toy == "nothing":
        return
    if toy == "damage":
        with open(result, "w", encoding="utf-8") as file:
            file.write('{"energy": 12')
        return
    write_whole(result, {"energy": energy, "time": time_s,
                         "cost": eta * energy + (1 - eta) * MAX_POWER * time_s, "num_epochs": epochs,
                         "reached": reached})
    print("done", flush=True)
    if toy == "raise" and not reached and not math.isinf(threshold):
        raise RuntimeError("the cost threshold is exceeded")


if __name__ == "__main__":
    main()
