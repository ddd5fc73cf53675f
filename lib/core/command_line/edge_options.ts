/**
 * The options of the edge: PROXY headers, access lists, limits, the queue.
 *
 * @module
 */
import type { EdgeRules, QueueLimits } from "../edge/edge_config.ts";
import type { ProxyVersion } from "../edge/proxy_message.ts";
import { parseRate, type Rate } from "../edge/rate.ts";
import { EXIT, ExitError } from "../errors.ts";
import { type NetworkSet, parseNetworks } from "../net/cidr.ts";
import { refuseValue, wholeNumber } from "../option_value.ts";

/** The value of an option, if it was given. */
export type Text = (name: string) => string | undefined;

/** Most clients of a limit. */
const MAX_CLIENTS = 1_000_000;
/** Most clients that wait: each that leaves or comes may have all others looked at. */
const MAX_WAITING = 10_000;
/** Most seconds of a wait or a timeout: a day. */
const MAX_SECONDS = 86_400;

/**
 * Reads the options of the edge.
 *
 * @throws {ExitError} 64, for a bad value: one line that names it and says what is accepted.
 */
export function parseEdgeOptions(text: Text): EdgeRules {
  refuseNative(text);
  return {
    proxies: networks(text, "proxy-in"),
    proxyOut: proxyVersion(text),
    lists: { allow: networks(text, "allow"), deny: networks(text, "deny") },
    limits: { connections: clients(text, "max-conns-per-client"), rate: rate(text) },
    maxClients: clients(text, "max-conns"),
    queue: queue(text),
  };
}

function networks(text: Text, name: string): NetworkSet | undefined {
  const given = text(name);
  if (given === undefined) return undefined;
  const parsed = parseNetworks(given);
  if (parsed.kind === "networks") return parsed.set;
  throw new ExitError(
    EXIT.usage,
    `balance: --${name} takes networks and addresses with commas between: ${parsed.reason}`,
  );
}

function proxyVersion(text: Text): ProxyVersion | undefined {
  const given = text("proxy-out");
  if (given === undefined || given === "v1" || given === "v2") return given;
  return refuseValue("--proxy-out", "v1 or v2", given);
}

function clients(text: Text, name: string): number {
  const given = text(name);
  if (given === undefined) return 0;
  return wholeNumber(given, 1, MAX_CLIENTS) ??
    refuseValue(`--${name}`, `a number from 1 to ${MAX_CLIENTS}`, given);
}

function rate(text: Text): Rate | undefined {
  const given = text("rate-per-client");
  if (given === undefined) return undefined;
  const parsed = parseRate(given);
  if (parsed.kind === "rate") return parsed.rate;
  throw new ExitError(EXIT.usage, `balance: --rate-per-client takes a rate: ${parsed.reason}`);
}

function queue(text: Text): QueueLimits | undefined {
  const given = text("queue");
  if (given === undefined) return undefined;
  const [count = "", time = "", ...more] = given.split(":");
  const most = wholeNumber(count, 1, MAX_WAITING);
  const seconds = wholeNumber(time, 1, MAX_SECONDS);
  if (most !== undefined && seconds !== undefined && more.length === 0) return { most, seconds };
  const accepted = `N:SEC, 1 to ${MAX_WAITING} clients for 1 to ${MAX_SECONDS} seconds`;
  return refuseValue("--queue", accepted, given);
}

/** Options that the engine on the runtime's sockets cannot obey: it has no way to set them. */
function refuseNative(text: Text): void {
  const keepalive = text("keepalive");
  if (keepalive !== undefined) {
    const numbers = keepalive.split(",").map((number) => wholeNumber(number, 1, MAX_SECONDS));
    if (numbers.length !== 3 || numbers.includes(undefined)) {
      refuseValue("--keepalive", "IDLE,INTERVAL,COUNT: seconds, seconds and a number", keepalive);
    }
  }
  const timeout = text("user-timeout");
  if (timeout !== undefined && wholeNumber(timeout, 1, MAX_SECONDS) === undefined) {
    refuseValue("--user-timeout", `seconds from 1 to ${MAX_SECONDS}`, timeout);
  }
  for (const [name, given] of [["keepalive", keepalive], ["user-timeout", timeout]] as const) {
    if (given === undefined) continue;
    throw new ExitError(
      EXIT.usage,
      `balance: --${name} needs the native engine, which this version does not have`,
    );
  }
}
