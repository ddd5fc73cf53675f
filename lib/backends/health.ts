/**
 * Watches over the servers: checks them, keeps the times of ejection and slow start, and writes what is observed of each
 * channel into the table. For the main thread alone.
 *
 * @module
 */
import type { HealthOptions } from "../core/command_line/health_options.ts";
import type { LineWriter, Sight } from "../core/events.ts";
import {
  type ChannelHealth,
  type HealthEvent,
  newHealth,
  observe,
} from "../core/health/channel_health.ts";
import { isSuspect } from "../core/health/check_state.ts";
import { patienceMs } from "../core/health/pace.ts";
import { formatTransition } from "../core/health/transition.ts";
import type { HealthView } from "../core/report/health.ts";
import { allSlots, isHeld } from "../core/table/access.ts";
import { apply, type Change } from "../core/table/change.ts";
import { clearEjection, ejectionPhase, offerTrial } from "../core/table/ejection.ts";
import { endpointVersion } from "../core/table/endpoint.ts";
import { channelOf, channelWord, groupOf, OBSERVED } from "../core/table/schema.ts";
import { channelExchange, checkChannel, type CheckPlace, nameOf } from "./channel_checks.ts";
import { CheckTimer } from "./check_timer.ts";
import type { RunningCheck, Verdict } from "./checks.ts";
import { GrowthTimer } from "./growth_timer.ts";
import { viewHealth } from "./health_view.ts";

/** What watching over servers works with. */
export interface HealthPlace extends CheckPlace {
  /** Where transitions are told. */
  readonly log: LineWriter;
}

/** What it can have done. */
export interface HealthPower {
  /** Ends the connections of a channel (`--cut-down`). */
  endChannel(slot: number): void;
  /** Listens, or refuses clients (`--when-down refuse`). */
  listen(on: boolean): void;
}

/** What is known of one channel beside the table. */
interface Watched {
  health: ChannelHealth;
  /** How it is checked; undefined if it is not. */
  check: string | undefined;
  /** Checks that have ended, by result. */
  readonly checks: { good: number; bad: number };
  /** Version of the endpoint that the checks are of. */
  version: number;
  /** Ends the waiting time of an ejection. */
  timer: number | undefined;
}

/** Watches over the servers of an instance. Without options of health it starts no timer. */
export class Health implements Disposable {
  #place: HealthPlace;
  readonly #channels = new Map<number, Watched>();
  readonly #checks: CheckTimer;
  readonly #growth: GrowthTimer;
  #power: HealthPower | undefined;
  /** Whether it was told that nothing is up, and nothing has come up since. */
  #lastResort = false;
  #listening = true;

