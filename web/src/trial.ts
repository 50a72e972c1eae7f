import type { Trial } from "./api";
import { joules } from "./units";

export type Outcome = "running" | "converged" | "missed" | "given-up";

export function outcomeOf(trial: Trial): Outcome {
  if (trial.status === "dispatched") return "running";
  if (trial.status === "failed") return "given-up";
  return trial.converged ? "converged" : "missed";
}

export const OUTCOME_TEXT: Record<Outcome, string> = {
  running: "under way",
  converged: "converged",
  missed: "did not converge",
  "given-up": "given up",
};

/** "Run 3, batch size 16: converged, 12.30 kJ". */
export function describe(trial: Trial): string {
  const cost = trial.cost_J === null ? "" : `, ${joules(trial.cost_J)}`;
  return `Run ${trial.trial_number}, batch size ${trial.batch_size}: ${OUTCOME_TEXT[outcomeOf(trial)]}${cost}`;
}

/** What is new since `before`, as a sentence; empty when nothing is. */
export function newsOf(before: readonly Trial[], now: readonly Trial[]): string {
  const known = new Map(before.map((trial) => [trial.trial_number, trial.status]));
  const changed = now.filter((trial) => known.get(trial.trial_number) !== trial.status);
  const [only] = changed;
  if (only !== undefined && changed.length === 1) return describe(only);
  return changed.length === 0 ? "" : `${changed.length} runs have begun or ended`;
}
