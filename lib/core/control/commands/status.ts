/**
 * Commands that take a channel out of service, put it back, and set its counters to zero.
 *
 * @module
 */
import { viewChannel } from "../../table/view.ts";
import { onChannel } from "./channel.ts";
import { answer, type Command, type Context, type Outcome } from "./command.ts";

/** `disable` */
export const DISABLE: Command = {
  name: "disable",
  operands: "<channel>",
  summary: "disables specified channel in current group",
  run: (words, context) => setEnabled(words, context, false),
};

/** `enable` */
export const ENABLE: Command = {
  name: "enable",
  operands: "<channel>",
  summary: "enables channel in current group",
  run: (words, context) => setEnabled(words, context, true),
};

/** `reset` */
export const RESET: Command = {
  name: "reset",
  operands: "<channel>",
  summary: "reset all counters of channel in current group",
  run: (words, context) =>
    onChannel(
      words,
      context,
      (channel, slot) =>
        answer(context, [`channel ${channel} counters reset`], [{ kind: "reset", slot }]),
    ),
};

function setEnabled(words: readonly string[], context: Context, enabled: boolean): Outcome {
  return onChannel(words, context, (channel, slot) => {
    const word = enabled ? "enabled" : "disabled";
    if (viewChannel(context.table, slot).enabled === enabled) {
      return answer(context, [`channel ${channel} already ${word}`]);
    }
    return answer(context, [`channel ${channel} ${word}`], [{ kind: "enabled", slot, enabled }]);
  });
}
