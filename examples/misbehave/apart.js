// One script on an origin of its own, in a frame of the index: it is sent a row, and sends back what came of it.

import { run } from "./run.js";

async function answer({ data, source, origin }) {
  const got = await run(data).catch((error) => ({ fault: String(error) }));
  source.postMessage(got, origin);
}

addEventListener("message", answer, { once: true });
parent.postMessage("ready", "*");
