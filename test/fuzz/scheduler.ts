/**
 * The scheduler against a slow model of what is documented: groups, cursors, hash, failover, maxc.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { hashClient } from "../../lib/core/schedule/hash.ts";
import {
  advanceCursor,
  chooseFirst,
  chooseNext,
  NOTHING,
} from "../../lib/core/schedule/schedule.ts";
import { apply } from "../../lib/core/table/change.ts";
import {
  channelOf,
  createTable,
  groupOf,
  slotOf,
  type Table,
} from "../../lib/core/table/schema.ts";
import { claim, release } from "../../lib/core/table/access.ts";
import { viewTable } from "../../lib/core/table/view.ts";
import { ipv4Place } from "../kit/make_table.ts";
import type { Random } from "../hard/random.ts";
import type { Target } from "./target.ts";

interface ModelChannel {
  enabled: boolean;
  maxc: number;
  c: number;
  totalc: number;
}

interface ModelGroup {
  hash: boolean;
  cursor: number;
  readonly channels: ModelChannel[];
}

function eligible({ enabled, maxc, c }: ModelChannel): boolean {
  return enabled && (maxc === 0 || c < maxc);
}

/** The channels of a group in cyclic order from one on. */
function cycle(group: ModelGroup, from: number): number[] {
  return group.channels.map((_, step) => (from + step) % group.channels.length);
}

function candidates(group: ModelGroup, client: string, hashFailover: boolean): number[] {
  if (!group.hash) return cycle(group, group.cursor % group.channels.length);
  const order = cycle(group, hashClient(client) % group.channels.length);
  return hashFailover ? order : order.slice(0, 1);
}

function find(group: ModelGroup, order: readonly number[]): number | undefined {
  return order.find((at) => {
    const channel = group.channels[at];
    return channel !== undefined && eligible(channel);
  });
}

/** What the model gives a new client: group and channel. */
function modelFirst(groups: readonly ModelGroup[], client: string, hashFailover: boolean): number {
  for (const [number, group] of groups.entries()) {
    if (group.channels.length === 0) continue;
    const found = find(group, candidates(group, client, hashFailover));
    if (!group.hash) group.cursor = found === undefined ? 0 : found + 1;
    if (found !== undefined) return slotOf(number, found);
  }
  return NOTHING;
}

function modelNext(
  groups: readonly ModelGroup[],
  client: string,
  hashFailover: boolean,
  failed: number,
  tried: ReadonlySet<number>,
): number {
  const own = groups[groupOf(failed)];
  if (own !== undefined && (!own.hash || hashFailover)) {
    const order = cycle(own, channelOf(failed) + 1)
      .filter((at) => !tried.has(slotOf(groupOf(failed), at)));
    const found = find(own, order);
    if (found !== undefined) return slotOf(groupOf(failed), found);
  }
  for (const [number, group] of groups.entries()) {
    if (number <= groupOf(failed) || group.channels.length === 0) continue;
    const found = find(group, candidates(group, client, hashFailover));
    if (found !== undefined) return slotOf(number, found);
  }
  return NOTHING;
}

/** One run: a table and its model, kept in step. */
class Run {
  readonly table: Table = createTable(1);
  readonly groups: ModelGroup[];
  readonly #held: number[] = [];
  readonly #random: Random;
  readonly #hashFailover: boolean;

  constructor(random: Random) {
    this.#random = random;
    this.#hashFailover = random.chance(0.5);
    this.groups = Array.from({ length: random.between(1, 4) }, (_, group) => {
      const hash = random.chance(0.4);
      apply(this.table, [{ kind: "method", group, method: hash ? "hash" : "rr" }]);
      const channels = Array.from({ length: random.between(0, 4) }, () => {
        const enabled = random.chance(0.8);
        const maxc = random.pick([0, 0, 1, 2, 3, -1]);
        apply(this.table, [{ kind: "create", group, place: ipv4Place(1, 1), maxc, enabled }]);
        return { enabled, maxc, c: 0, totalc: 0 };
      });
      return { hash, cursor: 0, channels };
    });
  }

  /** A client comes; some of its connects fail. */
  client(): void {
    const random = this.#random;
    const { table, groups } = this;
    const address = `10.0.${random.between(0, 3)}.${random.between(1, 9)}`;
    const client = { address, hashFailover: this.#hashFailover };
    let slot = chooseFirst(table, client);
    assertEquals(slot, modelFirst(groups, address, this.#hashFailover), "first choice");
    const tried = new Set<number>();
    while (slot !== NOTHING) {
      assert(!tried.has(slot), "tried twice");
      this.#take(slot);
      if (random.chance(0.6)) {
        this.#held.push(slot);
        if (tried.size > 0) {
          advanceCursor(table, slot);
          const group = groups[groupOf(slot)];
          if (group !== undefined) group.cursor = channelOf(slot) + 1;
        }
        return;
      }
      this.#give(slot);
      tried.add(slot);
      const next = chooseNext(table, client, slot, tried);
      assertEquals(next, modelNext(groups, address, this.#hashFailover, slot, tried), "failover");
      slot = next;
    }
  }

  /** One of the clients leaves. */
  leave(): void {
    const slot = this.#held.shift();
    if (slot !== undefined) this.#give(slot);
  }

  /** The operator changes something. */
  change(): void {
    const random = this.#random;
    const group = random.between(0, this.groups.length - 1);
    const model = this.groups[group];
    if (model === undefined || model.channels.length === 0) return;
    const channel = random.between(0, model.channels.length - 1);
    const one = model.channels[channel];
    if (one === undefined) return;
    const slot = slotOf(group, channel);
    if (random.chance(0.4)) {
      one.enabled = random.chance(0.6);
      apply(this.table, [{ kind: "enabled", slot, enabled: one.enabled }]);
    } else if (random.chance(0.6)) {
      one.maxc = random.between(-1, 3);
      apply(this.table, [{ kind: "maxc", slot, maxc: one.maxc }]);
    } else {
      model.hash = random.chance(0.5);
      apply(this.table, [{ kind: "method", group, method: model.hash ? "hash" : "rr" }]);
    }
  }

  /** Table and model are the same. */
  check(): void {
    const model = this.groups.flatMap(({ channels }) => channels);
    const table = viewTable(this.table).map(({ enabled, maxc, c, totalc }) => ({
      enabled,
      maxc,
      c,
      totalc,
    }));
    assertEquals(table, model);
  }

  #one(slot: number): ModelChannel {
    const channel = this.groups[groupOf(slot)]?.channels[channelOf(slot)];
    if (channel === undefined) throw new Error(`no channel at ${slot}`);
    return channel;
  }

  #take(slot: number): void {
    const channel = this.#one(slot);
    assert(eligible(channel), "disabled or full");
    assert(claim(this.table, 0, slot), "a usable channel cannot be claimed");
    channel.c++;
    channel.totalc++;
  }

  #give(slot: number): void {
    release(this.table, 0, slot);
    this.#one(slot).c--;
  }
}

/** Every property of the scheduler. */
export const targets: readonly Target[] = [
  {
    name: "choices, cursors and counts are those of the model, never a disabled, full or tried one",
    round: (random): void => {
      const run = new Run(random);
      for (let step = 0; step < 60; step++) {
        const chance = random.next();
        if (chance < 0.6) run.client();
        else if (chance < 0.85) run.leave();
        else run.change();
        run.check();
      }
    },
  },
];
