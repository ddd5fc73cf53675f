/**
 * A running instance as its operators see it.
 *
 * @module
 */
import type { Health } from "../backends/health.ts";
import type { StartedWith } from "../core/command_line/snapshot.ts";
import { causeDocuments, connectionsDocument } from "../core/report/connections.ts";
import type {
  CausesDocument,
  ConnectionsDocument,
  EventDocument,
  HealthDocument,
  StateDocument,
} from "../core/report/documents.ts";
import type { HealthView } from "../core/report/health.ts";
import type { InstanceView } from "../core/report/instance_view.ts";
import type { MetricsView } from "../core/report/metrics.ts";
import { RecentConnects } from "../core/report/recent.ts";
import {
  healthDocuments,
  type InstanceFacts,
  metricsView,
  stateDocument,
} from "../core/report/state.ts";
import { allSlots, anyChannel, usable } from "../core/table/access.ts";
import { asIfUp, slotOf } from "../core/table/schema.ts";
import type { Workers } from "../workers/messages.ts";
import type { Events } from "./events.ts";
import type { LiveSettings } from "./live_settings.ts";
import type { Startup } from "./start.ts";

/** What the view is made of. */
export interface ViewParts {
  /** What the instance is. */
  readonly facts: InstanceFacts;
  /** What the start has made ready. */
  readonly startup: Startup;
  /** The threads. */
  readonly workers: Workers;
  /** Who watches over the servers. */
  readonly health: Health;
  /** What happens. */
  readonly events: Events;
  /** The options as they are now. */
  readonly settings: LiveSettings;
}

/** A running instance as its operators see it. */
export class RunningView implements InstanceView {
  readonly #parts: ViewParts;
  readonly #connects = new RecentConnects();

  /** Looks at an instance. */
  constructor(parts: ViewParts) {
    this.#parts = parts;
  }

  /** The state as it is now. */
  state(): StateDocument {
    const { facts, startup: { table }, workers } = this.#parts;
    const recent = this.#connects.look(table, allSlots(table), performance.now());
    const health = this.#health();
    return stateDocument({
      facts,
      table,
      nowMs: Date.now(),
      workers: workers.views(),
      health,
      recent,
    });
  }

  /** The connections that live, of one channel or of all. */
  async connections(slot?: number): Promise<ConnectionsDocument> {
    return connectionsDocument(await this.#parts.workers.questions.connections(slot));
  }

  /** How connections ended, of one channel or of all. */
  async causes(slot?: number): Promise<CausesDocument> {
    const { startup: { table }, workers } = this.#parts;
    const slots = slot === undefined ? allSlots(table) : [slot];
    return { causes: causeDocuments(table, slots, await workers.questions.lastEnds()) };
  }

  /** The health of all channels. */
  health(): HealthDocument {
    return { channels: healthDocuments(this.#parts.health.views(), Date.now()) };
  }

  /** All that is counted. */
  metrics(): MetricsView {
    const { facts, startup: { table } } = this.#parts;
    return metricsView({ facts, table, nowMs: Date.now(), health: this.#health() });
  }

  /** Whether a client that comes now could be served. */
  servable(): boolean {
    const { startup: { table }, workers, settings } = this.#parts;
    const listening = workers.views().some(({ state }) => state === "running");
    const any = anyChannel(table, usable) ||
      (settings.clientRules().lastResort && anyChannel(asIfUp(table), usable));
    return listening && any;
  }

  /** The last events, the oldest first. */
  recentEvents(): readonly EventDocument[] {
    return this.#parts.events.recent();
  }

  /** Calls a function with everything that happens. */
  subscribe(listener: (event: EventDocument) => void): Disposable {
    return this.#parts.events.subscribe(listener);
  }

  /** How the instance was started, and what was typed for its channels. */
  started(): StartedWith {
    const { settings, startup: { options, backends: { directory } } } = this.#parts;
    const destinations = directory.all().map(({ slot, destination }) =>
      [slot, destination] as const
    );
    return { options: settings.given, port: options.port, destinations: new Map(destinations) };
  }

  /** What a channel is called. */
  nameOf(slot: number): string {
    return this.#parts.startup.backends.directory.get(slot)?.name ?? "?";
  }

  #health(): ReadonlyMap<number, HealthView> {
    const views = this.#parts.health.views();
    return new Map(views.map((view) => [slotOf(view.group, view.channel), view]));
  }
}

/** What an instance is, from what its start has made ready. */
export function factsOf(
  { address, native }: Startup,
  version: string,
): InstanceFacts {
  return {
    version,
    pid: Deno.pid,
    startedMs: performance.timeOrigin,
    port: address.port,
    bind: address.hostname,
    engine: native === undefined ? "deno" : "native",
  };
}
