/**
 * `snapshot`: the command line that would start the present state.
 *
 * @module
 */
import { formatSnapshot } from "../../command_line/snapshot.ts";
import { answer, type Command } from "./command.ts";

/** `snapshot` */
export const SNAPSHOT: Command = {
  name: "snapshot",
  operands: "",
  run: (_words, context) => {
    const start = context.supplies?.start;
    if (start === undefined) return { kind: "need", need: { kind: "start" } };
    return answer(context, formatSnapshot(context.table, start));
  },
};
