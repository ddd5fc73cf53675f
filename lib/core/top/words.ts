/**
 * What is said in words: whether everything is well, and what is known of one channel.
 *
 * @module
 */
import { formatDuration } from "../health/duration.ts";
import type { ChannelDocument, CheckDocument, StateDocument } from "../report/documents.ts";
import { formatMs, grouped, UNKNOWN } from "./format.ts";
import { elapsedMs } from "./elapsed.ts";
import type { Row } from "./model.ts";
import { type Line, span, type Style } from "./text.ts";

/** Whether everything is well, in words, and how that looks. */
export function sentenceOf(state: StateDocument): Line {
  const { channels, enabled, up } = state.totals;
  const prefix = state.listening ? "" : "takes no clients - ";
  const off = channels - enabled;
  const also = off > 0 ? `, ${off} disabled` : "";
  if (channels === 0) return [span(`${prefix}no servers`, "trouble")];
  if (enabled === 0) {
    return [
      span(
        `${prefix}${channels === 1 ? "the server is" : `all ${channels} are`} disabled`,
        "trouble",
      ),
    ];
  }
  if (up >= enabled) {
    const all = enabled === 1 ? "1 server up" : `all ${enabled} servers up`;
    return [span(`${prefix}${all}${also}`, state.listening ? "plain" : "trouble")];
  }
  const ill = state.groups.flatMap(({ channels }) => channels)
    .filter((channel) => channel.enabled && channel.state !== "up");
  const [first] = ill;
  const who = first === undefined ? "" : ` - ${first.name} ${illness(first, state.now)}`;
  const more = ill.length > 1 ? `, ${ill.length - 1} more` : "";
  return [span(`${prefix}${up} of ${enabled} up${who}${more}${also}`, "trouble")];
}

/** How long the instance has run, and what moves the bytes. */
export function sideOf({ started, now, engine, workers }: StateDocument): string {
  const age = elapsedMs(started, now);
  const threads = workers.length > 1 ? ` ${workers.length} workers` : "";
  return `up ${age === undefined ? UNKNOWN : formatDuration(age)}  ${engine}${threads}`;
}

/** Clients that wait and clients that were refused; nothing when there are none. */
export function strangersOf({ totals: { waiting, refusedClients } }: StateDocument): string {
  const reasons = Object.entries(refusedClients).filter(([, count]) => count > 0);
  const sum = reasons.reduce((all, [, count]) => all + count, 0);
  const list = reasons.map(([reason, count]) => `${reason} ${grouped(count)}`).join(", ");
  return [
    ...(waiting > 0 ? [`${grouped(waiting)} waiting`] : []),
    ...(sum > 0 ? [`${grouped(sum)} refused since the start (${list})`] : []),
  ].join("   ");
}

/** The state of a channel as one word for a column of eight: trouble is loud, what the operator wants is not. */
export function stateWord({ enabled, draining, state }: ChannelState): string {
  if (enabled) return LOUD[state];
  if (state === "up") return draining ? "draining" : "disabled";
  return `${draining ? "drn" : "dis"}/${SHORT[state]}`;
}

/** How a state looks. */
export function stateStyle({ enabled, state }: ChannelState): Style {
  return enabled ? state === "up" ? "plain" : "trouble" : "faint";
}

/** What the state of a channel is made of. */
export type ChannelState =
  & Pick<ChannelDocument, "enabled" | "state">
  & Partial<Pick<ChannelDocument, "draining">>;

const LOUD = { up: "up", down: "DOWN", ejected: "EJECTED", unresolved: "NO ADDR" } as const;
const SHORT = { up: "up", down: "down", ejected: "ejct", unresolved: "unrs" } as const;

/** All that is known of a channel, the most important first. */
export function detailOf({ group, channel, document }: Row, state: StateDocument): string {
  const { name, connectFailures, totalConnections, weight, effectiveWeight } = document;
  const share = weight === effectiveWeight ? `${weight}` : `${weight} (now ${effectiveWeight})`;
  return [
    `${group}.${channel} ${name} ${wishOf(document)}${illness(document, state.now)}`,
    addressOf(document),
    checkWords(document.check, state.now),
    `total ${grouped(totalConnections)}`,
    `connects refused ${grouped(connectFailures.refused)}, timed out ${
      grouped(connectFailures.timeout)
    }`,
    `weight ${share}${document.backup ? ", backup" : ""}`,
    `method ${state.groups.find((each) => each.group === group)?.method ?? UNKNOWN}`,
  ].filter((part) => part !== "").join("   ");
}

/** Address and port as they are typed, or the path of a Unix socket. */
export function addressOf({ address, port }: Pick<ChannelDocument, "address" | "port">): string {
  if (port === 0) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function wishOf({ enabled, draining, connections }: ChannelDocument): string {
  if (enabled) return "";
  return draining ? `draining (${grouped(connections)} left), ` : "disabled, ";
}

/** `down 2m13s (http 503)`: what is observed, for how long, and why. */
function illness({ state, since, reason }: ChannelDocument, now: string): string {
  const lasted = elapsedMs(since, now);
  const time = lasted === undefined ? "" : ` ${formatDuration(lasted)}`;
  return `${state}${time}${reason === null || state === "up" ? "" : ` (${reason})`}`;
}

function checkWords(check: CheckDocument | null, now: string): string {
  if (check === null) return "";
  const ago = elapsedMs(check.at, now);
  const when = ago === undefined ? "" : `, ${formatDuration(ago)} ago`;
  return `check ${check.kind}: ${check.result} in ${formatMs(check.ms)} ms${when}`;
}
