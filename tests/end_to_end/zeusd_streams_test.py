"""`zeusd serve`: streams of the GPUs' power."""

import os
import select
import time
import unittest

from zeusd_case import ZeusdCase


class StreamTest(ZeusdCase):
    def test_every_gpu_comes_and_then_changes_alone(self):
        self.serve("--enable", "gpu-control,gpu-read", "--gpu-power-poll-hz", "100")
        answer = self.stream("/gpu/stream_power")
        first = [self.event(answer) for _ in range(4)]
        self.assertEqual(sorted(event["gpu_id"] for event in first), [0, 1, 2, 3])
        self.assertEqual([list(event) for event in first], [["timestamp_ms", "gpu_id", "power_mw"]] * 4)
        # Idle GPUs draw the same all the time.
        self.assertEqual(select.select([answer.fp], [], [], 0.5)[0], [])

    def test_a_later_listener_gets_the_newest_value_at_once(self):
        self.serve("--enable", "gpu-read")
        one = self.stream("/gpu/stream_power?gpu_ids=2")
        event = self.event(one)
        other = self.stream("/gpu/stream_power?gpu_ids=2,0")
        events = {each["gpu_id"]: each for each in (self.event(other), self.event(other))}
        self.assertEqual(events[2], event)

    def test_streams_end_with_the_daemon(self):
        daemon = self.serve("--enable", "gpu-read,cpu-read")
        streams = [self.stream("/gpu/stream_power"), self.stream("/cpu/stream_power")]
        begin = time.monotonic()
        self.assertEqual(daemon.end(), 0)
        for answer in streams:
            answer.read()  # To its end: it is a whole chunked body.
        self.assertLess(time.monotonic() - begin, 9)

    def test_nobody_waits_for_who_does_not_read(self):
        daemon = self.serve("--enable", "gpu-control,gpu-read", "--gpu-power-poll-hz", "1000")
        silent = [self.stream("/gpu/stream_power") for _ in range(20)]
        reader = self.stream("/gpu/stream_power?gpu_ids=0")
        self.event(reader)
        self.assertEqual(self.ask("GET", "/gpu/get_power")[0], 200)
        self.assertEqual(len(silent), 20)
        self.assertEqual(daemon.end(), 0)

    def test_sampling_starts_with_the_first_listener_and_ends_after_the_last(self):
        daemon = self.serve("--enable", "gpu-read", "--gpu-power-poll-hz", "200")
        pid = self.pid_of(daemon)

        def switches():
            total = 0
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/status") as status:
                    total += sum(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches"))
            return total

        def during(seconds):
            before = switches()
            time.sleep(seconds)
            return switches() - before

        def fall_silent():
            deadline = time.monotonic() + 60
            while during(1) > 0:
                self.assertLess(time.monotonic(), deadline)

        fall_silent()
        answer = self.stream("/gpu/stream_power?gpu_ids=1")
        self.event(answer)
        self.assertGreater(during(1), 20)
        answer.hang_up()
        fall_silent()

    def pid_of(self, daemon):
        """Of zeusd itself, which `zeus emulate` runs."""
        with open(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children") as children:
            return int(children.read().split()[0])


if __name__ == "__main__":
    unittest.main()
