// deno-lint-ignore-file camelcase -- the transcripts name their steps so
/**
 * The steps that play clients and backends.
 *
 * @module
 */
import { Client, errnoOf, type Received } from "./client.ts";
import { toBytes, toText } from "./bytes.ts";
import type { Context } from "./context.ts";
import type { Step } from "./steps_format.ts";
import { type Handler, need, strings } from "./steps_common.ts";
import { eventually } from "./wait.ts";
import { sleep } from "../kit/wait.ts";

const TIMEOUT_S = 3;
/** Extra time on top of every timeout of a transcript, for a busy machine. */
const SLACK_MS = 1000;
/** After a connect or an end, so that the balancer sees things in the order of the steps. */
const SETTLE_S = 0.06;
const RECEIVE_SETTLE_S = 0.05;

/** What a network step gave: a text, or the name of an errno. */
type Outcome = { text: string; size: number } | { error: string };

/** The handlers by `op`. */
export const NETWORK_STEPS: Readonly<Record<string, Handler>> = {
  get: (context, step) => timed(context, step, () => get(context, step)),
  gets,
  connect: (context, step) => timed(context, step, () => connect(context, step)),
  send: (context, step) => attempt(context, step, (client) => sendText(client, step)),
  recv: (context, step) => timed(context, step, () => receive(context, step)),
  recv_all: (context, step) => timed(context, step, () => receiveAll(context, step)),
  upload: (context, step) => timed(context, step, () => upload(context, step, false)),
  upload_strict: (context, step) => timed(context, step, () => upload(context, step, true)),
  half_close: (context, step) => finish(context, step, (client) => client.halfClose()),
  close: (context, step) => finish(context, step, (client) => client.close()),
  reset: (context, step) => finish(context, step, (client) => client.reset()),
  backend_stop: (context, step) => backend(context, step).stop(),
  backend_start: (context, step) => backend(context, step).start(),
  backend_got: backendGot,
  backend_peers: backendPeers,
};

function patience(step: Step): number {
  return (step.timeout ?? TIMEOUT_S) * 1000 + SLACK_MS;
}

/** Runs a step, then compares its outcome and its duration. */
async function timed(
  context: Context,
  step: Step,
  run: () => Promise<Outcome>,
): Promise<void> {
  const start = performance.now();
  const outcome = await run().catch((error: unknown): Outcome => ({ error: errnoOf(error) }));
  const seconds = (performance.now() - start) / 1000;
  judge(context, step, outcome);
  if (step.expect_seconds !== undefined) checkDuration(context, seconds, step.expect_seconds);
}

/** At least about as long as recorded, at most a second longer. */
function checkDuration(context: Context, seconds: number, expected: number): void {
  if (seconds < expected * 0.9 - 0.1 || seconds > expected + 1) {
    context.fail(`took ${seconds.toFixed(2)} s, expected about ${expected} s`);
  }
}

function judge(context: Context, step: Step, outcome: Outcome): void {
  const got = "error" in outcome ? `error ${outcome.error}` : JSON.stringify(outcome.text);
  if (step.expect_error !== undefined) {
    if (!("error" in outcome) || outcome.error !== step.expect_error) {
      context.fail(`expected error ${step.expect_error}, got ${got}`);
    }
    return;
  }
  if ("error" in outcome) return context.fail(`got ${got}`);
  if (typeof step.expect !== "string" || `${outcome.size} bytes` === step.expect) return;
  context.compare("data", outcome.text, step.expect);
}

async function dial(context: Context, step: Step, from = step.from): Promise<Client> {
  const id = step.id;
  const { during = [], after = [], setup } = context.transcript;
  const later = [...(setup.steps ?? []), ...during, ...after];
  return await Client.connect({
    addr: context.fill(step.addr ?? "127.0.0.1"),
    port: context.port(need(step, "port")),
    from: from === undefined ? undefined : context.fill(from),
    resettable: id !== undefined && later.some((s) => s.op === "reset" && s.id === id),
  }, patience(step));
}

async function get(context: Context, step: Step, from = step.from): Promise<Outcome> {
  const client = await dial(context, step, from);
  try {
    if (step.send !== undefined) {
      await client.send(toBytes(context.fill(step.send)), patience(step));
    }
    if (step.half_close === true) await client.halfClose();
    return received(await client.receive(patience(step)));
  } finally {
    client.close();
  }
}

