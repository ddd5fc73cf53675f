/**
 * What operators can do with a running instance, whichever way they come: by its control socket or by HTTP.
 *
 * @module
 */
import { describeChanges } from "../core/report/changes.ts";
import type { Health } from "../backends/health.ts";
import type { NameWatch } from "../backends/names.ts";
import type { Controlled } from "../control/server.ts";
import type { Workers } from "../workers/messages.ts";
import type { Events } from "./events.ts";
import type { LiveSettings } from "./live_settings.ts";
import { OperatorNames } from "./names.ts";
import type { Startup } from "./start.ts";
import { factsOf, RunningView } from "./view.ts";

/** What an operation reaches. */
export interface OperationParts extends Pick<Controlled, "kill" | "successor"> {
  /** What the start has made ready. */
  readonly startup: Startup;
  /** The program's version. */
  readonly version: string;
  /** The threads. */
  readonly workers: Workers;
  /** Who watches over the servers. */
  readonly health: Health;
  /** Who watches over names. */
  readonly names: NameWatch;
  /** The options as they are now. */
  readonly settings: LiveSettings;
  /** What happens. */
  readonly events: Events;
}

/** Everything that the control server and the HTTP server ask of an instance. */
export function operationOf(parts: OperationParts): Controlled {
  const { startup, version, workers, health, names, settings, events, kill, successor } = parts;
  const operator = new OperatorNames(startup, names, events);
  const facts = factsOf(startup, version);
  const view = new RunningView({ facts, startup, workers, health, events, settings });
  return {
    table: startup.table,
    services: startup.services,
    workers: () => workers.views(),
    healthViews: () => health.views(),
    rules: () => settings.clientRules(),
    view,
    started: () => view.started(),
    configure: (live, name) => settings.configure(live, name),
    cut: (target) => workers.questions.cut(target),
    changed: (changes) => {
      health.changed(changes);
      for (const each of describeChanges(changes, (slot) => view.nameOf(slot))) events.tell(each);
    },
    resolve: (destination) => operator.resolve(destination),
    assigned: (assignment) => operator.assigned(assignment),
    follow: (wanted, lookupMs) => operator.follow(wanted, lookupMs),
    kill,
    successor,
  };
}
