/**
 * Commands that say where a channel leads, how much it takes, and how much it gets.
 *
 * @module
 */
import { channelName, type Destination, parseDestination } from "../../command_line/spec.ts";
import { atoi } from "../../net/address.ts";
import { destinationPort } from "../../net/services.ts";
import { channelCount } from "../../table/access.ts";
import { type Place, placeAt } from "../../table/place.ts";
import { MAX_CHANNELS } from "../../table/schema.ts";
import { MAX_WEIGHT } from "../../weight.ts";
import { viewChannel } from "../../table/view.ts";
import { findSlot } from "./channel.ts";
import { answer, type Command, type Context, type Outcome, SYNTAX_ERROR } from "./command.ts";

const INT32_MAX = 0x7fffffff;

/** `create` */
export const CREATE: Command = {
  name: "create",
  operands: "<host> <port>",
  summary: "creates a channel in the current group",
  run: create,
};

/** `assign` */
export const ASSIGN: Command = {
  name: "assign",
  operands: "<channel> <host> <port>",
  summary: "reassigns a channel in the current group",
  run: assign,
};

/** `maxc` */
export const MAXC: Command = {
  name: "maxc",
  operands: "<channel> <maxc>",
  summary: "specifies new maxc for channel of current group",
  run: setMaxc,
};

/** `weight` */
export const WEIGHT: Command = {
  name: "weight",
  operands: "<channel> <weight>",
  run: setWeight,
};

function create(words: readonly string[], context: Context): Outcome {
  const { group } = context;
  if (channelCount(context.table, group) >= MAX_CHANNELS) {
    return answer(context, ["no channel slots available"]);
  }
  return withPlace(
    words,
    context,
    (place, name) =>
      answer(context, ["channel created"], [
        { kind: "create", group, place, maxc: 0, enabled: false, name },
      ]),
  );
}

function assign(words: readonly string[], context: Context): Outcome {
  const [text, ...rest] = words;
  if (text === undefined) return answer(context, [SYNTAX_ERROR]);
  const slot = findSlot(context, atoi(text));
  if (slot === undefined) return answer(context, ["unknown channel"]);
  if (viewChannel(context.table, slot).enabled) {
    return answer(context, ["channel must be disabled to assign new address"]);
  }
  return withPlace(
    rest,
    context,
    (place, name) =>
      answer(context, ["channel reassigned"], [
        { kind: "address", slot, place },
        { kind: "name", slot, name },
      ]),
  );
}

function setMaxc(words: readonly string[], context: Context): Outcome {
  const [text, limit] = words;
  if (text === undefined || limit === undefined) return answer(context, [SYNTAX_ERROR]);
  const channel = atoi(text);
  const slot = findSlot(context, channel);
  if (slot === undefined) return answer(context, ["unknown channel"]);
  const maxc = atoi(limit);
  if (Math.abs(maxc) > INT32_MAX) return answer(context, ["value out of range"]);
  return answer(context, [`maxc of channel ${channel} changed to ${maxc}`], [
    { kind: "maxc", slot, maxc },
  ]);
}

function setWeight(words: readonly string[], context: Context): Outcome {
  const [text, share] = words;
  if (text === undefined || share === undefined) return answer(context, [SYNTAX_ERROR]);
  const channel = atoi(text);
  const slot = findSlot(context, channel);
  if (slot === undefined) return answer(context, ["unknown channel"]);
  // A word without digits would be 0, and take the channel out of service.
  const weight = /^\d{1,4}$/.test(share) ? Number(share) : Infinity;
  if (weight > MAX_WEIGHT) return answer(context, ["value out of range"]);
  return answer(context, [`weight of channel ${channel} changed to ${weight}`], [
    { kind: "weight", slot, weight },
  ]);
}

/** Reads `<host> <port>`, where a port inside the host word wins, and has the host looked up. */
function withPlace(
  words: readonly string[],
  context: Context,
  run: (place: Place, name: string) => Outcome,
): Outcome {
  const [host, port] = words;
  if (host === undefined || port === undefined) return answer(context, [SYNTAX_ERROR]);
  const { services, resolved } = context;
  const destination: Destination = parseDestination(
    host,
    destinationPort(port, services),
    services,
  );
  if (resolved === undefined) return { kind: "resolve", host: destination.host };
  if (resolved === null) return answer(context, ["invalid address"]);
  return run(placeAt(resolved, destination.port), channelName(destination));
}
