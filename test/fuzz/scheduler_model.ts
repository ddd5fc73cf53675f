/**
 * A slow model of the scheduler, written from what the manual page says: groups, turns, weights, hash, failover, maxc, and
 * suspects.
 *
 * @module
 */
import { parseIpv6 } from "../../lib/core/net/address.ts";
import { hashClient } from "../../lib/core/schedule/hash.ts";
import { NOTHING } from "../../lib/core/schedule/schedule.ts";
import { channelOf, groupOf, type MethodName, slotOf } from "../../lib/core/table/schema.ts";
import { slowScore } from "../kit/slow_rendezvous.ts";

/** What the model knows of a channel. */
export interface ModelChannel {
  readonly name: string;
  enabled: boolean;
  up: boolean;
  /** Whether its check is late or has failed. */
  suspect: boolean;
  weight: number;
  maxc: number;
  c: number;
  totalc: number;
  /** How far it is in smooth weighted turns. */
  current: number;
}

/** What the model knows of a group. */
export interface ModelGroup {
  method: MethodName;
  cursor: number;
  /** Whether its turns are weighted. */
  weighted: boolean;
  readonly channels: ModelChannel[];
}

/** A client of the model. */
export interface ModelClient {
  readonly address: string;
  readonly hashFailover: boolean;
}

interface Look {
  readonly group: ModelGroup;
  readonly client: ModelClient;
  /** Numbers of the channels that may be given. */
  readonly may: readonly number[];
  /** The channel that has just failed. */
  readonly after: number | undefined;
  readonly first: boolean;
}

/** Whether a channel may be given at all. */
export function eligible({ enabled, up, weight, maxc, c }: ModelChannel): boolean {
  return enabled && up && weight > 0 && (maxc === 0 || c < maxc);
}

/** Whether a channel comes behind the others: it is suspect, and at least half of those that are up are not. */
function isDoubted({ channels }: ModelGroup, at: number): boolean {
  const able = channels.filter(({ enabled, up, weight }) => enabled && up && weight > 0);
  const suspects = able.filter(({ suspect }) => suspect);
  return channels[at]?.suspect === true && suspects.length <= able.length / 2;
}

/** Weights have changed: turns become weighted, or plain again. */
export function reweigh(group: ModelGroup): void {
  const weights = group.channels.filter(({ up }) => up).map(({ weight }) => weight);
  const weighted = new Set(weights.filter((weight) => weight > 0)).size > 1;
  if (weighted && !group.weighted) { for (const channel of group.channels) channel.current = 0; }
  group.weighted = weighted;
}

/** The model of a whole scheduler. */
export class Model {
  /** @param chance The same numbers in the same order as the scheduler has. */
  constructor(
    readonly groups: readonly ModelGroup[],
    readonly chance: () => number,
    readonly loadBound: number | undefined,
  ) {}

  /** What a client gets first. */
  first(client: ModelClient): number {
    return this.#walk(client, NOTHING, new Set());
  }

  /** What it gets after a failed connect. */
  next(client: ModelClient, failed: number, tried: ReadonlySet<number>): number {
    return this.#walk(client, failed, tried);
  }

