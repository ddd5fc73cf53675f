/**
 * Commands that only tell.
 *
 * @module
 */
import { atoi } from "../../net/address.ts";
import { formatHealth } from "../../report/health.ts";
import { formatMrtg, formatShow, formatVersion, formatWorkers } from "../../report/report.ts";
import { methodIn } from "../../schedule/methods.ts";
import { MAX_GROUPS } from "../../table/schema.ts";
import { formatJson } from "../../text.ts";
import { viewChannel, viewTable } from "../../table/view.ts";
import { findSlot } from "./channel.ts";
import { answer, type Command, type Context, type Outcome, SYNTAX_ERROR } from "./command.ts";

/** `show` */
export const SHOW: Command = {
  name: "show",
  operands: "",
  summary: "show all channels in all groups",
  run: ([form], context) => {
    const { table, supplies } = context;
    if (form === "json") {
      if (supplies?.state === undefined) return { kind: "need", need: { kind: "state" } };
      return answer(context, [formatJson(supplies.state)]);
    }
    return answer(context, formatShow(viewTable(table), (group) => methodIn(table, group).label));
  },
};

/** `version` */
export const VERSION: Command = {
  name: "version",
  operands: "",
  summary: "show version id",
  run: (_words, context) => answer(context, formatVersion()),
};

/** `workers` */
export const WORKERS: Command = {
  name: "workers",
  operands: "",
  run: (_words, context) => answer(context, formatWorkers(context.workers)),
};

/** `health` */
export const HEALTH: Command = {
  name: "health",
  operands: "",
  run: ([form], context) => {
    if (form !== "json") return answer(context, formatHealth(context.health ?? []));
    const health = context.supplies?.health;
    if (health === undefined) return { kind: "need", need: { kind: "health" } };
    return answer(context, [formatJson(health)]);
  },
};

/** `mrtg-bytes` */
export const MRTG_BYTES: Command = {
  name: "mrtg-bytes",
  operands: "<grp> <ch>",
  summary: "print bytes in/out in MRTG format",
  run: (words, context) => mrtg(words, context, "bytes"),
};

/** `mrtg-conns` */
export const MRTG_CONNS: Command = {
  name: "mrtg-conns",
  operands: "<grp> <ch>",
  summary: "print total connections in MRTG format",
  run: (words, context) => mrtg(words, context, "conns"),
};

function mrtg(words: readonly string[], context: Context, what: "bytes" | "conns"): Outcome {
  const [groupText, channelText] = words;
  if (groupText === undefined || channelText === undefined) return answer(context, [SYNTAX_ERROR]);
  const group = atoi(groupText);
  if (group < 0 || group >= MAX_GROUPS) return answer(context, ["unknown group"]);
  const slot = findSlot({ ...context, group }, atoi(channelText));
  if (slot === undefined) return answer(context, ["unknown channel"]);
  return answer(context, formatMrtg(viewChannel(context.table, slot), what));
}
