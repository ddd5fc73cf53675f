/**
 * The interactive shell on a terminal: line editing, history and completion, by the runtime's readline.
 *
 * @module
 */
import { stdin, stdout } from "node:process";
import { createInterface } from "node:readline/promises";
import { commandOf, COMMANDS } from "../core/control/interpreter.ts";
import { formatPrompt } from "../core/report/report.ts";
import type { ControlClient } from "./client.ts";
import { askUntil } from "./asking.ts";
import { writeText } from "../system/lines.ts";

/** Converses until `quit`, Ctrl-D or Ctrl-C. */
export async function converseOnTerminal(client: ControlClient): Promise<void> {
  const terminal = createInterface({ input: stdin, output: stdout, completer: complete });
  try {
    let closed = false;
    const ended = new Promise<undefined>((resolve) =>
      terminal.once("close", () => {
        closed = true;
        resolve(undefined);
      })
    );
    for (let group = 0;;) {
      const line = await Promise.race([terminal.question(formatPrompt(group)), ended]);
      if (line === undefined) return await writeText(Deno.stdout, "\n");
      // Enter ends what goes on, and so does the end of the session.
      const enter = Promise.race([new Promise((resolve) => terminal.once("line", resolve)), ended]);
      const reply = commandOf(line)?.follows === true
        ? await askUntil(client, line, enter)
        : await client.ask(line);
      group = reply.group;
      await writeText(Deno.stdout, reply.text);
      if (reply.bye || closed) return;
    }
  } finally {
    terminal.close();
  }
}

function complete(line: string): [string[], string] {
  const names = COMMANDS.map(({ name }) => name).filter((name) => name.startsWith(line));
  return [names, line];
}
