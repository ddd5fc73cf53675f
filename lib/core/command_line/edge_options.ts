/**
 * The options of the edge: PROXY headers, access lists, limits, the queue.
 *
 * @module
 */
import type { EdgeRules, QueueLimits } from "../edge/edge_config.ts";
import type { PeerTimeouts, Probes } from "../edge/peer_timeouts.ts";
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
/** Most seconds before and between probes, and most probes, that Linux takes. */
const MAX_PROBE_SECONDS = 32_767;
const MAX_PROBES = 127;

/**
 * Reads the options of the edge.
 *
 * @throws {ExitError} 64, for a bad value: one line that names it and says what is accepted.
 */
export function parseEdgeOptions(text: Text): EdgeRules {
  return {
    proxies: networks(text, "proxy-in"),
    proxyOut: proxyVersion(text),
    lists: { allow: networks(text, "allow"), deny: networks(text, "deny") },
    limits: { connections: clients(text, "max-conns-per-client"), rate: rate(text) },
    maxClients: clients(text, "max-conns"),
    queue: queue(text),
    timeouts: timeouts(text),
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

function timeouts(text: Text): PeerTimeouts {
  const given = text("user-timeout");
  const userTimeout = given === undefined ? 0 : wholeNumber(given, 1, MAX_SECONDS);
  if (userTimeout !== undefined) return { probes: probes(text), userTimeout };
  return refuseValue("--user-timeout", `seconds from 1 to ${MAX_SECONDS}`, given ?? "");
}

/** `--keepalive`; no number may be more than the system takes. */
function probes(text: Text): Probes | undefined {
  const given = text("keepalive");
  if (given === undefined) return undefined;
  const [idleText = "", intervalText = "", countText = "", ...more] = given.split(",");
  const idle = wholeNumber(idleText, 1, MAX_PROBE_SECONDS);
  const interval = wholeNumber(intervalText, 1, MAX_PROBE_SECONDS);
  const count = wholeNumber(countText, 1, MAX_PROBES);
  if (idle !== undefined && interval !== undefined && count !== undefined && more.length === 0) {
    return { idle, interval, count };
  }
  const accepted = `IDLE,INTERVAL,COUNT: seconds, seconds (1 to ${MAX_PROBE_SECONDS}) and a ` +
    `number (1 to ${MAX_PROBES})`;
  return refuseValue("--keepalive", accepted, given);
}
