/**
 * Finding the channel that a command names.
 *
 * @module
 */
import { atoi } from "../../net/address.ts";
import { channelCount, isTaken } from "../../table/access.ts";
import { slotOf } from "../../table/schema.ts";
import { answer, type Context, type Outcome, SYNTAX_ERROR } from "./command.ts";

/** The slot of a channel of the current group, or `undefined` if there is none of that number. */
export function findSlot(context: Context, channel: number): number | undefined {
  if (channel < 0 || channel >= channelCount(context.table, context.group)) return undefined;
  const slot = slotOf(context.group, channel);
  return isTaken(context.table, slot) ? slot : undefined;
}

/** Runs a command on the channel that its first word names; without such a channel it says so. */
export function onChannel(
  words: readonly string[],
  context: Context,
  run: (channel: number, slot: number) => Outcome,
): Outcome {
  const [text] = words;
  if (text === undefined) return answer(context, [SYNTAX_ERROR]);
  const channel = atoi(text);
  const slot = findSlot(context, channel);
  if (slot === undefined) return answer(context, [`no such channel ${channel}`]);
  return run(channel, slot);
}
