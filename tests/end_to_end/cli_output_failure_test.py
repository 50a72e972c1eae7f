"""Outputs that cannot be written: full disks, closed pipes, folders that are not there."""

import os
import pathlib
import signal
import stat
import subprocess
import threading
import unittest

from zeus_program import GROUPS_HEADER, ZEUS, ZeusTest, environment

NO_FULL = "no /dev/full on this system"


def has_full_device():
    try:
        return stat.S_ISCHR(os.stat("/dev/full").st_mode)
    except OSError:
        return False


class OutputFailureTest(ZeusTest):
    def setUp(self):
        super().setUp()
        traces = self.small_traces()
        self.simulate = ("simulate", "--workload", "birds", "--traces", traces)
        groups = self.write("groups.csv", GROUPS_HEADER + "one,0,100,birds,1\n")
        self.commands = [self.simulate, (*self.simulate, "--csv", "-"), (*self.simulate, "--json"),
                         ("sweep", "--traces", traces), ("simulate-cluster", "--groups", groups, "--traces", traces),
                         ("completion", "bash"), ("--help",), ("--version",), ("simulate", "--help")]
        self.files = [(*self.simulate, "--csv"), (*self.simulate, "--plot"), (*self.simulate, "--save-state"),
                      (*self.commands[3], "--csv"), (*self.commands[3], "--histories"), (*self.commands[4], "--csv")]

    def test_a_folder_that_is_not_there(self):
        for command in self.files:
            file = self.folder / "absent/result"
            self.fails(1, f"zeus: {file}: ", *command, file)

    def test_a_folder_in_the_way(self):
        (self.folder / "result").mkdir()
        for command in self.files:
            self.fails(2, f"zeus: {self.folder / 'result'}: cannot replace: Is a directory", *command,
                       self.folder / "result")
        self.assertEqual({file.name for file in self.folder.iterdir()}, {"small", "groups.csv", "result"})

    # Through a link, so that a program that replaces what it should write to can do no harm.
    @unittest.skipUnless(has_full_device(), NO_FULL)
    def test_a_full_disk(self):
        link = self.folder / "result"
        link.symlink_to("/dev/full")
        for command in self.files:
            self.fails(1, f"zeus: {link}: cannot write: No space left on device", *command, link)
            self.assertTrue(link.is_symlink())

    @unittest.skipUnless(has_full_device(), NO_FULL)
    def test_standard_output_on_a_full_disk(self):
        for command in self.commands:
            with open("/dev/full", "wb") as full:
                done = subprocess.run([ZEUS, *command], stdout=full, stderr=subprocess.PIPE, text=True,
                                      env=environment(), timeout=60)
            self.assertEqual((done.returncode, done.stderr),
                             (1, "zeus: standard output: cannot write: No space left on device\n"), command)

    @unittest.skipUnless(has_full_device(), NO_FULL)
    def test_standard_error_on_a_full_disk(self):
        for command, code in [((*self.simulate, "--eta", "3"), 2), (("nonsense",), 2), ((), 2),
                              ((*self.simulate, "--max-epochs", "1"), 1), (self.simulate, 0)]:
            with open("/dev/full", "wb") as full:
                done = subprocess.run([ZEUS, *command], stdout=subprocess.DEVNULL, stderr=full, env=environment(),
                                      timeout=60)
            self.assertEqual(done.returncode, code, command)

    def test_a_closed_standard_output(self):
        done = subprocess.run([ZEUS, *map(str, self.simulate)], stderr=subprocess.PIPE, text=True, env=environment(),
                              preexec_fn=lambda: os.close(1), timeout=60)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "zeus: standard output: cannot write: Bad file descriptor\n"))

    def closed_pipe(self, command, **options):
        read_end, write_end = os.pipe()
        os.close(read_end)
        try:
            return subprocess.run([ZEUS, *map(str, command)], stdout=write_end, stderr=subprocess.PIPE, text=True,
                                  env=environment(), timeout=60, **options)
        finally:
            os.close(write_end)

    # Like every filter: whoever stops reading ends the program without a word.
    def test_a_closed_pipe_ends_the_program_silently(self):
        for command in self.commands:
            done = self.closed_pipe(command)
            self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, ""), command)

    def test_a_closed_pipe_where_its_signal_is_ignored(self):
        for command in self.commands:
            done = self.closed_pipe(command, restore_signals=False,
                                    preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
            self.assertEqual((done.returncode, done.stderr),
                             (1, "zeus: standard output: cannot write: Broken pipe\n"), command)

    def test_files_are_written_before_a_closed_pipe_ends_the_program(self):
        state, plot = self.folder / "state.json", self.folder / "cost.svg"
        self.closed_pipe((*self.simulate, "--csv", "-", "--save-state", state, "--plot", plot))
        self.assertTrue(state.exists() and plot.exists())

    def test_head(self):
        line = subprocess.run(f"'{ZEUS}' {' '.join(map(str, self.simulate))} --recurrences 100000 --csv - | head -1",
                              shell=True, capture_output=True, text=True, env=environment(), timeout=60)
        self.assertEqual((line.stdout, line.stderr),
                         ("gpu,dataset,eta,beta,seed,rec,try,bs,pl,energy_J,time_s,reached\n", ""))


class SpecialFileTest(ZeusTest):
    def setUp(self):
        super().setUp()
        self.simulate = ("simulate", "--workload", "birds", "--traces", self.small_traces())
        self.expected = self.succeeds(*self.simulate, "--csv", "-")

    def test_a_pipe_with_a_name_is_written_to_and_stays(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        read = []
        reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
        reader.start()
        self.succeeds(*self.simulate, "--csv", pipe)
        reader.join(10)
        self.assertEqual(read, [self.expected])
        self.assertTrue(pipe.is_fifo())

    def test_a_link_stays_and_its_target_is_replaced(self):
        target = self.write("results/history.csv", "old\n")
        link = self.folder / "latest.csv"
        link.symlink_to("results/history.csv")
        self.succeeds(*self.simulate, "--csv", link)
        self.assertEqual(os.readlink(link), "results/history.csv")
        self.assertEqual(target.read_text(), self.expected)

    def test_a_link_to_a_device_stays(self):
        link = self.folder / "nothing"
        link.symlink_to("/dev/null")
        self.succeeds(*self.simulate, "--csv", link, "--plot", link, "--save-state", link)
        self.assertEqual(os.readlink(link), "/dev/null")
        self.assertTrue(stat.S_ISCHR(pathlib.Path("/dev/null").stat().st_mode))


if __name__ == "__main__":
    unittest.main()
