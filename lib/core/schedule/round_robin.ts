/**
 * Round robin: the classic's turns, and smooth weighted ones where weights differ.
 *
 * With equal weights the first usable channel from the group's cursor on gets the client; the cursor moves behind it, and back to
 * 0 when there is nothing to give. After a failed connect the following channels are next, and the cursor stays.
 *
 * With different weights every choice takes a smooth weighted turn, those after a failed connect too, among the channels that are
 * left: so the clients of a server that is down are spread over the others by weight.
 *
 * @module
 */
import { cursor, isWeighted, moveCursor } from "../table/access.ts";
import { channelWord, slotOf } from "../table/schema.ts";
import { NOTHING } from "./candidates.ts";
import { type Choice, eligible, look, type Method, tiersOf } from "./method.ts";
import { takeSmoothTurn } from "./smooth_weighted.ts";

/** `rr` */
export const ROUND_ROBIN: Method = {
  name: "rr",
  label: "RR",
  alone: ({ rules, group }) => isWeighted(rules.table, group),
  pick: (choice) => choice.alone ? takeWeightedTurn(choice) : takePlainTurn(choice),
};

/**
 * The first eligible channel from `from` on in cyclic order, backups last, or {@link NOTHING}.
 *
 * @param looks How many channels are looked at.
 */
export function firstEligible(choice: Choice, from: number, looks: number): number {
  for (const tier of tiersOf(choice)) {
    for (let step = 0; step < looks; step++) {
      const channel = (from + step) % choice.channels;
      if (eligible(choice, channel, tier)) return channel;
    }
  }
  return NOTHING;
}

function takePlainTurn(choice: Choice): number {
  const { rules: { table }, group, channels, after, first } = choice;
  if (after !== NOTHING) return firstEligible(choice, after + 1, channels);
  for (;;) {
    const from = cursor(table, group);
    const channel = firstEligible(choice, from, channels);
    if (!first) return channel;
    const to = channel === NOTHING ? 0 : channel + 1;
    // Another thread may have taken the same turn: then look again.
    if (moveCursor(table, group, from, to)) return channel;
  }
}

function takeWeightedTurn(choice: Choice): number {
  const { rules: { table: { words } }, scratch: { currents }, group, channels } = choice;
  for (let channel = 0; channel < channels; channel++) {
    // Not atomic: the group's lock orders it.
    currents[channel] = words[channelWord(slotOf(group, channel), "current")] ?? 0;
  }
  const chosen = takeSmoothTurn(look(choice), currents);
  for (let channel = 0; channel < channels; channel++) {
    words[channelWord(slotOf(group, channel), "current")] = currents[channel] ?? 0;
  }
  return chosen;
}
