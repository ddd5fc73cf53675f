/**
 * `set`: options that are changed while the instance runs.
 *
 * @module
 */
import {
  changeOption,
  formatLiveOption,
  formatLiveOptions,
  LIVE_OPTIONS,
} from "../../command_line/live_options.ts";
import { EXIT } from "../../errors.ts";
import { printable } from "../../text.ts";
import { answer, type Command, type Context, type Outcome } from "./command.ts";

/** `set` */
export const SET: Command = {
  name: "set",
  operands: "[<option> [<value>]]",
  run: set,
};

function set([name, ...words]: readonly string[], context: Context): Outcome {
  const { start, configured } = context.supplies ?? {};
  if (start === undefined) return { kind: "need", need: { kind: "start" } };
  const { options: given, port } = start;
  const said = (lines: readonly string[], status = 0): Outcome =>
    answer(context, lines.map(printable), [], { status });
  if (name === undefined) return said(formatLiveOptions(given));
  if (words.length === 0 && LIVE_OPTIONS.includes(name)) {
    return said([formatLiveOption(given, name)]);
  }
  if (configured !== undefined) return said([configured]);
  const live = changeOption(given, port, name, words.join(" "));
  if (typeof live === "string") return said([live], EXIT.usage);
  return { kind: "need", need: { kind: "configure", live, name } };
}
