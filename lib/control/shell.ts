/**
 * `-c` and `-i`: what a control client prints, to the byte as the classic.
 *
 * @module
 */
import { commandOf } from "../core/control/interpreter.ts";
import { WATCH } from "../core/control/commands/connections.ts";
import { formatBanner, formatPrompt } from "../core/report/report.ts";
import { EXIT } from "../core/errors.ts";
import { askPatiently, askUntil, writeNow } from "./asking.ts";
import { ControlClient, type Instance } from "./client.ts";
import { readLines, writeText } from "../system/lines.ts";

/** Longest line that is read from stdin, in bytes. */
const MAX_INPUT_LINE = 1024 * 1024;

/**
 * `-c`: one command, its answer on stdout.
 *
 * @returns Exit code.
 */
export async function runCommand(instance: Instance, command: string): Promise<number> {
  using client = await ControlClient.open(instance);
  const watches = commandOf(command) === WATCH;
  const asked = askPatiently(client, command, watches ? writeNow : undefined);
  // Whoever interrupts a watch has seen enough.
  const reply = await (watches ? Promise.race([asked, interruption()]) : asked);
  if (reply === undefined) return EXIT.ok;
  await writeText(Deno.stdout, reply.text);
  return reply.status;
}

/** `-i`: banner, then prompt, line and answer until `quit` or the end of stdin. */
export async function runInteractive(instance: Instance): Promise<void> {
  using client = await ControlClient.open(instance);
  await writeText(Deno.stdout, formatBanner(client.pid));
  if (Deno.stdin.isTerminal() && Deno.stdout.isTerminal()) {
    const { converseOnTerminal } = await import("./line_editor.ts");
    return await converseOnTerminal(client);
  }
  let group = 0;
  await writeText(Deno.stdout, formatPrompt(group));
  const lines = readLines(Deno.stdin, MAX_INPUT_LINE);
  for (let next = lines.next();;) {
    const { value: line } = await next;
    if (line === undefined) break;
    next = lines.next();
    // A drain in a script is waited for; a watch would have no other end.
    const reply = commandOf(line) === WATCH
      ? await askUntil(client, line, next)
      : await askPatiently(client, line);
    group = reply.group;
    await writeText(Deno.stdout, reply.text);
    if (reply.bye) return;
    await writeText(Deno.stdout, formatPrompt(group));
  }
  await writeText(Deno.stdout, "\n");
}

/** Resolves at Ctrl-C. */
function interruption(): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGINT", () => resolve(undefined));
  return promise;
}
