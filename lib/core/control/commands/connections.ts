/**
 * Commands that tell of connections: those that live, how others ended, and what happens.
 *
 * @module
 */
import { formatCauses, formatConnections } from "../../report/connections.ts";
import { formatJson } from "../../text.ts";
import { namedSlot } from "./channel.ts";
import { answer, type Command, type Context, type Outcome } from "./command.ts";

/** `conns` */
export const CONNS: Command = {
  name: "conns",
  operands: "[<channel>] [json]",
  run: (words, context) =>
    ofChannel(words, context, (slot, json) => {
      const connections = context.supplies?.connections;
      if (connections === undefined) return { kind: "need", need: { kind: "connections", slot } };
      return answer(context, json ? [formatJson(connections)] : formatConnections(connections));
    }),
};

/** `causes` */
export const CAUSES: Command = {
  name: "causes",
  operands: "[<channel>] [json]",
  run: (words, context) =>
    ofChannel(words, context, (slot, json) => {
      const causes = context.supplies?.causes;
      if (causes === undefined) return { kind: "need", need: { kind: "causes", slot } };
      return answer(context, json ? [formatJson(causes)] : formatCauses(causes.causes));
    }),
};

/** `watch` */
export const WATCH: Command = {
  name: "watch",
  operands: "[all] [json]",
  follows: true,
  run: (words, context) => {
    const [past, json] = [words.includes("all"), words.includes("json")];
    return answer(context, [], [], { follow: { kind: "watch", past, json } });
  },
};

/** Reads `[<channel>] [json]`; a channel that there is not is told. */
function ofChannel(
  words: readonly string[],
  context: Context,
  run: (slot: number | undefined, json: boolean) => Outcome,
): Outcome {
  const json = words.includes("json");
  const [text] = words.filter((word) => word !== "json");
  if (text === undefined) return run(undefined, json);
  const slot = namedSlot(context, text);
  return slot === undefined ? answer(context, [`no such channel ${text}`]) : run(slot, json);
}
