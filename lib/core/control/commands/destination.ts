/**
 * Commands that say where a channel leads, how much it takes, and how much it gets.
 *
 * @module
 */
import { wholeNumber } from "../../option_value.ts";
import {
  type Address,
  channelName,
  type Destination,
  parseDestination,
} from "../../command_line/destination.ts";
import { channelSettings, followsRecords } from "../../command_line/settings.ts";
import { ExitError } from "../../errors.ts";
import { atoi } from "../../net/address.ts";
import { destinationPort, type Services } from "../../net/services.ts";
import { freeSlot } from "../../table/access.ts";
import { type Place, placeAt } from "../../table/place.ts";
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
  const { group, table, supplies } = context;
  if (supplies?.followed !== undefined) return tellFollowed(context, supplies.followed);
  const slot = freeSlot(table, group);
  if (slot === undefined) return answer(context, ["no channel slots available"]);
  return withPlace(words, context, ({ place, destination, typed }) => {
    const { maxc, weight, flags } = channelSettings(destination);
    const limit = typed.maxc ? maxc : 0;
    const name = channelName(destination);
    return answer(context, ["channel created"], [
      { kind: "create", group, place, maxc: limit, enabled: false, weight, flags, name },
    ], { assigned: { slot, destination } });
  });
}

function assign(words: readonly string[], context: Context): Outcome {
  const [text, ...rest] = words;
  if (text === undefined) return answer(context, [SYNTAX_ERROR]);
  const followed = context.supplies?.followed;
  if (followed !== undefined) return tellFollowed(context, followed);
  const slot = findSlot(context, atoi(text));
  if (slot === undefined) return answer(context, ["unknown channel"]);
  const { enabled, observed, flags: { member } } = viewChannel(context.table, slot);
  if (enabled) return answer(context, ["channel must be disabled to assign new address"]);
  if (member) return answer(context, ["channel follows the records of a name"]);
  return withPlace(rest, context, ({ place, destination, typed }) => {
    const { maxc, weight, flags } = channelSettings(destination);
    return answer(context, ["channel reassigned"], [
      { kind: "address", slot, place },
      { kind: "name", slot, name: channelName(destination) },
      ...(observed === "unresolved" ? [{ kind: "observed", slot, observed: "up" } as const] : []),
      { kind: "flags", slot, flags },
      ...(typed.weight ? [{ kind: "weight", slot, weight } as const] : []),
      ...(typed.maxc ? [{ kind: "maxc", slot, maxc } as const] : []),
    ], { assigned: { slot, destination } });
  }, slot);
}

/** The names of a `dns:` or `srv:` destination have been looked up, and followed if that could be. */
function tellFollowed(context: Context, followed: number | string): Outcome {
  if (typeof followed === "string") return answer(context, [followed]);
  const channels = followed === 1 ? "1 channel follows" : `${followed} channels follow`;
  return answer(context, [`${channels} the records`]);
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
  const weight = wholeNumber(share, 0, MAX_WEIGHT, 4);
  if (weight === undefined) return answer(context, ["value out of range"]);
  return answer(context, [`weight of channel ${channel} changed to ${weight}`], [
    { kind: "weight", slot, weight },
  ]);
}

/** A destination with its address, and which settings its attributes give. */
interface Placed {
  readonly place: Place;
  readonly destination: Destination;
  readonly typed: { readonly maxc: boolean; readonly weight: boolean };
}

/**
 * Reads `<host> <port>`, where a port inside the host word wins, and has the host looked up.
 *
 * @param adopted The channel that is given the destination, if there is one already.
 */
function withPlace(
  words: readonly string[],
  context: Context,
  run: (placed: Placed) => Outcome,
  adopted?: number,
): Outcome {
  const [host, port] = words;
  if (host === undefined) return answer(context, [SYNTAX_ERROR]);
  const { group, services, resolved } = context;
  const read = readDestination(
    host,
    port === undefined ? undefined : destinationPort(port, services),
    services,
  );
  if (typeof read === "string") return answer(context, [read]);
  const { address, portText } = read;
  // What balance 3.54 can have meant needs a port behind it, whatever is inside the word.
  const complete = address.kind !== "host" && (!hasPort(address) || portText !== "");
  if (port === undefined && !complete) return answer(context, [SYNTAX_ERROR]);
  if (followsRecords(address)) {
    return {
      kind: "need",
      need: { kind: "follow", wanted: { group, destination: read, adopted } },
    };
  }
  if (resolved === undefined) return { kind: "resolve", destination: read };
  if (resolved === null) return answer(context, ["invalid address"]);
  if (typeof resolved === "string") return answer(context, [resolved]);
  const [, ...attributes] = host.split(",");
  const typed = {
    // A third field inside the word has no meaning here, as in balance 3.54.
    maxc: attributes.some((word) => word.startsWith("maxc=")),
    weight: read.attributes.weight !== undefined,
  };
  return run({ place: placeAt(resolved, read.port), destination: read, typed });
}

/** Whether a port belongs to an address: a socket has none, and an SRV record has its own. */
function hasPort({ kind }: Address): boolean {
  return kind !== "unix" && kind !== "srv";
}

/** A destination with its port as if that had been typed inside the word, or what is wrong with it. */
function readDestination(
  word: string,
  port: number | undefined,
  services: Services,
): Destination | string {
  try {
    const read = parseDestination(word, port ?? 0, services);
    return port === undefined || read.portText !== "" || !hasPort(read.address)
      ? read
      : { ...read, portText: String(port) };
  } catch (error) {
    if (error instanceof ExitError) return error.message.replace(/^balance: /, "");
    throw error;
  }
}
