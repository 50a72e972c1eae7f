import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { keepToken } from "./api";
import { needsToken, type Polled } from "./poll";
import { clock } from "./units";

/** A view's heading. Where the reader came by a link within the page, it takes the focus, as a new page would. */
export function Heading({
  title,
  takesFocus,
  children,
}: {
  title: string;
  takesFocus: boolean;
  children: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – Zeus`;
    if (takesFocus) heading.current?.focus();
  }, [title, takesFocus]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

/** What a server that does not answer, or does not as it should, leaves to be said. */
export function Trouble({ polled }: { polled: Polled<unknown> }) {
  if (polled.problem === undefined) return null;
  if (needsToken(polled.problem)) return <TokenForm why={polled.problem.message} />;
  const since = polled.at > 0 ? ` What is shown here is of ${clock(polled.at)}.` : "";
  return (
    <p class="trouble" role="alert">
      The server does not answer as it should: {polled.problem.message}.{since}
    </p>
  );
}

/** Asks for what the server asks for. The next request sends it. */
function TokenForm({ why }: { why: string }) {
  const keep = (event: Event) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    keepToken(String(data.get("token")).trim());
  };
  return (
    <form class="token" onSubmit={keep}>
      <p class="trouble" role="alert">
        {why}
      </p>
      <label>
        Token <input name="token" type="password" autocomplete="off" required pattern="\s*[!-~]+\s*" />
      </label>{" "}
      <button type="submit">Use it</button>
    </form>
  );
}

/** Read out by screen readers whenever its text changes. */
export function Announcement({ text }: { text: string }) {
  return <output class="announcement">{text}</output>;
}

/** A table that may be wider than the page. It can be scrolled by keyboard, too. */
export function WideTable({ caption, children }: { caption: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="wide" aria-label={caption} tabIndex={0}>
      <table>
        <caption>{caption}</caption>
        {children}
      </table>
    </section>
  );
}
