/**
 * Commands that say where a channel leads, and how much it takes.
 *
 * @module
 */
import { type Destination, parseDestination } from "../../command_line/spec.ts";
import { atoi } from "../../net/address.ts";
import { destinationPort } from "../../net/services.ts";
import { channelCount } from "../../table/access.ts";
import { type Place, placeAt } from "../../table/place.ts";
import { MAX_CHANNELS } from "../../table/schema.ts";
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

function create(words: readonly string[], context: Context): Outcome {
  const { group } = context;
  if (channelCount(context.table, group) >= MAX_CHANNELS) {
    return answer(context, ["no channel slots available"]);
  }
  return withPlace(
    words,
    context,
    (place) =>
      answer(context, ["channel created"], [
        { kind: "create", group, place, maxc: 0, enabled: false },
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
    (place) => answer(context, ["channel reassigned"], [{ kind: "address", slot, place }]),
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

/** Reads `<host> <port>`, where a port inside the host word wins, and has the host looked up. */
function withPlace(
  words: readonly string[],
  context: Context,
  run: (place: Place) => Outcome,
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
  return run(placeAt(resolved, destination.port));
}
