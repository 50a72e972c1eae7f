import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { JobView } from "./job_view";
import { JobsView } from "./jobs_view";
import { useOpenJob } from "./route";
import "./style.css";

function Page() {
  const id = useOpenJob();
  const shown = useRef(false);
  useEffect(() => {
    shown.current = true;
  }, []);
  return (
    <>
      <header>
        <a href="#/">Zeus</a>
      </header>
      {id === undefined ? (
        <JobsView takesFocus={shown.current} />
      ) : (
        <JobView key={id} id={id} takesFocus={shown.current} />
      )}
    </>
  );
}

const root = document.getElementById("page");
if (root) render(<Page />, root);
