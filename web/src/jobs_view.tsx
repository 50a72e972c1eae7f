import { useState } from "preact/hooks";
import { getJobs, type Job } from "./api";
import { Announcement, Heading, Trouble, WideTable } from "./parts";
import { usePolled } from "./poll";
import { addressOfJob } from "./route";
import { counted, joules } from "./units";

const PAGE = 100;

function JobRow({ job }: { job: Job }) {
  return (
    <tr>
      <th scope="row">
        <a href={addressOfJob(job.job_id)}>
          <bdi>{job.job_id}</bdi>
        </a>
      </th>
      <td>{job.stage}</td>
      <td class="number">{job.trials}</td>
      <td class="number">{job.min_cost_J === null ? "–" : job.min_cost_batch_size}</td>
      <td class="number">{joules(job.min_cost_J)}</td>
      <td>
        {job.number_of_gpus} × <bdi>{job.gpu_model}</bdi>
      </td>
    </tr>
  );
}

/** All jobs, a page at a time. */
export function JobsView({ takesFocus }: { takesFocus: boolean }) {
  const [after, setAfter] = useState("");
  const polled = usePolled(`jobs after ${after}`, (signal) => getJobs(after, PAGE, signal));
  const page = polled.value;
  const first = after === "";
  const said = page && `${counted(page.jobs.length, "job")}${first && page.next === null ? "" : " on this page"}`;
  return (
    <main>
      <Heading title="Jobs" takesFocus={takesFocus}>
        Jobs
      </Heading>
      <Trouble polled={polled} />
      <Announcement text={said ?? (polled.problem ? "" : "Loading")} />
      {page && page.jobs.length > 0 && (
        <WideTable caption="Jobs and what is known of them">
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">Stage</th>
              <th scope="col" class="number">
                Runs
              </th>
              <th scope="col" class="number">
                Cheapest batch size
              </th>
              <th scope="col" class="number">
                Its lowest cost
              </th>
              <th scope="col">GPUs</th>
            </tr>
          </thead>
          <tbody>
            {page.jobs.map((job) => (
              <JobRow key={job.job_id} job={job} />
            ))}
          </tbody>
        </WideTable>
      )}
      {page && first && page.jobs.length === 0 && (
        <p>No job has been registered. Training scripts register theirs with POST /jobs.</p>
      )}
      {page && !(first && page.next === null) && (
        <nav aria-label="Pages of jobs">
          <button type="button" disabled={first} onClick={() => setAfter("")}>
            First page
          </button>
          <button type="button" disabled={page.next === null} onClick={() => setAfter(page.next ?? "")}>
            Next page
          </button>
        </nav>
      )}
    </main>
  );
}
