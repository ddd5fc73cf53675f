/**
 * An operator's line, carried out: interpreted, supplied with what it needs, and what it decided applied.
 *
 * @module
 */
import type { StartedWith } from "../core/command_line/snapshot.ts";
import type { LiveOptions } from "../core/command_line/live_options.ts";
import type { Destination } from "../core/command_line/destination.ts";
import type {
  Answer,
  Assignment,
  ClientRules,
  Context,
  Following,
  Need,
  Supplies,
} from "../core/control/commands/command.ts";
import { interpret } from "../core/control/interpreter.ts";
import type { Endpoint } from "../core/net/socket_address.ts";
import type { Services } from "../core/net/services.ts";
import type { HealthView } from "../core/report/health.ts";
import type { InstanceView } from "../core/report/instance_view.ts";
import type { CutTarget } from "../core/report/live.ts";
import type { WorkerView } from "../core/report/report.ts";
import { apply, type Change } from "../core/table/change.ts";
import type { Table } from "../core/table/schema.ts";
import { within } from "../system/time_limit.ts";

/** What carrying out lines needs of the instance. */
export interface Operated {
  /** The channel table. */
  readonly table: Table;
  /** Names that may stand for a port. */
  readonly services: Services;
  /** What decides about clients beside the table. */
  rules(): ClientRules;
  /** The instance as operators see it. */
  readonly view: InstanceView;
  /** The workers as they are now. */
  workers(): readonly WorkerView[];
  /** The health of all channels as it is now. */
  healthViews(): readonly HealthView[];
  /** How it was started. */
  started(): StartedWith;
  /** Ends some connections; how many. */
  cut(target: CutTarget): Promise<number>;
  /** Told what the operator has changed in the table. */
  changed(changes: readonly Change[]): void;
  /** Looks up what an operator named; `null` if it has no address, a text if it cannot be used. */
  resolve(destination: Destination): Promise<Endpoint | string | null>;
  /** An operator has given a channel a destination. */
  assigned(assignment: Assignment): void;
  /**
   * Has channels follow the records of a name from now on; how many, or why none does.
   *
   * @param lookupMs Time for the look-up; then nothing is followed.
   */
  follow(wanted: Following, lookupMs: number): Promise<number | string>;
  /** Obeys these options from now on, of which one was changed; what became of it, in one line. */
  configure(live: LiveOptions, name: string): string;
}

/**
 * Carries a line out. What its answer says of the session, and of what goes on, is the caller's to do.
 *
 * @param group The session's current group.
 * @param lookupMs Time for the address of a host that the line names; then it counts as unknown.
 */
export async function execute(
  instance: Operated,
  line: string,
  group: number,
  lookupMs: number,
): Promise<Answer> {
  const { table, services } = instance;
  let context: Context = {
    table,
    group,
    services,
    rules: instance.rules(),
    workers: instance.workers(),
    health: instance.healthViews(),
  };
  for (;;) {
    const outcome = interpret(line, context);
    switch (outcome.kind) {
      case "answer":
        apply(table, outcome.changes);
        if (outcome.assigned !== undefined) instance.assigned(outcome.assigned);
        if (outcome.changes.length > 0) instance.changed(outcome.changes);
        return outcome;
      case "need": {
        const supplied = await supply(instance, outcome.need, lookupMs);
        const supplies = { ...context.supplies, ...supplied };
        context = { ...context, supplies };
        break;
      }
      case "resolve": {
        const lookup = instance.resolve(outcome.destination);
        context = { ...context, resolved: await within(lookup, lookupMs) ?? null };
        break;
      }
    }
  }
}

async function supply(instance: Operated, need: Need, lookupMs: number): Promise<Supplies> {
  const { view } = instance;
  switch (need.kind) {
    case "state":
      return { state: view.state() };
    case "connections":
      return { connections: await view.connections(need.slot) };
    case "causes":
      return { causes: await view.causes(need.slot) };
    case "health":
      return { health: view.health() };
    case "start":
      return { start: instance.started() };
    case "cut":
      return { cut: await instance.cut(need.target) };
    case "follow":
      return { followed: await instance.follow(need.wanted, lookupMs) };
    case "configure":
      return { configured: instance.configure(need.live, need.name) };
  }
}
