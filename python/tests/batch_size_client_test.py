"""zeus.optimizer.batch_size: its models, and what the client says to a service that answers as a test wants."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import tempfile
import textwrap
import threading
import unittest
from pathlib import Path
from typing import Any

from emulated_script import ENVIRONMENT, PYTHON
from zeus.exception import ZeusBaseError
from zeus.optimizer.batch_size import JobSpec, exceptions
from zeus.optimizer.batch_size.common import CreatedJob, JobSpecFromClient, ReportResponse, TrainingResult, TrialId

ZEUS = os.environ["ZEUS_PROGRAM"]

SCRIPT = """
    import math, os, sys
    from dataclasses import dataclass
    from zeus.optimizer.batch_size import BatchSizeOptimizer, JobSpec

    @dataclass
    class Measured:
        time: float = 2.0
        total_energy: float = 300.0

    class Monitor:
        gpu_indices = [0, 1]
        def begin_window(self, key):
            print("begin", key)
        def end_window(self, key):
            print("end", key)
            return Measured()

    job = JobSpec(job_id="digits-1", job_id_prefix="digits", batch_sizes=[64, 32], default_batch_size=32)
    optimizer = BatchSizeOptimizer(Monitor(), sys.argv[1], job, patience=PATIENCE)
"""
TRAIN = SCRIPT + """
    print("batch size", optimizer.get_batch_size(), optimizer.get_batch_size())
    optimizer.on_train_begin()
    for metric in METRICS:
        optimizer.on_evaluate(metric)
    print("finished", optimizer.training_finished, optimizer.cur_epoch)
