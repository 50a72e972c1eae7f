// What the server says: docs/http-api.md. Figures are computed there, not here.

export interface Job {
  job_id: string;
  batch_sizes: number[];
  default_batch_size: number;
  eta_knob: number;
  beta_knob: number | null;
  target_metric: number;
  higher_is_better_metric: boolean;
  max_epochs: number;
  window_size: number;
  max_power: number;
  number_of_gpus: number;
  gpu_model: string;
  stage: "exploration" | "bandit";
  min_cost_J: number | null;
  min_cost_batch_size: number;
  trials: number;
}

export interface Arm {
  batch_size: number;
  observations: number;
  mean: number | string; // Of the reward, which is -cost in J; "inf", "-inf" or "nan" where it is no finite number.
  precision: number | string;
}

export interface BatchSizeCosts {
  batch_size: number;
  results: number;
  converged: number;
  mean_cost_J: number | null;
  lowest_cost_J: number | null;
}

export interface Spent {
  energy_J: number;
  time_s: number;
  cost_J: number;
}

export interface Savings {
  converged: number;
  spent: Spent;
  by_default: Spent;
}

export interface JobDetails extends Job {
  cost_bound_J: number | null; // What a run may cost before it is stopped.
  trials_succeeded: number;
  trials_failed: number;
  arms: Arm[];
  costs: BatchSizeCosts[];
  savings: Savings | null;
}

export interface Trial {
  trial_number: number;
  batch_size: number;
  type: "exploration" | "concurrent" | "bandit";
  status: "dispatched" | "succeeded" | "failed";
  begin_ms: number;
  end_ms: number | null;
  energy_J: number | null;
  time_s: number | null;
  converged: boolean | null;
  cost_J: number | null;
}

export interface JobsPage {
  jobs: Job[];
  next: string | null;
}

/** The server answered, but not with what was asked for. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

function messageOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { message, detail, error } = body as { message?: unknown; detail?: unknown; error?: unknown };
  return [message, detail, error].find((words) => typeof words === "string") as string | undefined;
}

const TOKEN = "token";

/** Kept as long as the tab is open. */
export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

function authorization(): Record<string, string> {
  const token = sessionStorage.getItem(TOKEN);
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

async function get<T>(path: string, signal: AbortSignal): Promise<T> {
  const answer = await fetch(path, { signal, cache: "no-store", headers: authorization() });
  const body: unknown = await answer.json().catch(() => undefined);
  if (!answer.ok) throw new Refused(answer.status, messageOf(body) ?? `status ${answer.status}`);
  if (body === undefined) throw new Refused(answer.status, "its answer is no JSON");
  return body as T;
}

export function getJobs(after: string, limit: number, signal: AbortSignal): Promise<JobsPage> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (after !== "") query.set("after", after);
  return get(`/jobs?${query}`, signal);
}

export function getJob(id: string, signal: AbortSignal): Promise<JobDetails> {
  return get(`/jobs/${encodeURIComponent(id)}`, signal);
}

/** The last `count` trials, by their numbers, which have no gaps. */
export async function getLastTrials(job: JobDetails, count: number, signal: AbortSignal): Promise<Trial[]> {
  const query = new URLSearchParams({ after: String(Math.max(0, job.trials - count)), limit: String(count) });
  const page = await get<{ trials: Trial[] }>(`/jobs/${encodeURIComponent(job.job_id)}/trials?${query}`, signal);
  return page.trials;
}
