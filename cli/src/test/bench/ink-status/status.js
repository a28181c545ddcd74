// The same work as 'helm status': the kept token, one GET of /api/status, one line, an exit code.
import { readFileSync } from "node:fs";
import { join } from "node:path";

// Production React; without it Ink would carry React's development build.
process.env.NODE_ENV ??= "production";
const { createElement: h } = await import("react");
const { render, Text } = await import("ink");

const kept = JSON.parse(readFileSync(join(process.env.HELM_HOME, "cli-token.json"), "utf8"));
if (new Date(kept.expiresAt) < new Date()) throw new Error("the token has ended");
const answer = await fetch(new URL("/api/status", kept.url), {
  headers: { authorization: `Bearer ${kept.token}` },
});
if (!answer.ok) throw new Error(`status ${answer.status}`);
const { backend, activeRuns } = await answer.json();
const healthy = backend === "healthy";
const runs = activeRuns === 1 ? "1 active run" : `${activeRuns} active runs`;
const { unmount, waitUntilExit } = render(
  h(Text, null, h(Text, { color: healthy ? "green" : "red" }, "●"), ` backend ${backend} · ${runs}`),
);
unmount();
await waitUntilExit();
process.exit(healthy ? 0 : 1);