async function gets(context: Context, step: Step): Promise<void> {
  const sources = step.from_each ?? Array.from({ length: step.n ?? 1 }, () => undefined);
  const results: string[] = [];
  for (const from of sources) {
    const outcome = await get(context, step, from)
      .catch((error: unknown): Outcome => ({ error: errnoOf(error) }));
    results.push("error" in outcome ? outcome.error : outcome.text.replace(/\r?\n$/, ""));
    // The next one must find the balancer done with this one.
    await sleep(10);
  }
  context.compare("answers", results.join(" | "), strings(step.expect)?.join(" | "));
}

async function connect(context: Context, step: Step): Promise<Outcome> {
  context.clients.set(need(step, "id"), await dial(context, step));
  await sleep((step.settle ?? SETTLE_S) * 1000);
  return { text: "connected", size: 0 };
}

async function receive(context: Context, step: Step): Promise<Outcome> {
  const expected = typeof step.expect === "string" ? context.fill(step.expect).length : 1;
  const result = await client(context, step).receive(
    patience(step),
    (step.settle ?? RECEIVE_SETTLE_S) * 1000,
    (size) => expected > 0 && size >= expected,
  );
  if (result.end === "timeout" && result.data.length > 0) {
    return received({ ...result, end: "eof" });
  }
  return received(result);
}

async function receiveAll(context: Context, step: Step): Promise<Outcome> {
  const result = await client(context, step).receive(patience(step));
  const complete = result.data.length > 0 && `${result.data.length} bytes` === step.expect;
  return received(complete ? { ...result, end: "eof" } : result);
}

function received({ data, end }: Received): Outcome {
  if (end !== "eof") return { error: data.length > 0 ? `${end} after ${data.length} bytes` : end };
  return { text: toText(data), size: data.length };
}

/** Sends without reading; `upload` does not mind a peer that goes away meanwhile. */
async function upload(context: Context, step: Step, strict: boolean): Promise<Outcome> {
  const data = new Uint8Array(step.bytes ?? 0).fill(0x78);
  const sending = client(context, step).send(data, patience(step));
  if (strict || step.expect_error !== undefined) await sending;
  else await sending.catch(() => {});
  return { text: "sent", size: data.length };
}

async function sendText(client: Client, step: Step): Promise<void> {
  await client.send(toBytes(need(step, "data")), patience(step));
}

/** Runs a step whose only outcome is that it works, or the error that is expected. */
async function attempt(
  context: Context,
  step: Step,
  act: (client: Client) => void | Promise<void>,
): Promise<void> {
  let outcome: Outcome = { text: step.expect === undefined ? "" : String(step.expect), size: 0 };
  try {
    await act(client(context, step));
  } catch (error) {
    outcome = { error: errnoOf(error) };
  }
  judge(context, step, outcome);
}

/** Ends a connection or one side of it, and lets the balancer notice. */
async function finish(
  context: Context,
  step: Step,
  act: (client: Client) => void | Promise<void>,
): Promise<void> {
  await attempt(context, step, act);
  await sleep((step.settle ?? SETTLE_S) * 1000);
}

function client(context: Context, step: Step): Client {
  const found = context.clients.get(need(step, "id"));
  if (found === undefined) throw new Error(`no connection named ${step.id}`);
  return found;
}

function backend(
  context: Context,
  step: Step,
): NonNullable<ReturnType<Context["backends"]["get"]>> {
  const found = context.backends.get(need(step, "name"));
  if (found === undefined) throw new Error(`no backend named ${step.name}`);
  return found;
}

async function backendGot(context: Context, step: Step): Promise<void> {
  const expected = typeof step.expect === "string" ? step.expect : undefined;
  const got = await eventually(
    () => backend(context, step).got(step.n ?? 0),
    (text) => text !== undefined && expected !== "" && context.agrees(text, expected ?? text),
  );
  if (got === undefined) context.fail(`had no connection ${step.n ?? 0}`);
  else context.compare("received", got, expected);
}

async function backendPeers(context: Context, step: Step): Promise<void> {
  const expected = strings(step.expect)?.join(" ");
  const peers = await eventually(
    () => backend(context, step).peers().join(" "),
    (text) => expected === undefined || context.agrees(text, expected),
  );
  context.compare("peers", peers, expected);
}
