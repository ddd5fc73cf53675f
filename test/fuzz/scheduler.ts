/**
 * The scheduler against a slow model of what is documented: groups, every method, weights, failover, maxc.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { makeScheduler } from "../kit/make_scheduler.ts";
import { advanceCursor, NOTHING, type Scheduler } from "../../lib/core/schedule/schedule.ts";
import { apply } from "../../lib/core/table/change.ts";
import {
  channelOf,
  createTable,
  groupOf,
  METHODS,
  slotOf,
  type Table,
} from "../../lib/core/table/schema.ts";
import { release } from "../../lib/core/table/access.ts";
import { viewTable } from "../../lib/core/table/view.ts";
import { ipv4Place } from "../kit/make_table.ts";
import { Random } from "../kit/random.ts";
import { eligible, Model, type ModelChannel, type ModelGroup, reweigh } from "./scheduler_model.ts";
import type { Target } from "./target.ts";

/** Powers of two, so that the model's quotients are exact. */
const WEIGHTS = [1, 1, 1, 2, 4, 512, 0];

/** Chance from a seed. */
function chanceOf(seed: number): () => number {
  const random = new Random(seed);
  return () => random.next();
}

/** One run: a table and its model, kept in step. */
class Run {
  readonly table: Table = createTable(1);
  readonly groups: ModelGroup[];
  readonly #held: number[] = [];
  readonly #random: Random;
  readonly #hashFailover: boolean;
  readonly #scheduler: Scheduler;
  readonly #model: Model;

  constructor(random: Random) {
    this.#random = random;
    this.#hashFailover = random.chance(0.5);
    this.groups = Array.from({ length: random.between(1, 4) }, (_, group) => this.#group(group));
    const seed = random.between(0, 2 ** 31);
    const loadBound = random.pick([undefined, 100, 125, 300]);
    this.#scheduler = makeScheduler(this.table, { chance: chanceOf(seed), loadBound });
    this.#model = new Model(this.groups, chanceOf(seed), loadBound);
  }

  #group(number: number): ModelGroup {
    const random = this.#random;
    const method = random.pick(METHODS);
    apply(this.table, [{ kind: "method", group: number, method }]);
    const channels = Array.from({ length: random.between(0, 4) }, (_, at): ModelChannel => {
      const enabled = random.chance(0.8);
      const maxc = random.pick([0, 0, 1, 2, 3, -1]);
      const weight = random.chance(0.5) ? 1 : random.pick(WEIGHTS);
      const name = `web${number}-${at}`;
      const create = { kind: "create", group: number, place: ipv4Place(1, 1) } as const;
      apply(this.table, [{ ...create, maxc, enabled, weight, name }]);
      return { name, enabled, up: true, suspect: false, weight, maxc, c: 0, totalc: 0, current: 0 };
    });
    const group = { method, cursor: 0, weighted: false, channels };
    reweigh(group);
    return group;
  }

  /** A client comes; some of its connects fail. */
  client(): void {
    const random = this.#random;
    const address = random.chance(0.8)
      ? `10.0.${random.between(0, 3)}.${random.between(1, 9)}`
      : `2001:db8::${random.between(1, 999)}`;
    const client = { address, hashFailover: this.#hashFailover };
    const expected = this.#model.first(client);
    let slot = this.#scheduler.first(client);
    assertEquals(slot, expected, "first choice");
    const tried = new Set<number>();
    while (slot !== NOTHING) {
      assert(!tried.has(slot), "tried twice");
      this.#take(slot);
      if (random.chance(0.6)) {
        this.#held.push(slot);
        if (tried.size > 0) this.#advance(slot);
        return;
      }
      this.#give(slot);
      tried.add(slot);
      const expected = this.#model.next(client, slot, tried);
      slot = this.#scheduler.next(client, slot, tried);
      assertEquals(slot, expected, "failover");
    }
  }

  /** One of the clients leaves. */
  leave(): void {
    const slot = this.#held.shift();
    if (slot !== undefined) this.#give(slot);
  }

  /** Something changes: by the operator, or by what is observed. */
  change(): void {
    const random = this.#random;
    const group = random.between(0, this.groups.length - 1);
    const model = this.groups[group];
    if (model === undefined || model.channels.length === 0) return;
    const channel = random.between(0, model.channels.length - 1);
    const one = model.channels[channel];
    if (one === undefined) return;
    const slot = slotOf(group, channel);
    switch (random.between(0, 5)) {
      case 0:
        one.enabled = random.chance(0.6);
        apply(this.table, [{ kind: "enabled", slot, enabled: one.enabled }]);
        break;
      case 1:
        one.maxc = random.between(-1, 3);
        apply(this.table, [{ kind: "maxc", slot, maxc: one.maxc }]);
        break;
      case 2:
        one.weight = random.pick(WEIGHTS);
        apply(this.table, [{ kind: "weight", slot, weight: one.weight }]);
        break;
      case 3:
        one.up = random.chance(0.7);
        apply(this.table, [{ kind: "observed", slot, observed: one.up ? "up" : "down" }]);
        break;
      case 4:
        one.suspect = random.chance(0.5);
        apply(this.table, [{ kind: "suspect", slot, suspect: one.suspect }]);
        break;
      default:
        model.method = random.pick(METHODS);
        apply(this.table, [{ kind: "method", group, method: model.method }]);
    }
    reweigh(model);
  }

  /** Table and model are the same. */
  check(): void {
    const model = this.groups.flatMap(({ channels }) =>
      channels.map(({ enabled, maxc, weight, c, totalc }) => ({ enabled, maxc, weight, c, totalc }))
    );
    const table = viewTable(this.table).map(({ enabled, maxc, weight, c, totalc }) => ({
      enabled,
      maxc,
      weight,
      c,
      totalc,
    }));
    assertEquals(table, model);
  }

  #advance(slot: number): void {
    advanceCursor(this.table, slot);
    const group = this.groups[groupOf(slot)];
    if (group !== undefined) group.cursor = channelOf(slot) + 1;
  }

  #one(slot: number): ModelChannel {
    const channel = this.groups[groupOf(slot)]?.channels[channelOf(slot)];
    if (channel === undefined) throw new Error(`no channel at ${slot}`);
    return channel;
  }

  /** The scheduler has claimed a channel. */
  #take(slot: number): void {
    const channel = this.#one(slot);
    assert(eligible(channel), "disabled, down or full");
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