  #walk(client: ModelClient, failed: number, tried: ReadonlySet<number>): number {
    const own = failed === NOTHING ? 0 : groupOf(failed);
    for (const [number, group] of this.groups.entries()) {
      if (number < own || group.channels.length === 0) continue;
      const all = [...group.channels.keys()].filter((at) => {
        const channel = group.channels[at];
        return channel !== undefined && eligible(channel) && !tried.has(slotOf(number, at));
      });
      const trusted = all.filter((at) => !isDoubted(group, at));
      const bound = group.method === "hash" && !client.hashFailover;
      const may = trusted.length === 0 || bound ? all : trusted;
      const after = failed !== NOTHING && number === own ? channelOf(failed) : undefined;
      const chosen = this.#choose({ group, client, may, after, first: failed === NOTHING });
      if (chosen !== undefined) return slotOf(number, chosen);
    }
    return NOTHING;
  }

  #choose(look: Look): number | undefined {
    switch (look.group.method) {
      case "rr":
        return look.group.weighted ? weightedTurn(look) : plainTurn(look);
      case "hash":
        return byHash(look);
      case "least":
        return leastLoaded(look);
      case "random":
        return this.#twoByChance(look);
      case "rendezvous":
        return this.#highestScore(look);
    }
  }

  #twoByChance({ group, may }: Look): number | undefined {
    const chances = [this.chance(), this.chance()];
    const left = [...may];
    const drawn: number[] = [];
    for (const chance of chances) {
      const tickets = left.flatMap((at) => Array(group.channels[at]?.weight).fill(at));
      const one = tickets[Math.floor(chance * tickets.length)];
      if (one === undefined) continue;
      drawn.push(one);
      left.splice(left.indexOf(one), 1);
    }
    const [one, other] = drawn;
    if (one === undefined || other === undefined) return one;
    return load(group, other) < load(group, one) ? other : one;
  }

  #highestScore({ group, client, may }: Look): number | undefined {
    const address = parseIpv6(client.address) ?? new Uint8Array(16);
    const below = may.filter((at) => this.#isBelowBound(group, may, at));
    const score = (at: number): number => {
      const { name = "", weight = 0 } = group.channels[at] ?? {};
      return slowScore(address, name, weight);
    };
    return below.sort((a, b) => score(b) - score(a))[0];
  }

  #isBelowBound(group: ModelGroup, may: readonly number[], at: number): boolean {
    if (this.loadBound === undefined) return true;
    const sum = (what: "weight" | "c"): number =>
      may.reduce((total, each) => total + (group.channels[each]?.[what] ?? 0), 0);
    const { weight = 0, c = 0 } = group.channels[at] ?? {};
    const share = (sum("c") + 1) * weight / sum("weight");
    return c < Math.ceil(share * this.loadBound / 100 - 1e-9);
  }
}

/** Connections for each unit of weight, with one more. */
function load(group: ModelGroup, at: number): number {
  const { c = 0, weight = 0 } = group.channels[at] ?? {};
  return (c + 1) / weight;
}

/** Numbers in cyclic order from one on. */
function cycle(group: ModelGroup, from: number): number[] {
  return group.channels.map((_, step) => (from + step) % group.channels.length);
}

function plainTurn({ group, may, after, first }: Look): number | undefined {
  const order = cycle(group, after === undefined ? group.cursor : after + 1);
  const found = order.find((at) => may.includes(at));
  if (first) group.cursor = found === undefined ? 0 : found + 1;
  return found;
}

function weightedTurn({ group, may }: Look): number | undefined {
  const channels = may.map((at) => ({ at, channel: group.channels[at] }));
  for (const { channel } of channels) if (channel !== undefined) channel.current += channel.weight;
  const total = channels.reduce((sum, { channel }) => sum + (channel?.weight ?? 0), 0);
  const largest = Math.max(...channels.map(({ channel }) => channel?.current ?? -Infinity));
  const chosen = channels.find(({ channel }) => channel?.current === largest);
  if (chosen?.channel !== undefined) chosen.channel.current -= total;
  return chosen?.at;
}

function byHash({ group, client, may, after }: Look): number | undefined {
  const named = hashClient(client.address) % group.channels.length;
  if (client.hashFailover) {
    return cycle(group, after === undefined ? named : after + 1).find((at) => may.includes(at));
  }
  return after === undefined && may.includes(named) ? named : undefined;
}

function leastLoaded({ group, may, first }: Look): number | undefined {
  const least = Math.min(...may.map((at) => load(group, at)));
  const found = cycle(group, group.cursor).find((at) =>
    may.includes(at) && load(group, at) === least
  );
  if (first && found !== undefined) group.cursor = found + 1;
  return found;
}