  /** Knows the channels that are there; nothing is done before {@link start}. */
  constructor(place: HealthPlace) {
    this.#place = place;
    this.#growth = new GrowthTimer(place.table, () => this.#place.options.slowStartSeconds);
    this.#checks = new CheckTimer(() => this.#place.options.intervalSeconds * 1000, {
      start: (slot) => this.#check(slot),
      found: (slot, verdict) => this.#checked(slot, verdict),
      patienceMs: (slot) =>
        patienceMs(this.#channels.get(slot)?.health.check.pace, this.#place.options),
      late: (slot) => this.#observe(slot, { kind: "late", late: true }),
    });
    for (const slot of allSlots(place.table)) this.#add(slot);
  }

  /** Obeys other options from now on. Every channel that is checked begins its interval anew. */
  configure(options: HealthOptions, proxyOut: CheckPlace["proxyOut"]): void {
    this.#place = { ...this.#place, options, proxyOut };
    for (const [slot, watched] of this.#channels) this.#readCheck(slot, watched);
    this.#checkAll();
    this.#tellListener();
  }

  #checkAll(): void {
    const checked = [...this.#channels].filter(([, { check }]) => check !== undefined);
    this.#checks.watchAll(checked.map(([slot]) => slot));
  }

  /** Begins to check. */
  start(power: HealthPower): void {
    this.#power = power;
    this.#checkAll();
    this.#place.directory.watch((slot) => this.#renew(slot));
    this.#tellListener();
  }

  /** Takes in what a client's connection showed. */
  seen(sight: Sight): void {
    if (sight.kind === "last resort") return this.#tellLastResort();
    if (sight.kind !== "disabled") this.#judge(sight.slot, sight.kind, sight.reason);
    this.#tellListener();
  }

  /** Takes in that a channel leads elsewhere, leaves, or is back, by what its name says. */
  followed(slot: number): void {
    this.#notice(slot);
    this.#tellListener();
  }

  /** Takes in what the operator has changed. */
  changed(changes: readonly Change[]): void {
    const atMs = performance.now();
    for (const change of changes) {
      if (change.kind === "create") this.#discover();
      if (change.kind === "address") this.#notice(change.slot);
      if (change.kind === "enabled" && change.enabled) {
        this.#observe(change.slot, { kind: "enabled", atMs });
        this.#lastResort = false;
      }
    }
    this.#tellListener();
  }

  /**
   * A channel's name has an address now, or it turned out that it has none.
   *
   * @param reason For the log, in few words.
   */
  resolution(slot: number, resolved: boolean, reason: string): void {
    this.#observe(slot, { kind: "resolution", resolved, reason, atMs: performance.now() });
    if (resolved) this.#checks.hurry(slot);
    this.#tellListener();
  }

  /** All channels as they are now, for the shell's `health`. */
  views(): HealthView[] {
    this.#discover();
    return [...this.#channels].toSorted(([a], [b]) => a - b).map(([slot, watched]) =>
      viewHealth(this.#place, slot, watched)
    );
  }

  /** Ends all timers. */
  [Symbol.dispose](): void {
    this.#checks[Symbol.dispose]();
    this.#growth[Symbol.dispose]();
    for (const { timer } of this.#channels.values()) clearTimeout(timer);
  }

  #add(slot: number): void {
    const { table } = this.#place;
    const observed = OBSERVED[Atomics.load(table.words, channelWord(slot, "observed"))];
    this.#channels.set(slot, {
      health: newHealth(performance.now(), observed !== "unresolved"),
      check: channelExchange(this.#place, slot)?.name,
      checks: { good: 0, bad: 0 },
      version: endpointVersion(table, slot),
      timer: undefined,
    });
  }

  /** Looks for channels that were created meanwhile. */
  #discover(): void {
    for (const slot of allSlots(this.#place.table)) {
      if (this.#channels.has(slot)) continue;
      this.#add(slot);
      if (this.#channels.get(slot)?.check !== undefined) this.#checks.watch(slot);
    }
  }

  /** What was typed for a channel has changed. */
  #renew(slot: number): void {
    if (this.#place.directory.get(slot) === undefined) return this.#forget(slot);
    this.#discover();
    const watched = this.#channels.get(slot);
    if (watched === undefined) return;
    if (this.#readCheck(slot, watched)) this.#checks.watch(slot);
    this.#tellListener();
  }

  /** Reads which check a channel has now; whether it has one. Without, what checks have said of it counts no more. */
  #readCheck(slot: number, watched: Watched): boolean {
    watched.check = channelExchange(this.#place, slot)?.name;
    if (watched.check !== undefined) return true;
    this.#checks.leave(slot);
    this.#observe(slot, { kind: "unchecked", atMs: performance.now() });
    return false;
  }

  /** The channel is gone: what the row may be next begins anew. */
  #forget(slot: number): void {
    this.#checks.leave(slot);
    clearTimeout(this.#channels.get(slot)?.timer);
    this.#channels.delete(slot);
    clearEjection(this.#place.table, slot);
    apply(this.#place.table, [{ kind: "suspect", slot, suspect: false }]);
    this.#tellListener();
  }

  /** Looks whether a channel leads elsewhere now: then what was seen of the old server does not count. */
  #notice(slot: number): void {
    const watched = this.#channels.get(slot);
    const version = endpointVersion(this.#place.table, slot);
    if (watched === undefined || watched.version === version) return;
    watched.version = version;
    this.#observe(slot, { kind: "moved", atMs: performance.now() });
    this.#checks.hurry(slot);
  }

  #check(slot: number): RunningCheck {
    this.#notice(slot);
    return checkChannel(this.#place, slot);
  }

  #checked(slot: number, verdict: Verdict | undefined): void {
    if (verdict === undefined) return this.#observe(slot, { kind: "late", late: false });
    const { options } = this.#place;
    const watched = this.#channels.get(slot);
    if (watched !== undefined) watched.checks[verdict.ok ? "good" : "bad"]++;
    const before = watched?.health.check.status;
    const result = { ...verdict, atMs: performance.now() };
    this.#observe(slot, { kind: "check", result, rule: options.rule });
    const after = this.#channels.get(slot)?.health.check.status;
    if (options.cutDown && before === "up" && after === "down") this.#power?.endChannel(slot);
    this.#tellListener();
  }

  /**
   * Findings of several threads may come in another order than they were made: one that the table does not bear out any
   * more has been overtaken, and an ejection of a channel that is out says that it was back in between.
   */
  #judge(slot: number, kind: "ejected" | "trial failed" | "returned", reason: string): void {
    const { table, options } = this.#place;
    const inService = ejectionPhase(table, slot) === "in service";
    if (inService !== (kind === "returned")) return;
    const atMs = performance.now();
    const fault = { reason, atMs, jitter: Math.random() };
    switch (kind) {
      case "returned":
        return this.#observe(slot, { kind: "succeeded", result: { reason, atMs } });
      case "trial failed":
        return this.#observe(slot, { kind, fault });
      case "ejected":
        this.#observe(slot, { kind: "succeeded", result: { reason: "a client was served", atMs } });
        return this.#observe(slot, { kind, fault, threshold: options.eject });
    }
  }

  #observe(slot: number, event: HealthEvent): void {
    const watched = this.#channels.get(slot);
    if (watched === undefined) return;
    const { health: before } = watched;
    const { health, transition } = observe(before, event);
    watched.health = health;
    const suspect = isSuspect(health.check);
    if (suspect !== isSuspect(before.check)) {
      apply(this.#place.table, [{ kind: "suspect", slot, suspect }]);
    }
    if (health.ejection !== before.ejection) this.#setTrialTimer(slot, watched);
    // Before it is up for everybody: it begins with the small weight.
    if (health.backMs !== undefined) this.#growth.begin(slot, health.backMs);
    if (transition === undefined) return;
    const { table, log } = this.#place;
    apply(table, [{ kind: "observed", slot, observed: transition.to }]);
    const name = nameOf(this.#place, slot);
    const label = { group: groupOf(slot), channel: channelOf(slot), name };
    const line = formatTransition(label, transition);
    log.log("notice", "{line}", { line }, { kind: "transition", to: transition.to, ...label });
    if (transition.to === "up") this.#lastResort = false;
  }

  /** The time of an ejection has its end in the table: one client may come then. */
  #setTrialTimer(slot: number, watched: Watched): void {
    const { ejection } = watched.health;
    clearTimeout(watched.timer);
    if (ejection.phase === "in service") return;
    watched.timer = setTimeout(() => {
      offerTrial(this.#place.table, slot);
      this.#tellListener();
    }, Math.max(0, ejection.untilMs - performance.now()));
  }

  #tellLastResort(): void {
    if (this.#lastResort) return;
    this.#lastResort = true;
    this.#place.log.log("warning", "no channel is up: enabled ones get clients all the same");
  }

  /** Whether anything is usable decides whether clients are accepted (`--when-down refuse`). */
  #tellListener(): void {
    const { table, options } = this.#place;
    if (this.#power === undefined) return;
    const on = options.whenDown !== "refuse" ||
      allSlots(table).some((slot) =>
        Atomics.load(table.words, channelWord(slot, "enabled")) === 1 &&
        (!isHeld(table, slot) || ejectionPhase(table, slot) === "on trial")
      );
    if (on === this.#listening) return;
    this.#listening = on;
    this.#power.listen(on);
  }
}
