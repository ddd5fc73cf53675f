/**
 * `-c` and `-i`: what a control client prints, to the byte as the classic.
 *
 * @module
 */
import { formatBanner, formatPrompt } from "../core/report/report.ts";
import { ControlClient, type Instance } from "./client.ts";
import { readLines, writeText } from "../system/lines.ts";

/** Longest line that is read from stdin, in bytes. */
const MAX_INPUT_LINE = 1024 * 1024;

/** `-c`: one command, its answer on stdout. */
export async function runCommand(instance: Instance, command: string): Promise<void> {
  using client = await ControlClient.open(instance);
  await writeText(Deno.stdout, (await client.ask(command)).text);
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
  for await (const line of readLines(Deno.stdin, MAX_INPUT_LINE)) {
    const reply = await client.ask(line);
    group = reply.group;
    await writeText(Deno.stdout, reply.text);
    if (reply.bye) return;
    await writeText(Deno.stdout, formatPrompt(group));
  }
  await writeText(Deno.stdout, "\n");
}
