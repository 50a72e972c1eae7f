import type { Arm, BatchSizeCosts, JobDetails, Trial } from "./api";
import { WideTable } from "./parts";
import { OUTCOME_TEXT, outcomeOf } from "./trial";
import { clock, joules, seconds } from "./units";

/** A belief of a mean cost, and one standard deviation of it. */
function beliefText(arm: Arm | undefined): string {
  if (arm === undefined) return "–";
  const precision = arm.precision === "inf" ? Number.POSITIVE_INFINITY : Number(arm.precision);
  if (!(precision > 0)) return "nothing yet";
  return `${joules(-Number(arm.mean))} ± ${joules(1 / Math.sqrt(precision))}`;
}

function roleOf(job: JobDetails, costs: BatchSizeCosts): string {
  const roles = [];
  if (costs.batch_size === job.default_batch_size) roles.push("default");
  if (job.min_cost_J !== null && costs.batch_size === job.min_cost_batch_size) roles.push("cheapest");
  if (job.arms.length > 0 && !job.arms.some((arm) => arm.batch_size === costs.batch_size)) roles.push("left out");
  return roles.join(", ");
}

export function BatchSizesTable({ job }: { job: JobDetails }) {
  return (
    <WideTable caption="Batch sizes, their costs, and what is believed of them">
      <thead>
        <tr>
          <th scope="col" class="number">
            Batch size
          </th>
          <th scope="col">Is</th>
          <th scope="col" class="number">
            Results
          </th>
          <th scope="col" class="number">
            Converged
          </th>
          <th scope="col" class="number">
            Mean cost, converged
          </th>
          <th scope="col" class="number">
            Lowest cost
          </th>
          <th scope="col" class="number">
            Believed mean cost
          </th>
        </tr>
      </thead>
      <tbody>
        {job.costs.map((costs) => (
          <tr key={costs.batch_size}>
            <th scope="row" class="number">
              {costs.batch_size}
            </th>
            <td>{roleOf(job, costs)}</td>
            <td class="number">{costs.results}</td>
            <td class="number">{costs.converged}</td>
            <td class="number">{joules(costs.mean_cost_J)}</td>
            <td class="number">{joules(costs.lowest_cost_J)}</td>
            <td class="number">{beliefText(job.arms.find((arm) => arm.batch_size === costs.batch_size))}</td>
          </tr>
        ))}
      </tbody>
    </WideTable>
  );
}

/** The newest run first. */
export function TrialsTable({ trials }: { trials: readonly Trial[] }) {
  return (
    <WideTable caption="Runs, the newest first">
      <thead>
        <tr>
          <th scope="col" class="number">
            Run
          </th>
          <th scope="col" class="number">
            Batch size
          </th>
          <th scope="col">Chosen by</th>
          <th scope="col">Outcome</th>
          <th scope="col" class="number">
            Cost
          </th>
          <th scope="col" class="number">
            Energy
          </th>
          <th scope="col" class="number">
            Time
          </th>
          <th scope="col">Began</th>
        </tr>
      </thead>
      <tbody>
        {[...trials].reverse().map((trial) => (
          <tr key={trial.trial_number}>
            <th scope="row" class="number">
              {trial.trial_number}
            </th>
            <td class="number">{trial.batch_size}</td>
            <td>{trial.type}</td>
            <td>{OUTCOME_TEXT[outcomeOf(trial)]}</td>
            <td class="number">{joules(trial.cost_J)}</td>
            <td class="number">{joules(trial.energy_J)}</td>
            <td class="number">{seconds(trial.time_s)}</td>
            <td>{clock(trial.begin_ms)}</td>
          </tr>
        ))}
      </tbody>
    </WideTable>
  );
}
