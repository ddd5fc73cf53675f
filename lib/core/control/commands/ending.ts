/**
 * Commands that end connections, or wait for their end.
 *
 * @module
 */
import { EXIT } from "../../errors.ts";
import { parseIpv4 } from "../../net/address.ts";
import { formatAddress, mapIpv4, parsePlainIpv6 } from "../../net/ip_address.ts";
import type { CutTarget } from "../../report/live.ts";
import { wholeNumber } from "../../option_value.ts";
import { namedSlot } from "./channel.ts";
import { answer, type Command, type Context, type Outcome, SYNTAX_ERROR } from "./command.ts";

/** Longest wait, in seconds: what a timer can count. */
const MAX_SECONDS = 2_000_000;

/** `drain` */
export const DRAIN: Command = {
  name: "drain",
  operands: "<channel> [<seconds>]",
  follows: true,
  run: drain,
};

/** `cut` */
export const CUT: Command = {
  name: "cut",
  operands: "<channel>|<address>|all",
  run: cut,
};

function drain([text, limit]: readonly string[], context: Context): Outcome {
  // A script that goes on after a drain must not take a refused one for done.
  const refuse = (reason: string): Outcome => answer(context, [reason], [], { status: EXIT.usage });
  if (text === undefined) return refuse(SYNTAX_ERROR);
  const slot = namedSlot(context, text);
  if (slot === undefined) return refuse(`no such channel ${text}`);
  const seconds = limit === undefined ? undefined : wholeNumber(limit, 0, MAX_SECONDS, 7);
  if (limit !== undefined && seconds === undefined) return refuse("value out of range");
  return answer(context, [], [{ kind: "drain", slot }], {
    follow: { kind: "drain", slot, seconds },
  });
}

function cut([text]: readonly string[], context: Context): Outcome {
  if (text === undefined) return answer(context, [SYNTAX_ERROR]);
  const target = targetOf(text, context);
  if (target === undefined) {
    const missing = /^[\d.]+$/.test(text) && text.split(".").length < 3;
    return answer(context, [missing ? `no such channel ${text}` : SYNTAX_ERROR]);
  }
  const count = context.supplies?.cut;
  if (count === undefined) return { kind: "need", need: { kind: "cut", target } };
  return answer(context, [count === 1 ? "1 connection ended" : `${count} connections ended`]);
}

function targetOf(text: string, context: Context): CutTarget | undefined {
  if (text === "all") return { kind: "all" };
  const slot = namedSlot(context, text);
  if (slot !== undefined) return { kind: "channel", slot };
  const address = clientAddress(text);
  return address === undefined ? undefined : { kind: "client", address: formatAddress(address) };
}

/** The address of a client as its 16 bytes: IPv4 in full, IPv6 with or without brackets. */
export function clientAddress(text: string): Uint8Array | undefined {
  const bare = text.replace(/^\[(.*)\]$/, "$1");
  if (bare.includes(":")) return parsePlainIpv6(bare);
  const ipv4 = bare.split(".").length === 4 ? parseIpv4(bare) : undefined;
  return ipv4 === undefined ? undefined : mapIpv4(ipv4);
}
