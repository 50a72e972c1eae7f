"""What `zeus serve` tells of itself: /openapi.json, against its answers, and /metrics."""

import json
import re
import unittest

import jsonschema

from serve_test import SPEC, ServeCase, ask

SAMPLE = re.compile(r'([a-z_]+)(\{[a-z]+="(?:[^"\\\n]|\\.)*"(?:,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? (\S+)')


class OpenApiTest(ServeCase):
    def setUp(self):
        super().setUp()
        self.connection = self.serve("--database", "memory:").connect()
        status, self.document = ask(self.connection, "GET", "/openapi.json")
        self.assertEqual((status, self.document["openapi"]), (200, "3.1.0"))
        self.seen = set()

    def checked(self, status, method, path, target=None, body=None):
        """Asks, and holds the body and the answer against their schemas."""
        told = self.document["paths"][path][method.lower()]
        if body is not None and status < 400:
            self.hold(told["requestBody"]["content"]["application/json"]["schema"], body)
        got, answer = ask(self.connection, method, target or path, body)
        self.assertEqual(got, status, answer)
        self.hold(told["responses"][str(status)]["content"]["application/json"]["schema"], answer)
        self.seen.add((path, method.lower()))
        return answer

    def hold(self, schema, value):
        jsonschema.validate(value, schema | {"components": self.document["components"]}, jsonschema.Draft202012Validator)

    def test_every_answer_is_as_documented(self):
        self.checked(422, "POST", "/jobs", body={"batch_sizes": "x"})
        self.checked(201, "POST", "/jobs", body=SPEC)
        self.checked(200, "POST", "/jobs", body=SPEC)
        self.checked(409, "POST", "/jobs", body=SPEC | {"eta_knob": 0})
        self.checked(400, "GET", "/jobs/batch_size", "/jobs/batch_size?job_id=none")
        for number in range(12):
            trial = self.checked(200, "GET", "/jobs/batch_size", "/jobs/batch_size?job_id=birds")
            if number == 5:
                self.checked(200, "PATCH", "/trials", body=trial)
                self.checked(400, "POST", "/report", body=trial | {"energy": 1, "time": 1, "metric": 1, "current_epoch": 1})
                continue
            for epoch in (1, 2):
                self.checked(200, "POST", "/report", body=trial | {
                    "energy": 50 * epoch, "time": epoch, "metric": epoch - 1, "current_epoch": epoch})
        self.checked(404, "PATCH", "/trials", body=trial | {"trial_number": 99})
        job = self.checked(200, "GET", "/jobs/{id}", "/jobs/birds")
        self.assertEqual((job["stage"], len(job["arms"]), job["savings"]["converged"]), ("bandit", 3, 11))
        self.checked(404, "GET", "/jobs/{id}", "/jobs/none")
        self.checked(200, "GET", "/jobs", "/jobs?limit=1")
        self.checked(422, "GET", "/jobs", "/jobs?limit=x")
        self.checked(200, "GET", "/jobs/{id}/trials", "/jobs/birds/trials?limit=3")
        self.checked(200, "GET", "/health")
        self.checked(200, "GET", "/ready")
        self.checked(200, "DELETE", "/jobs", "/jobs?job_id=birds")
        self.checked(404, "DELETE", "/jobs", "/jobs?job_id=birds")
        everything = {(path, method) for path, methods in self.document["paths"].items() for method in methods}
        self.assertEqual(everything - self.seen, {("/metrics", "get")})

    def test_a_schema_refuses_what_the_server_refuses(self):
        for wrong in ({"batch_sizes": []}, {"max_power": 0}, {"eta_knob": 2}, {"beta_knob": 0}, {"gpu_model": ""},
                      {"max_epochs": 0}, {"num_pruning_rounds": -1}, {"job_id": ""}, {"batch_sizes": [16, 16]}):
            with self.assertRaises(jsonschema.ValidationError, msg=wrong):
                self.hold(self.document["components"]["schemas"]["JobSpec"], SPEC | wrong)
            self.checked(422, "POST", "/jobs", body=SPEC | wrong)


class MetricsTest(ServeCase):
    def metrics(self):
        self.connection.request("GET", "/metrics")
        answer = self.connection.getresponse()
        self.assertEqual((answer.status, answer.headers["Content-Type"]),
                         (200, "text/plain; version=0.0.4; charset=utf-8"))
        values, types = {}, {}
        for line in answer.read().decode().splitlines():
            if line.startswith("# TYPE "):
                name, kind = line.split()[2:]
                self.assertNotIn(name, types)
                types[name] = kind
            elif not line.startswith("# HELP "):
                found = SAMPLE.fullmatch(line)
                self.assertIsNotNone(found, line)
                self.assertIn(re.sub("_(bucket|sum|count)$", "", found[1]), types)
                values[found[1] + (found[2] or "")] = float(found[3])
        return values

    def test_jobs_trials_savings_and_requests(self):
        self.connection = self.serve("--database", self.database()).connect()
        before = self.metrics()
        self.assertEqual((before['zeus_jobs{stage="exploration"}'], before["zeus_saved_joules"]), (0, 0))
        ask(self.connection, "POST", "/jobs", SPEC)
        energies = {16: 100, 8: 60, 32: 300}
        for _ in range(3):
            trial = ask(self.connection, "GET", "/jobs/batch_size?job_id=birds")[1]
            ask(self.connection, "POST", "/report", trial | {
                "energy": energies[trial["batch_size"]], "time": trial["batch_size"], "metric": 1, "current_epoch": 2})
        ask(self.connection, "GET", "/jobs/batch_size?job_id=birds")
        ask(self.connection, "GET", "/jobs/none")
        ask(self.connection, "GET", "/no/such/route")
        after = self.metrics()
        trials = ask(self.connection, "GET", "/jobs/birds/trials")[1]["trials"]
        converged = [trial for trial in trials if trial["converged"]]
        self.assertEqual(len(trials), 4)
        self.assertEqual(after['zeus_jobs{stage="exploration"}'], 1)
        self.assertEqual(after['zeus_trials{outcome="dispatched"}'], 1)
        self.assertEqual(after['zeus_trials{outcome="converged"}'], len(converged))
        spent = sum(trial["energy_J"] for trial in trials if trial["energy_J"] is not None)
        self.assertEqual(after["zeus_spent_joules"], spent)
        self.assertEqual(after["zeus_saved_joules"], 100 * len(converged) - spent)
        self.assertEqual(after['zeus_http_requests_total{method="POST",route="/report",status="200"}'], 3)
        self.assertEqual(after['zeus_http_requests_total{method="GET",route="/jobs/{id}",status="404"}'], 1)
        self.assertEqual(after['zeus_http_requests_total{method="",route="",status="404"}'], 1)
        self.assertEqual(after['zeus_http_request_seconds_count{method="POST",route="/report"}'], 3)
        self.assertEqual(after['zeus_http_request_seconds_bucket{method="POST",route="/report",le="+Inf"}'], 3)


class ListenTest(ServeCase):
    def test_an_address_that_others_reach_wants_a_word(self):
        for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
            self.fails(2, "--allow-unauthenticated", "serve", "--listen", address, "--database", "memory:")
        server = self.serve("--database", "memory:", "--allow-unauthenticated")
        self.assertEqual(ask(server.connect(), "GET", "/health")[0], 200)


if __name__ == "__main__":
    unittest.main()
