// Runs rows on other ports of this host. A port is an origin, and browsers share no connections between origins: so one
// script's fault cannot disturb another's, and several can run at one time.

// Longer than a row's two attempts, its report and the frame's own loading take.
const PATIENCE_MS = 60_000;

/**
 * Runs a row in a frame whose page comes from this port: what `run` of run.js resolves to. Where that page does not come,
 * or says nothing, the outcome is `lost`: nothing is known of the row, and the others go on.
 */
export async function runElsewhere(row, port) {
  const origin = `${location.protocol}//${location.hostname}:${port}`;
  const frame = document.createElement("iframe");
  frame.className = "elsewhere";
  frame.title = row.title;
  frame.src = `${origin}/apart.html`;
  try {
    return await conversation(frame, origin, row);
  } catch (error) {
    return { outcome: "lost", status: null, error: error.message, content: "", attempts: 0, connections: 0, codes: [], then: null, ms: 0 };
  } finally {
    frame.remove();
  }
}

function conversation(frame, origin, row) {
  return new Promise((resolve, reject) => {
    const end = (settle, value) => {
      clearTimeout(timer);
      removeEventListener("message", hear);
      settle(value);
    };
    const hear = ({ data, source }) => {
      if (source !== frame.contentWindow) return;
      if (data === "ready") frame.contentWindow.postMessage(row, origin);
      else if (data.fault) end(reject, new Error(data.fault));
      else end(resolve, data);
    };
    const timer = setTimeout(() => end(reject, new Error(`${origin} did not answer`)), PATIENCE_MS);
    addEventListener("message", hear);
    document.body.append(frame);
  });
}

/** Does the work for each item, for at most so many at one time; resolves to what it resolved to, in the items' order. */
export async function severalAtOnce(items, most, work) {
  const done = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      done[at] = await work(items[at], at);
    }
  };
  await Promise.all(Array.from({ length: most }, worker));
  return done;
}
