/**
 * What is observed of one channel: checks, ejection and its name's address put together.
 *
 * | unresolved | down by checks | ejected | observed |
 * | --- | --- | --- | --- |
 * | yes | any | any | unresolved |
 * | no | yes | any | down |
 * | no | no | yes | ejected |
 * | no | no | no | up |
 *
 * The parts do not know each other. A change of what they give together is told, with the reason of the part that changed.
 *
 * @module
 */
import {
  type CheckResult,
  type CheckRule,
  type CheckState,
  recordCheck,
  uncheckedState,
} from "./check_state.ts";
import {
  type ConnectFault,
  type ConnectResult,
  ejected,
  type Ejection,
  inService,
  succeeded,
  trialFailed,
} from "./ejection.ts";
import type { Observed, Transition } from "./transition.ts";

/** What is observed of one channel. Times are in milliseconds. */
export interface ChannelHealth {
  /** All parts together. */
  readonly observed: Observed;
  /** When that began. */
  readonly sinceMs: number;
  /** Why, in few words; undefined if it has been so from the start. */
  readonly reason: string | undefined;
  /** What active checks say. */
  readonly check: CheckState;
  /** What clients' connections say. */
  readonly ejection: Ejection;
  /** Whether its name has an address. */
  readonly resolved: boolean;
  /** When it last came back, from anything but up or by the operator; undefined if it was never away. */
  readonly backMs: number | undefined;
  /** How often it has become each. */
  readonly changes: Readonly<Record<Observed, number>>;
}

/** What can happen to a channel. */
export type HealthEvent =
  /** A check has ended. */
  | { readonly kind: "check"; readonly result: CheckResult; readonly rule: CheckRule }
  /** A check that is under way takes longer than its like, or has come to no result. */
  | { readonly kind: "late"; readonly late: boolean }
  /** It is not checked any more. */
  | { readonly kind: "unchecked"; readonly atMs: number }
  /** So many failures in a row have ejected it. */
  | { readonly kind: "ejected"; readonly fault: ConnectFault; readonly threshold: number }
  /** The client on trial has failed. */
  | { readonly kind: "trial failed"; readonly fault: ConnectFault }
  /** A client's connection has shown that it works. */
  | { readonly kind: "succeeded"; readonly result: ConnectResult }
  /** Its name has got an address, or there has never been one. */
  | {
    readonly kind: "resolution";
    readonly resolved: boolean;
    readonly reason: string;
    readonly atMs: number;
  }
  /** The operator has enabled it. */
  | { readonly kind: "enabled"; readonly atMs: number }
  /** It leads to another server now, which no check has seen. */
  | { readonly kind: "moved"; readonly atMs: number };

/** A state and, if what is observed has changed, the transition to tell. */
export interface HealthStep {
  /** The state from now on. */
  readonly health: ChannelHealth;
  /** The change, or nothing. */
  readonly transition: Transition | undefined;
}

/** The state of a channel of which nothing is known but whether its name has an address. */
export function newHealth(nowMs: number, resolved = true): ChannelHealth {
  return {
    observed: resolved ? "up" : "unresolved",
    sinceMs: nowMs,
    reason: undefined,
    check: uncheckedState(nowMs),
    ejection: inService(nowMs),
    resolved,
    backMs: undefined,
    changes: { up: 0, down: 0, ejected: 0, unresolved: 0 },
  };
}

/** Takes in what has happened. */
export function observe(health: ChannelHealth, event: HealthEvent): HealthStep {
  switch (event.kind) {
    case "check": {
      const { state, transition } = recordCheck(health.check, event.result, event.rule);
      return settle(health, { check: state }, { ...event.result, transition });
    }
    case "late":
      return {
        health: { ...health, check: { ...health.check, late: event.late } },
        transition: undefined,
      };
    case "unchecked": {
      const { atMs } = event;
      return settle(health, { check: uncheckedState(atMs) }, {
        reason: "it is not checked any more",
        atMs,
      });
    }
    case "ejected": {
      const { state, transition } = ejected(health.ejection, event.fault, event.threshold);
      return settle(health, { ejection: state }, { ...event.fault, transition });
    }
    case "trial failed":
      return settle(health, { ejection: trialFailed(health.ejection, event.fault) }, event.fault);
    case "succeeded": {
      const { state, transition } = succeeded(health.ejection, event.result);
      return settle(health, { ejection: state }, { ...event.result, transition });
    }
    case "resolution": {
      const { resolved, reason, atMs } = event;
      return settle(health, { resolved }, { reason, atMs, wants: resolved ? "up" : "unresolved" });
    }
    case "enabled": {
      const { atMs } = event;
      const parts = { ejection: inService(atMs), backMs: atMs };
      return settle(health, parts, { reason: "enabled", atMs });
    }
    case "moved": {
      const { atMs } = event;
      // Up or down goes on until the first check of the new server says something.
      const { status, sinceMs } = health.check;
      const check = { ...uncheckedState(sinceMs), status };
      const reason = "it leads to another address";
      return settle(health, { check, ejection: inService(atMs) }, { reason, atMs });
    }
  }
}

/** What made a part change; `transition` is the part's own, `wants` what it would make of the channel. */
interface Occasion {
  readonly reason: string;
  readonly atMs: number;
  readonly transition?: Transition | undefined;
  readonly wants?: Observed;
}

function settle(
  before: ChannelHealth,
  parts: Partial<ChannelHealth>,
  { reason, atMs, transition: own, wants = own?.to }: Occasion,
): HealthStep {
  const health = { ...before, ...parts };
  const to = together(health);
  const from = before.observed;
  if (to === from) return { health, transition: undefined };
  const { changes } = health;
  // A part that got well uncovers one that is not.
  const why = wants !== undefined && wants !== to ? `${reason}, but still ${to}` : reason;
  return {
    health: {
      ...health,
      observed: to,
      sinceMs: atMs,
      reason: why,
      backMs: to === "up" ? atMs : health.backMs,
      changes: { ...changes, [to]: changes[to] + 1 },
    },
    transition: {
      from,
      to,
      reason: why,
      basis: own?.basis ?? { kind: "single" },
      lastedMs: atMs - before.sinceMs,
    },
  };
}

function together({ resolved, check, ejection }: ChannelHealth): Observed {
  if (!resolved) return "unresolved";
  if (check.status === "down") return "down";
  return ejection.phase === "out" ? "ejected" : "up";
}
