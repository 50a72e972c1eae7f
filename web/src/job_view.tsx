import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { getJob, getLastTrials, type JobDetails, type Savings, type Trial } from "./api";
import { CostPlot } from "./cost_plot";
import { Announcement, Heading, Trouble } from "./parts";
import { isGone, usePolled } from "./poll";
import { BatchSizesTable, TrialsTable } from "./tables";
import { newsOf } from "./trial";
import { counted, joules, percent, seconds } from "./units";

const COUNTS = [100, 300, 1000];
const STAGE_TEXT = {
  exploration: "exploration: each batch size is tried, and those that do not converge are left out",
  bandit: "bandit: the batch size that is likely to cost least is chosen, and the others now and then",
};

interface Known {
  job: JobDetails;
  trials: Trial[];
  /** What was new in it, for a screen reader. */
  news: string;
}

async function ask(id: string, count: number, signal: AbortSignal, last: Known | undefined): Promise<Known> {
  const job = await getJob(id, signal);
  // Whatever changes in a trial changes a count of the job's.
  if (last !== undefined && JSON.stringify(last.job) === JSON.stringify(job)) return last;
  const trials = await getLastTrials(job, count, signal);
  return { job, trials, news: last === undefined ? "" : newsOf(last.trials, trials) || last.news };
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function savedText(spent: number, byDefault: number, text: (value: number) => string): string {
  const saved = byDefault - spent;
  return `${percent(saved, byDefault)} (${text(saved)})`;
}

function SavingsFacts({ savings, job }: { savings: Savings | null; job: JobDetails }) {
  if (savings === null) {
    return (
      <p>What is saved can be said once a run of the default batch size, {job.default_batch_size}, has converged.</p>
    );
  }
  const { spent, by_default: byDefault } = savings;
  return (
    <>
      <p>
        All {counted(savings.converged, "converged run")}, with what was spent on those that did not converge, against
        as many runs of the default batch size, {job.default_batch_size}:
      </p>
      <dl class="facts">
        <Fact name="Energy saved">{savedText(spent.energy_J, byDefault.energy_J, joules)}</Fact>
        <Fact name="Time saved">{savedText(spent.time_s, byDefault.time_s, seconds)}</Fact>
        <Fact name="Cost saved">{savedText(spent.cost_J, byDefault.cost_J, joules)}</Fact>
      </dl>
    </>
  );
}

function JobFacts({ job }: { job: JobDetails }) {
  const running = job.trials - job.trials_succeeded - job.trials_failed;
  return (
    <dl class="facts">
      <Fact name="Stage">{STAGE_TEXT[job.stage]}</Fact>
      <Fact name="Runs">
        {job.trials} begun, {running} under way, {job.trials_failed} given up
      </Fact>
      <Fact name="Cheapest run">
        {job.min_cost_J === null ? "none yet" : `${joules(job.min_cost_J)} with batch size ${job.min_cost_batch_size}`}
      </Fact>
      <Fact name="Target">
        a metric of {job.target_metric} or {job.higher_is_better_metric ? "more" : "less"}, within{" "}
        {counted(job.max_epochs, "epoch")}
      </Fact>
      <Fact name="Cost">
        {job.eta_knob} × energy + {Number((1 - job.eta_knob).toPrecision(6))} × {job.max_power} W × time
        {job.beta_knob !== null && `; runs are ended at ${job.beta_knob} times the lowest`}
        {job.cost_bound_J !== null && `, now at ${joules(job.cost_bound_J)}`}
      </Fact>
      {job.window_size > 0 && (
        <Fact name="Drift window">
          the latest {counted(job.window_size, "result")} of each batch size{" "}
          {job.window_size === 1 ? "counts" : "count"}
        </Fact>
      )}
      <Fact name="GPUs">
        {job.number_of_gpus} × <bdi>{job.gpu_model}</bdi>
      </Fact>
    </dl>
  );
}

function Details({ known, count, setCount }: { known: Known; count: number; setCount: (count: number) => void }) {
  const { job, trials } = known;
  return (
    <>
      <JobFacts job={job} />
      <h2>Saved</h2>
      <SavingsFacts savings={job.savings} job={job} />
      <h2>Batch sizes</h2>
      <BatchSizesTable job={job} />
      <h2>Runs</h2>
      {job.trials > (COUNTS[0] ?? 0) && (
        <p>
          <label>
            Show the last{" "}
            <select value={count} onChange={(event) => setCount(Number(event.currentTarget.value))}>
              {COUNTS.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>{" "}
            of {job.trials} runs
          </label>
        </p>
      )}
      {trials.length === 0 ? (
        <p>None has begun.</p>
      ) : (
        <>
          <CostPlot job={job} trials={trials} />
          <TrialsTable trials={trials} />
        </>
      )}
    </>
  );
}

/** All that is known of a job. */
export function JobView({ id, takesFocus }: { id: string; takesFocus: boolean }) {
  const [count, setCount] = useState(COUNTS[0] ?? 100);
  const polled = usePolled<Known>(`${count} ${id}`, (signal, last) => ask(id, count, signal, last));
  const gone = isGone(polled.problem);
  return (
    <main>
      <nav aria-label="Back">
        <a href="#/">All jobs</a>
      </nav>
      <Heading title={id} takesFocus={takesFocus}>
        Job <bdi>{id}</bdi>
      </Heading>
      {gone ? <p role="alert">There is no such job.</p> : <Trouble polled={polled} />}
      <Announcement text={polled.value?.news ?? (polled.problem ? "" : "Loading")} />
      {polled.value && !gone && <Details known={polled.value} count={count} setCount={setCount} />}
    </main>
  );
}
