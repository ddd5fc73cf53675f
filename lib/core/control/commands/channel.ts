/**
 * Finding the channel that a command names.
 *
 * @module
 */
import { atoi } from "../../net/address.ts";
import { channelCount, isTaken } from "../../table/access.ts";
import { channelOf, groupOf, MAX_GROUPS, slotOf } from "../../table/schema.ts";
import { printable } from "../../text.ts";
import { answer, type Context, type Outcome, SYNTAX_ERROR } from "./command.ts";

/** The slot of a channel of the current group, or `undefined` if there is none of that number. */
export function findSlot(context: Context, channel: number): number | undefined {
  if (channel < 0 || channel >= channelCount(context.table, context.group)) return undefined;
  const slot = slotOf(context.group, channel);
  return isTaken(context.table, slot) ? slot : undefined;
}

/**
 * The slot that a word of a newer command names: `1` is a channel of the current group, `0.1` one of group 0.
 *
 * Unlike the classic's commands these take nothing for a number that is none.
 */
export function namedSlot(context: Context, text: string): number | undefined {
  const [, group, channel] = /^(?:(\d{1,4})\.)?(\d{1,4})$/.exec(text) ?? [];
  if (channel === undefined) return undefined;
  const inside = { ...context, group: group === undefined ? context.group : Number(group) };
  return inside.group < MAX_GROUPS ? findSlot(inside, Number(channel)) : undefined;
}

/** A channel by its numbers and its name, as texts name it: `0.1 web2`. */
export function labelOf({ health = [] }: Context, slot: number): string {
  const [group, channel] = [groupOf(slot), channelOf(slot)];
  const name = health.find((each) => each.group === group && each.channel === channel)?.name;
  return `${group}.${channel}${name === undefined ? "" : ` ${printable(name)}`}`;
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
