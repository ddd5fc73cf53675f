/**
 * Commands that choose the current group, and how it distributes.
 *
 * @module
 */
import { atoi } from "../../net/address.ts";
import { MAX_GROUPS, type MethodName, METHODS } from "../../table/schema.ts";
import { listed } from "../../text.ts";
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
  run: (_words, context) => setMethod(context, "hash"),
};

/** `rr` */
export const ROUND_ROBIN: Command = {
  name: "rr",
  operands: "",
  summary: "sets distribution scheme of current group to Round Robin",
  run: (_words, context) => setMethod(context, "rr"),
};

/** `method` */
export const METHOD: Command = {
  name: "method",
  operands: "<method>",
  run: ([text], context) => {
    if (text === undefined) return answer(context, [SYNTAX_ERROR]);
    const method = METHODS.find((each) => each === text);
    if (method !== undefined) return setMethod(context, method);
    return answer(context, [`unknown method (${listed(METHODS)})`]);
  },
};

function setMethod(context: Context, method: MethodName): Outcome {
  const { group } = context;
  const words = method === "rr" ? "round robin" : method;
  return answer(context, [`group ${group} set to ${words}`], [{ kind: "method", group, method }]);
}
