"""The page of `zeus serve`, in a headless Chromium: what people see of jobs while trials arrive.

ZEUS_CHROMIUM names the browser; ZEUS_AXE the file axe.min.js of axe-core.
"""

import json
import os
import pathlib
import re
import shutil
import unittest
import urllib.parse

from playwright.sync_api import expect, sync_playwright

from serve_test import SPEC, ServeCase, ask

CHROMIUM = os.environ.get("ZEUS_CHROMIUM") or shutil.which("chromium")
AXE = pathlib.Path(os.environ["ZEUS_AXE"])
HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">/../#&?"
BUDGET_KB = 64
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

# What is told of `SPEC`, where eta is 1: cost is energy. Batch size 16 is the default, then 8, then 32 are explored.
FIRST_RUNS = [(16, 40_000, 100, True), (8, 60_000, 250, True), (32, 25_000, 50, True)]


def setUpModule():
    if CHROMIUM is None:
        raise unittest.SkipTest("no chromium here")


class PageTest(ServeCase):
    @classmethod
    def setUpClass(cls):
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)
        # A browser that runs as root has no sandbox; it sees this test's server only.
        cls.browser = cls.playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        super().setUp()
        self.server = self.serve("--database", "memory:")
        self.connection = self.server.connect()
        self.url = "http://{}:{}".format(*self.server.address)
        self.page = self.open_browser()

    def open_browser(self, **options):
        """A page that notes what it asks for, and what goes wrong in it."""
        context = self.browser.new_context(**options)
        self.addCleanup(context.close)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.asked, page.wrong = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
        return page

    def register(self, **changes):
        status, job = ask(self.connection, "POST", "/jobs", SPEC | changes)
        self.assertIn(status, (200, 201))
        return job["job_id"]

    def begin(self, job="birds"):
        status, trial = ask(self.connection, "GET", f"/jobs/batch_size?job_id={urllib.parse.quote(job, safe='')}")
        self.assertEqual(status, 200)
        return trial

    def end(self, trial, energy, time, converged=True):
        body = {"energy": energy, "time": time, "metric": 0.95 if converged else 0.1, "current_epoch": 100}
        status, verdict = ask(self.connection, "POST", "/report", trial | body)
        self.assertEqual((status, verdict["stop_train"], verdict["converged"]), (200, True, converged))

    def run_first(self, count=len(FIRST_RUNS)):
        for batch_size, energy, time, converged in FIRST_RUNS[:count]:
            trial = self.begin()
            self.assertEqual(trial["batch_size"], batch_size)
            self.end(trial, energy, time, converged)

    def open_job(self, page=None, job="birds"):
        page = page or self.page
        page.goto(f"{self.url}/#/jobs/{urllib.parse.quote(job, safe='')}")
        expect(page.get_by_role("heading", level=2).first).to_be_visible()
        return page

    def table(self, name):
        """The cells of a table, row by row."""
        rows = self.page.get_by_role("table", name=name).locator("tbody tr")
        return [[" ".join(text.split()) for text in row.locator("th, td").all_inner_texts()] for row in rows.all()]

    def fact(self, name):
        term = self.page.locator("dl.facts > div", has=self.page.get_by_text(name, exact=True))
        return " ".join(term.locator("dd").inner_text().split())

    def plotted_costs(self):
        """Of each run, the cost that its mark's height means, read off the axis as a person would."""
        plot = self.page.get_by_role("img")
        factor = {"J": 1, "kJ": 1e3, "MJ": 1e6}[
            re.fullmatch(r"Cost of a run, (\w+)", plot.locator(".cost-axis > text").text_content())[1]]
        heights = {}
        for tick in plot.locator(".cost-axis > g").all():
            line = re.fullmatch(r"M[\d.]+ ([\d.]+)H[\d.]+", tick.locator("path").get_attribute("d"))
            heights[float(tick.locator("text").text_content()) * factor] = float(line[1])
        self.assertGreaterEqual(len(heights), 3, heights)
        (low, bottom), (high, top) = min(heights.items()), max(heights.items())
        self.assertEqual(low, 0)
        costs = {}
        for run in plot.locator("g.run").all():
            marks = run.locator("circle").all()
            if len(marks) == 2:
                y = float(marks[0].get_attribute("cy"))
                costs[int(run.get_attribute("data-run"))] = (bottom - y) / (bottom - top) * high
        return costs

    def assert_nothing_wrong(self, page):
        self.assertEqual(page.wrong, [])
        self.assertEqual([url for url in page.asked if not url.startswith(self.url + "/")], [])

    def test_a_job_appears_and_opens_by_keyboard(self):
        page = self.page
        page.goto(self.url)
        expect(page.get_by_text("No job has been registered")).to_be_visible()
        self.register()
        self.run_first()
        link = page.get_by_role("link", name="birds")
        expect(link).to_be_visible()
        expect(page.get_by_role("status")).to_have_text("1 job")
        expect(page.get_by_role("row", name=re.compile("birds")).get_by_role("cell").nth(1)).to_have_text("3")
        self.assertEqual(self.table("Jobs and what is known of them"),
                         [["birds", "exploration", "3", "32", "25.00 kJ", "1 × V100"]])
        for _ in range(10):
            page.keyboard.press("Tab")
            if link.evaluate("link => link === document.activeElement"):
                break
        expect(link).to_be_focused()
        self.assertNotEqual(link.evaluate("link => getComputedStyle(link).outlineStyle"), "none")
        page.keyboard.press("Enter")
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_text("Job birds")
        expect(heading).to_be_focused()
        expect(page).to_have_title("birds – Zeus")
        page.go_back()
        expect(heading).to_have_text("Jobs")
        self.assert_nothing_wrong(page)

    def test_numbers_of_a_job(self):
        self.register()
        self.run_first()
        self.open_job()
        self.assertEqual(self.table("Batch sizes, their costs"), [
            ["8", "", "1", "1", "60.00 kJ", "60.00 kJ", "–"],
            ["16", "default", "1", "1", "40.00 kJ", "40.00 kJ", "–"],
            ["32", "cheapest", "1", "1", "25.00 kJ", "25.00 kJ", "–"]])
        runs = [row[:7] for row in self.table("Runs, the newest first")]
        self.assertEqual(runs, [
            ["3", "32", "exploration", "converged", "25.00 kJ", "25.00 kJ", "50.0 s"],
            ["2", "8", "exploration", "converged", "60.00 kJ", "60.00 kJ", "4.2 min"],
            ["1", "16", "exploration", "converged", "40.00 kJ", "40.00 kJ", "100.0 s"]])
        # 125 kJ and 400 s were spent; three runs of the default take 120 kJ and 300 s.
        self.assertEqual(self.fact("Energy saved"), "−4.2% (−5.00 kJ)")
        self.assertEqual(self.fact("Time saved"), "−33.3% (−100.0 s)")
        self.assertEqual(self.fact("Runs"), "3 begun, 0 under way, 0 given up")
        self.assertEqual(self.fact("Cheapest run"), "25.00 kJ with batch size 32")
        self.assert_nothing_wrong(self.page)

    def test_the_plot_shows_the_costs(self):
        self.register()
        self.run_first()
        self.open_job()
        costs = self.plotted_costs()
        self.assertEqual(list(costs), [1, 2, 3])
        for cost, (_, energy, _, _) in zip(costs.values(), FIRST_RUNS):
            self.assertAlmostEqual(cost, energy, delta=1)
        summary = self.page.get_by_role("img").locator("desc").text_content()
        self.assertIn("3 runs, of which 3 came to an end. They cost from 25.00 kJ to 60.00 kJ.".replace(" kJ", "\u202fkJ"),
                      summary)

    def test_it_follows_while_trials_arrive(self):
        self.register()
        self.run_first(1)
        page = self.open_job()
        page.evaluate("window.sameDocument = true")
        runs = page.get_by_role("table", name="Runs, the newest first").locator("tbody tr")
        expect(runs).to_have_count(1)
        trial = self.begin()
        expect(runs).to_have_count(2)
        expect(runs.first).to_contain_text("under way")
        expect(page.get_by_role("status")).to_have_text("Run 2, batch size 8: under way")
        self.end(trial, 60_000, 250)
        expect(runs.first).to_contain_text("60.00\u202fkJ")
        expect(page.get_by_role("status")).to_have_text("Run 2, batch size 8: converged, 60.00\u202fkJ")
        self.assertAlmostEqual(self.plotted_costs()[2], 60_000, delta=1)
        trial = self.begin()
        expect(runs).to_have_count(3)
        self.assertEqual(ask(self.connection, "PATCH", "/trials", trial), (200, None))
        expect(runs.first).to_contain_text("given up")
        self.assertEqual(self.fact("Runs"), "3 begun, 0 under way, 1 given up")
        self.assertTrue(page.evaluate("window.sameDocument"))
        self.assertEqual(ask(self.connection, "DELETE", "/jobs?job_id=birds"), (200, None))
        expect(page.get_by_role("alert")).to_have_text("There is no such job.")

    def test_beliefs_after_exploration(self):
        self.register(num_pruning_rounds=1, batch_sizes=[16, 32])
        self.end(self.begin(), 40_000, 100)
        self.end(self.begin(), 25_000, 50, converged=False)
        trial = self.begin()
        self.open_job()
        rows = self.table("Batch sizes, their costs")
        arms = ask(self.connection, "GET", "/jobs/birds")[1]["arms"]
        self.assertEqual([arm["batch_size"] for arm in arms], [16])
        # One reward has no variance.
        self.assertEqual((arms[0]["mean"], arms[0]["precision"], rows[0][6]), (-40_000, "inf", "40.00 kJ ± 0.00 J"))
        self.assertEqual((rows[1][1], rows[1][3:]), ("left out", ["0", "–", "–", "–"]))
        self.assertTrue(self.fact("Stage").startswith("bandit"))
        self.end(trial, 44_000, 100)
        cell = self.page.get_by_role("table", name="Batch sizes, their costs").locator("tbody tr").first.locator("td").last
        # The mean, and the root of the variance 4e6 over two rewards.
        expect(cell).to_have_text("42.00\u202fkJ ± 1.41\u202fkJ")

    def test_a_name_is_text_whatever_it_holds(self):
        self.register(job_id=HOSTILE, job_id_prefix=HOSTILE, gpu_model=HOSTILE)
        page = self.page
        page.goto(self.url)
        page.get_by_role("link", name=HOSTILE).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Job {HOSTILE}")
        expect(page.get_by_text("None has begun.")).to_be_visible()
        expect(page).to_have_title(f"{HOSTILE} – Zeus")
        self.assertEqual(page.locator("main script, main img").count(), 0)
        self.assert_nothing_wrong(page)
        # Were one ever written into the page, the browser would not run it.
        refused = page.evaluate("""() => new Promise((resolve) => {
          document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
          document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='document.title=1'>");
        })""")
        self.assertEqual(refused, "script-src-attr")
        expect(page).to_have_title(f"{HOSTILE} – Zeus")

    def test_a_server_that_is_gone_is_told_and_what_was_known_stays(self):
        self.register()
        self.run_first()
        page = self.open_job()
        self.server.process.kill()
        expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
        self.assertEqual(len(self.table("Runs, the newest first")), 3)

    def test_a_server_that_asks_for_tokens_gets_one(self):
        key = self.write("key", "secret")
        key.chmod(0o600)
        server = self.serve("--database", "memory:", "--signing-key-path", key)
        read, train = (self.succeeds("token", "issue", "--signing-key-path", key, "--user", "alice", "--scope", scope,
                                     "--expires", "1h").strip() for scope in ("jobs-read", "jobs-train"))
        connection = server.connect()
        connection.request("POST", "/jobs", json.dumps(SPEC), {"Authorization": f"Bearer {train}"})
        self.assertEqual(connection.getresponse().status, 201)
        page = self.open_browser()
        page.context.add_init_script(path=AXE)
        page.goto("http://{}:{}".format(*server.address))
        expect(page.get_by_role("alert")).to_have_text("Authentication required. Provide an Authorization: Bearer <token> header.")
        self.assertEqual(page.evaluate("axe.run(document)")["violations"], [])
        for token, answer in (("nonsense", "Invalid token: InvalidToken"),
                              (train, "Token for user 'alice' lacks required scope 'jobs-read'. Token scopes: ['jobs-train']")):
            page.get_by_label("Token").fill(token)
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert")).to_have_text(answer)
        page.get_by_label("Token").fill(read)
        page.get_by_role("button", name="Use it").click()
        expect(page.get_by_role("link", name="birds")).to_be_visible()
        expect(page.get_by_label("Token")).not_to_be_visible()
        page.reload()
        expect(page.get_by_role("link", name="birds")).to_be_visible()
        self.assertNotIn(read, page.url)

    def test_a_hidden_page_asks_nothing(self):
        page = self.page
        page.goto(self.url)
        expect(page.get_by_text("No job has been registered")).to_be_visible()
        page.evaluate("""() => {
          Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""")
        # One request may have been under way.
        page.wait_for_timeout(2500)
        asked = len(page.asked)
        page.wait_for_timeout(4500)
        self.assertEqual(len(page.asked), asked)
        self.register()
        page.evaluate("""() => {
          delete document.hidden;
          document.dispatchEvent(new Event("visibilitychange"));
        }""")
        expect(page.get_by_role("link", name="birds")).to_be_visible()

    def test_more_jobs_than_a_page_holds(self):
        for number in range(101):
            self.register(job_id=f"birds-{number:03}")
        page = self.page
        page.goto(self.url)
        expect(page.get_by_role("link", name="birds-099")).to_be_visible()
        page.get_by_role("button", name="Next page").click()
        expect(page.get_by_role("link", name="birds-100")).to_be_visible()
        expect(page.get_by_role("link", name="birds-099")).to_have_count(0)
        expect(page.get_by_role("button", name="Next page")).to_be_disabled()
        page.get_by_role("button", name="First page").click()
        expect(page.get_by_role("link", name="birds-000")).to_be_visible()

    def test_accessible_light_and_dark(self):
        self.register()
        self.run_first(2)
        self.begin()
        pages = {}
        for scheme in ("light", "dark"):
            page = self.open_browser(color_scheme=scheme, reduced_motion="reduce")
            # The page's own policy would not let the checker in.
            page.context.add_init_script(path=AXE)
            for view in ("", "#/jobs/birds", "#/jobs/unknown"):
                page.goto("about:blank")
                page.goto(f"{self.url}/{view}")
                ready = {"": page.get_by_role("link", name="birds"), "#/jobs/birds": page.get_by_role("img"),
                         "#/jobs/unknown": page.get_by_role("alert")}[view]
                expect(ready).to_be_visible()
                found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
                self.assertGreater(len(found["passes"]), 10)
                self.assertEqual([(each["id"], [node["html"] for node in each["nodes"]])
                                  for each in found["violations"]], [], (scheme, view))
            pages[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        self.assertEqual(pages, {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"})

    def test_narrow_screens_do_not_scroll_sideways(self):
        self.register()
        self.run_first()
        page = self.open_job(self.open_browser(viewport={"width": 320, "height": 640}))
        expect(page.get_by_role("img")).to_be_visible()
        page.wait_for_function("() => document.documentElement.scrollWidth <= window.innerWidth")

    def test_files_are_small_and_kept(self):
        self.page.goto(self.url)
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        targets = ["/"] + [urllib.parse.urlsplit(url).path for url in self.page.asked if "/assets/" in url]
        self.assertGreaterEqual(len(targets), 3)
        size = 0
        for target in targets:
            self.connection.request("GET", target)
            answer = self.connection.getresponse()
            size += len(answer.read())
            self.connection.request("GET", target, headers={"If-None-Match": answer.getheader("ETag")})
            again = self.connection.getresponse()
            self.assertEqual((again.status, again.read(), again.getheader("ETag")), (304, b"", answer.getheader("ETag")))
        self.assertLess(size, BUDGET_KB * 1024)


if __name__ == "__main__":
    unittest.main()
