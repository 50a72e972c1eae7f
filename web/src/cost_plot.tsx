import { useEffect, useRef, useState } from "preact/hooks";
import type { JobDetails, Trial } from "./api";
import { linear, ticks } from "./scale";
import { describe, OUTCOME_TEXT, type Outcome, outcomeOf } from "./trial";
import { counted, joules, joulesUnit } from "./units";

const LEFT = 64;
const RIGHT = 12;
const TOP = 26;
const COST_HEIGHT = 240;
const GAP = 46;
const BOTTOM = 44;
const ROW = 18;
// Of the lower panel; with more batch sizes than fit, some rows have no label.
const MOST_HEIGHT = 320;
const SIZE = 4.5;

/** A shape for each outcome: none is told by its colour alone. */
function Mark({ outcome, x, y }: { outcome: Outcome; x: number; y: number }) {
  if (outcome === "missed") {
    const cross = `M${x - SIZE} ${y - SIZE}l${2 * SIZE} ${2 * SIZE}m0 ${-2 * SIZE}l${-2 * SIZE} ${2 * SIZE}`;
    return <path class={outcome} d={cross} />;
  }
  if (outcome === "given-up") return <path class={outcome} d={`M${x - SIZE} ${y}h${2 * SIZE}`} />;
  return <circle class={outcome} cx={x} cy={y} r={SIZE} />;
}

function Legend({ outcomes }: { outcomes: readonly Outcome[] }) {
  return (
    <ul class="legend">
      {outcomes.map((outcome) => (
        <li key={outcome}>
          <svg class="plot" width="14" height="14" aria-hidden="true">
            <Mark outcome={outcome} x={7} y={7} />
          </svg>
          {OUTCOME_TEXT[outcome]}
        </li>
      ))}
      <li>
        <svg class="plot" width="24" height="14" aria-hidden="true">
          <path class="default" d="M0 7h24" />
        </svg>
        mean cost of the default batch size
      </li>
    </ul>
  );
}

interface PlotSize {
  width: number;
  costBottom: number;
  sizesTop: number;
  sizesBottom: number;
  height: number;
}

function CostAxis({ y, highest, size }: { y: (cost: number) => number; highest: number; size: PlotSize }) {
  const unit = joulesUnit(highest);
  return (
    <g class="cost-axis">
      <text x={LEFT} y={TOP - 12}>
        Cost of a run, {unit.name}
      </text>
      {ticks(0, highest / unit.joules).map((tick) => (
        <g key={tick}>
          <path class="grid" d={`M${LEFT} ${y(tick * unit.joules)}H${size.width - RIGHT}`} />
          <text class="tick" x={LEFT - 8} y={y(tick * unit.joules) + 4} text-anchor="end">
            {Number(tick.toPrecision(6))}
          </text>
        </g>
      ))}
    </g>
  );
}

function BatchSizeAxis({ job, y, size }: { job: JobDetails; y: (batchSize: number) => number; size: PlotSize }) {
  const rows = job.batch_sizes;
  const every = Math.ceil((rows.length * 14) / (size.sizesBottom - size.sizesTop));
  return (
    <g class="size-axis">
      <text x={LEFT} y={size.sizesTop - 12}>
        Batch size
      </text>
      {rows.map((batchSize, row) => (
        <g key={batchSize}>
          <path class="grid" d={`M${LEFT} ${y(batchSize)}H${size.width - RIGHT}`} />
          {row % every === 0 && (
            <text class="tick" x={LEFT - 8} y={y(batchSize) + 4} text-anchor="end">
              {batchSize}
            </text>
          )}
        </g>
      ))}
    </g>
  );
}

function summary(job: JobDetails, trials: readonly Trial[]): string {
  const ended = trials.filter((trial) => trial.cost_J !== null);
  const costs = ended.map((trial) => trial.cost_J ?? 0);
  const range =
    costs.length > 0 ? ` They cost from ${joules(Math.min(...costs))} to ${joules(Math.max(...costs))}.` : "";
  return `${counted(trials.length, "run")}, of which ${ended.length} came to an end.${range} The default batch size is ${job.default_batch_size}. The table of runs has the same numbers.`;
}

/** What each run cost, and below it which batch size it had. The table of runs tells the same to those who cannot see it. */
export function CostPlot({ job, trials }: { job: JobDetails; trials: readonly Trial[] }) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(760);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(280, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const costBottom = TOP + COST_HEIGHT;
  const sizesTop = costBottom + GAP;
  const sizesBottom = sizesTop + Math.min(MOST_HEIGHT, ROW * job.batch_sizes.length);
  const size: PlotSize = { width, costBottom, sizesTop, sizesBottom, height: sizesBottom + BOTTOM };

  const byDefault = job.costs.find((each) => each.batch_size === job.default_batch_size)?.mean_cost_J ?? null;
  const highest = 1.05 * Math.max(...trials.map((trial) => trial.cost_J ?? 0), byDefault ?? 0) || 1;
  const firstRun = trials[0]?.trial_number ?? 1;
  const lastRun = Math.max(trials[trials.length - 1]?.trial_number ?? 1, firstRun + 9);
  const x = linear([firstRun, lastRun], [LEFT + 10, width - RIGHT - 10]);
  const y = linear([0, highest], [costBottom, TOP]);
  const inset = (sizesBottom - sizesTop) / job.batch_sizes.length / 2;
  const row = linear([0, job.batch_sizes.length - 1], [sizesBottom - inset, sizesTop + inset]);
  const yOfSize = (batchSize: number) => row(job.batch_sizes.indexOf(batchSize));
  const outcomes = (["converged", "missed", "running", "given-up"] as const).filter((outcome) =>
    trials.some((trial) => outcomeOf(trial) === outcome),
  );

  return (
    <figure>
      <figcaption>Cost and batch size of each run</figcaption>
      <Legend outcomes={outcomes} />
      <div ref={frame}>
        <svg class="plot" role="img" aria-labelledby="plot-summary" width={width} height={size.height}>
          <desc id="plot-summary">{summary(job, trials)}</desc>
          <CostAxis y={y} highest={highest} size={size} />
          <BatchSizeAxis job={job} y={yOfSize} size={size} />
          {byDefault !== null && <path class="default" d={`M${LEFT} ${y(byDefault)}H${width - RIGHT}`} />}
          <path class="axis" d={`M${LEFT} ${costBottom}H${width - RIGHT}M${LEFT} ${sizesBottom}H${width - RIGHT}`} />
          {ticks(firstRun, lastRun, 1).map((run) => (
            <text class="tick" key={run} x={x(run)} y={sizesBottom + 18} text-anchor="middle">
              {run}
            </text>
          ))}
          <text x={(LEFT + width - RIGHT) / 2} y={size.height - 6} text-anchor="middle">
            Run
          </text>
          {trials.map((trial) => (
            <g class="run" key={trial.trial_number} data-run={trial.trial_number}>
              <title>{describe(trial)}</title>
              {trial.cost_J !== null && (
                <Mark outcome={outcomeOf(trial)} x={x(trial.trial_number)} y={y(trial.cost_J)} />
              )}
              <Mark outcome={outcomeOf(trial)} x={x(trial.trial_number)} y={yOfSize(trial.batch_size)} />
            </g>
          ))}
        </svg>
      </div>
    </figure>
  );
}
