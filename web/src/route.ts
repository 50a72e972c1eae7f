import { useEffect, useState } from "preact/hooks";

// The address after the #: "/jobs/ID" is a job, all else the list. ID is escaped.
const JOB = /^#\/jobs\/([^/]+)$/;

export function addressOfJob(id: string): string {
  return `#/jobs/${encodeURIComponent(id)}`;
}

function jobOfAddress(address: string): string | undefined {
  const escaped = JOB.exec(address)?.[1];
  if (escaped === undefined) return undefined;
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}

/** The id of the job that is open, or undefined for the list. */
export function useOpenJob(): string | undefined {
  const [job, setJob] = useState(() => jobOfAddress(window.location.hash));
  useEffect(() => {
    const follow = () => setJob(jobOfAddress(window.location.hash));
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  return job;
}