"""

GOES_ON = {"stop_train": False, "converged": False, "message": "on"}
REACHED = {"stop_train": True, "converged": True, "message": "there"}
FAILED = {"stop_train": True, "converged": False, "message": "It cost too much."}


class Service:
    """Answers each route with what its list says next (the last again and again), and keeps what it was told.

    An answer is a body, or a status and a text.
    """

    def __init__(self, **answers: list[Any]) -> None:
        self.seen: list[tuple[str, str, Any]] = []
        routes = {"jobs": "POST /jobs", "batch_size": "GET /jobs/batch_size", "report": "POST /report", "trials": "PATCH /trials"}
        scripts = {routes[name]: list(script) for name, script in answers.items()}
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                service.seen.append((self.command, self.path, json.loads(body) if body else None))
                script = scripts.get(f"{self.command} {self.path.split('?')[0]}")
                if script is None:
                    status, text = 200, body if self.command == "POST" else "null"
                else:
                    answer = script.pop(0) if len(script) > 1 else script[0]
                    status, text = answer if isinstance(answer, tuple) else (200, json.dumps(answer))
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_PATCH = answer  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def told(self, method: str) -> list[Any]:
        return [body for one, _, body in self.seen if one == method]


class ModelsTest(unittest.TestCase):
    def spec(self, **fields: Any) -> JobSpec:
        return JobSpec.parse_obj({"job_id_prefix": "p", "batch_sizes": [8, 4], "default_batch_size": 4} | fields)

    def test_defaults_are_the_published_ones(self) -> None:
        self.assertEqual(self.spec().dict(), {
            "job_id": None, "job_id_prefix": "p", "batch_sizes": [4, 8], "default_batch_size": 4, "eta_knob": 0.5,
            "beta_knob": 2.0, "target_metric": 0.5, "higher_is_better_metric": True, "max_epochs": 100,
            "num_pruning_rounds": 2, "window_size": 0, "mab_prior_mean": 0.0, "mab_prior_precision": 0.0,
            "mab_num_explorations": 2, "mab_seed": None})

    def test_values_are_converted(self) -> None:
        spec = self.spec(batch_sizes=("16", 8.0, 4), eta_knob="0.25", beta_knob=None, higher_is_better_metric="false", mab_seed="7")
        self.assertEqual((spec.batch_sizes, spec.eta_knob, spec.beta_knob, spec.higher_is_better_metric, spec.mab_seed),
                         ([4, 8, 16], 0.25, None, False, 7))
        self.assertEqual(JobSpec.parse_obj(json.loads(spec.json())), spec)
        self.assertEqual(self.spec(unknown=3), self.spec())

    def test_bad_input(self) -> None:
        for fields, message in (
            ({"batch_sizes": []}, r"Batch Sizes = \[\] is empty"), ({"eta_knob": 1.5}, r"eta_knob should be in range \[0,1\]"),
            ({"beta_knob": 0}, r"Invalid beta_knob\(0.0\)"), ({"default_batch_size": 5}, r"Default BS\(5\) not in batch_sizes\(\[4, 8\]\)"),
            ({"job_id": "q1"}, r"Job_id\(q1\) does not start with prefix\(p\)"), ({"max_epochs": 0}, "max_epochs: expected 1 or more"),
            ({"batch_sizes": [4, "x"]}, "batch_sizes: expected an integer, not 'x'"), ({"batch_sizes": "48"}, "batch_sizes: expected a list"),
            ({"batch_sizes": [4.5]}, "batch_sizes: expected an integer, not 4.5"), ({"eta_knob": float("nan")}, "eta_knob: expected a number"),
            ({"higher_is_better_metric": 2}, "higher_is_better_metric: expected a bool"), ({"job_id_prefix": None}, "job_id_prefix: expected a text")):
            with self.subTest(fields), self.assertRaisesRegex(ValueError, message):
                self.spec(**fields)
        with self.assertRaisesRegex(ValueError, "TrialId: trial_number is missing"):
            TrialId.parse_obj({"job_id": "a", "batch_size": 3})
        for bad, message in (({"max_power": 0}, "max_power"), ({"number_of_gpus": 0}, "number_of_gpus"), ({"gpu_model": ""}, "gpu_model")):
            gpus = {"max_power": 250, "number_of_gpus": 1, "gpu_model": "V100"} | bad
            with self.assertRaisesRegex(ValueError, message):
                JobSpecFromClient.parse_obj(self.spec().dict() | gpus)

    def test_a_job_comes_back_with_its_name(self) -> None:
        sent = JobSpecFromClient.parse_obj(self.spec().dict() | {"max_power": 250, "number_of_gpus": 1, "gpu_model": "V100"})
        created = CreatedJob.parse_obj(sent.dict() | {"job_id": "p-1"})
        self.assertEqual((created.job_id, created.max_power, created.batch_sizes), ("p-1", 250.0, [4, 8]))
        with self.assertRaisesRegex(ValueError, "job_id: expected a text"):
            CreatedJob.parse_obj(sent.dict())

    def test_messages(self) -> None:
        result = TrainingResult(job_id="p", batch_size=4, trial_number=1, time=1, energy=2, metric=0.5, current_epoch=3)
        self.assertEqual(json.loads(result.json()), {
            "job_id": "p", "batch_size": 4, "trial_number": 1, "time": 1.0, "energy": 2.0, "metric": 0.5, "current_epoch": 3})
        self.assertTrue(ReportResponse.parse_obj(REACHED).stop_train)

    def test_exceptions_are_one_family(self) -> None:
        for name in exceptions.__all__:
            self.assertTrue(issubclass(getattr(exceptions, name), exceptions.ZeusBSOBaseError), name)
        self.assertTrue(issubclass(exceptions.ZeusBSOBaseError, ZeusBaseError))


class ClientTest(unittest.TestCase):
    def serve(self, **answers: list[Any]) -> Service:
        trial = {"job_id": "digits-1", "batch_size": 64, "trial_number": 5}
        service = Service(**{"batch_size": [trial], "report": [REACHED]} | answers)
        self.addCleanup(service.stop)
        return service

    def run_script(self, script: str, url: str, *, metrics: str = "[0.7]", patience: float = 20) -> "subprocess.CompletedProcess[str]":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "train.py"
            path.write_text(textwrap.dedent(script).replace("METRICS", metrics).replace("PATIENCE", str(patience)))
            return subprocess.run([ZEUS, "emulate", "--gpus", "v100x2", "--", *PYTHON, str(path), url], env=ENVIRONMENT,
                                  capture_output=True, text=True, timeout=120)

    def last_line(self, script: str, url: str, **words: Any) -> str:
        done = self.run_script(script, url, **words)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return done.stderr.strip().splitlines()[-1]

    def test_a_training_from_its_registration_to_its_result(self) -> None:
        service = self.serve(report=[GOES_ON, REACHED])
        done = self.run_script(TRAIN, service.url, metrics="[0.1, 0.7, 0.8]")
        self.assertEqual(done.returncode, 0, done.stderr)
        window = "BatciSizeOptimizerClient"
        self.assertEqual(done.stdout.splitlines(), [
            "batch size 64 64", f"begin {window}", f"end {window}", f"begin {window}", f"end {window}", "finished True 2"])
        self.assertEqual([(method, path) for method, path, _ in service.seen], [
            ("POST", "/jobs"), ("GET", "/jobs/batch_size?job_id=digits-1"), ("POST", "/report"), ("POST", "/report")])
        job, first, second = service.told("POST")
        self.assertEqual((job["max_power"], job["number_of_gpus"], job["batch_sizes"]), (500, 2, [32, 64]))
        self.assertIn("V100", job["gpu_model"])
        trial = {"job_id": "digits-1", "batch_size": 64, "trial_number": 5}
        self.assertEqual(first, trial | {"time": 2.0, "energy": 300.0, "metric": 0.1, "current_epoch": 1})
        self.assertEqual(second, trial | {"time": 4.0, "energy": 600.0, "metric": 0.7, "current_epoch": 2})

    def test_a_failed_training_says_why(self) -> None:
        self.assertEqual(
            self.last_line(TRAIN, self.serve(report=[FAILED]).url),
            "zeus.optimizer.batch_size.exceptions.ZeusBSOTrainFailError: Train failed: It cost too much. "
            "This batch size will not be selected again. Please re-launch the training")

    def test_a_process_that_ends_early_gives_its_trial_back(self) -> None:
        for ending, code in (("", 0), ("raise KeyError('x')", 1), ("sys.exit(4)", 4)):
            service = self.serve()
            done = self.run_script(TRAIN + f"\n    {ending}", service.url, metrics="[]")
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(service.told("PATCH"), [{"job_id": "digits-1", "batch_size": 64, "trial_number": 5}])

    def test_a_child_leaves_its_parents_trial_alone(self) -> None:
        service = self.serve()
        forks = TRAIN + """
    child = os.fork()
    if child == 0:
        sys.exit(0)
    os.waitpid(child, 0)
    """
        done = self.run_script(forks, service.url, metrics="[]")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(service.told("PATCH")), 1)

    def test_a_diverged_metric_is_the_worst_there_is(self) -> None:
        service = self.serve(report=[GOES_ON])
        self.run_script(TRAIN, service.url, metrics="[math.nan, -math.inf, math.inf]")
        self.assertEqual([told["metric"] for told in service.told("POST")[1:]], [-1.7976931348623157e308] * 3)

    def test_a_service_that_is_away_for_a_moment_is_tried_again(self) -> None:
        away = (503, '{"message": "the database is away"}')
        created = JobSpecFromClient(
            job_id="digits-1", job_id_prefix="digits", batch_sizes=[64, 32], default_batch_size=32, max_power=500,
            number_of_gpus=2, gpu_model="V100").dict()
        service = self.serve(jobs=[away, created], report=[away, away, REACHED])
        done = self.run_script(TRAIN, service.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("finished True 1", done.stdout)
        self.assertEqual(len(service.told("POST")), 5)

    def test_a_service_that_stays_away(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # Bound and not listening: nobody answers there.
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            line = self.last_line(SCRIPT, url, patience=0.3)
        self.assertIn(f"ZeusBSORuntimError: POST {url}/jobs: ", line)
        self.assertIn("Connection refused", line)
        away = self.serve(jobs=[(503, '{"message": "the database is away"}')])
        self.assertIn('status code 503: {"message": "the database is away"}', self.last_line(SCRIPT, away.url, patience=0))

    def test_what_a_service_should_not_answer(self) -> None:
        for answers, message in (
            ({"jobs": [(409, '{"message":"other"}')]}, 'ZeusBSORuntimError: Zeus server returned status code 409: {"message":"other"}'),
            ({"jobs": [(200, "hello")]}, "Zeus server returned status code 200 and no JSON: hello"),
            ({"jobs": [[1]]}, "Zeus server returned a strange answer: [1]"),
            ({"jobs": [{"job_id": "digits-1"}]}, "Zeus server returned a strange answer: CreatedJob: job_id_prefix is missing"),
            ({"batch_size": [{"job_id": "digits-1", "batch_size": 128, "trial_number": 1}]},
             "Zeus server returned a strange batch_size: 128"),
            ({"report": [{"stop_train": 7, "converged": True, "message": ""}]}, "stop_train: expected a bool, not 7")):
            with self.subTest(message):
                self.assertIn(message, self.last_line(TRAIN, self.serve(**answers).url))

    def test_wrong_use(self) -> None:
        service = self.serve()
        for script, message in (
            (SCRIPT + "\n    optimizer.on_evaluate(0.5)", "ZeusBSOOperationOrderError: Call get_batch_size to set the batch size first"),
            (SCRIPT + "\n    optimizer.rank = 1\n    optimizer.get_batch_size()",
             "ZeusBSOBadOperationError: Only rank 0 gpu can ask for a batch size."),
            (SCRIPT.replace("gpu_indices = [0, 1]", "gpu_indices = []"), "ZeusBSOConfigError: No GPUs detected."),
            (SCRIPT.replace("PATIENCE", "-1"), "ValueError: patience: expected 0 or more, not -1")):
            with self.subTest(message):
                self.assertIn(message, self.last_line(script, service.url))
        for url in ("127.0.0.1:80", "ftp://x", "http://", "http://x:port", "''"):
            self.assertIn("ZeusBSOConfigError: server_url: expected an address such as http://127.0.0.1:8080, not",
                          self.last_line(SCRIPT, url))


@unittest.skipIf("thread" in os.environ.get("ZEUS_SANITIZE", ""), "of the commands, this build has zeus emulate alone")
class RealServiceTest(unittest.TestCase):
    """Against `zeus serve`."""

    def setUp(self) -> None:
        self.serve()

    def serve(self, *arguments: str) -> None:
        self.server = subprocess.Popen([ZEUS, "serve", "--listen", "127.0.0.1:0", "--database", "memory:", *arguments],
                                       env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.server.communicate)
        self.addCleanup(self.server.terminate)
        assert self.server.stdout is not None
        self.url = self.server.stdout.readline().removeprefix("Listening on ").strip()

    def recur(self, end: str, **variables: str) -> list[str]:
        script = SCRIPT.replace("PATIENCE", "20") + textwrap.indent(end, "    ")
        done = subprocess.run([ZEUS, "emulate", "--gpus", "v100x2", "--", *PYTHON, "-c", textwrap.dedent(script), self.url],
                              env=ENVIRONMENT | variables, capture_output=True, text=True, timeout=120, check=False)
        return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("zeus", "size", "done"))]

    def test_it_learns_over_recurrences(self) -> None:
        train = ('print("size", optimizer.get_batch_size(), optimizer.trial_number)\n'
                 "optimizer.on_train_begin()\noptimizer.on_evaluate(METRIC)\n"
                 'print("done", optimizer.training_finished, optimizer.cur_epoch)\n')
        reaches, does_not = train.replace("METRIC", "0.7"), train.replace("METRIC", "0.1")
        self.assertEqual(self.recur(does_not), ["size 32 1", "done False 1"])  # Ends early, and gives its trial back.
        self.assertEqual(self.recur(reaches), ["size 32 2", "done True 1"])
        self.assertEqual(self.recur(reaches), ["size 64 3", "done True 1"])
        other = reaches.replace("optimizer.get_batch_size()", "BatchSizeOptimizer(Monitor(), sys.argv[1], JobSpec("
                                'job_id="digits-1", job_id_prefix="digits", batch_sizes=[32], default_batch_size=32))')
        (error,) = self.recur(other)
        self.assertRegex(error, "^zeus.optimizer.batch_size.exceptions.ZeusBSORuntimError: .* 409: .*Use a new job_id")

    def test_a_server_that_asks_for_tokens_gets_one(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            key = Path(folder) / "key"
            key.write_bytes(b"secret")
            key.chmod(0o600)
            self.serve("--signing-key-path", str(key))
            issued = subprocess.run([ZEUS, "token", "issue", "--signing-key-path", key, "--user", "alice", "--scope",
                                     "jobs-train", "--expires", "1h"], env=ENVIRONMENT, capture_output=True, text=True, check=True)
        ask = 'print("size", optimizer.get_batch_size(), optimizer.trial_number)\n'
        self.assertEqual(self.recur(ask, ZEUS_BSO_TOKEN=issued.stdout.strip()), ["size 32 1"])
        (error,) = self.recur(ask)
        self.assertRegex(error, "ZeusBSORuntimError: .* 401: .*Authentication required")


if __name__ == "__main__":
    unittest.main()
