/**
 * Commands that choose the current group, and how it distributes.
 *
 * @module
 */
import { atoi } from "../../net/address.ts";
import { MAX_GROUPS, type MethodName } from "../../table/schema.ts";
import { answer, type Command, type Context, type Outcome, SYNTAX_ERROR } from "./command.ts";

/** `group` */
export const GROUP: Command = {
  name: "group",
  operands: "<group>",
  summary: "changes current group to <group>",
  run: (words, context) => {
    const [text] = words;
    if (text === undefined) return answer(context, [SYNTAX_ERROR]);
    const group = atoi(text);
    if (group < 0 || group >= MAX_GROUPS) return answer(context, ["value out of range"]);
    return answer(context, [], [], { group });
  },
};

/** `hash` */
export const HASH: Command = {
  name: "hash",
  operands: "",
  summary: "sets distribution scheme of current group to Hash",
  run: (_words, context) => setMethod(context, "hash", "hash"),
};

/** `rr` */
export const ROUND_ROBIN: Command = {
  name: "rr",
  operands: "",
  summary: "sets distribution scheme of current group to Round Robin",
  run: (_words, context) => setMethod(context, "rr", "round robin"),
};

function setMethod(context: Context, method: MethodName, words: string): Outcome {
  const { group } = context;
  return answer(context, [`group ${group} set to ${words}`], [{ kind: "method", group, method }]);
}
