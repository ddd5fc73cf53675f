/**
 * The options of an instance as they are now: those of the start, with what operators have changed.
 *
 * @module
 */
import { whenDownOf } from "../core/command_line/health_options.ts";
import { formatLiveOption, type LiveOptions } from "../core/command_line/live_options.ts";
import type { ClientRules } from "../core/control/commands/command.ts";
import { looksAtClients } from "../core/edge/edge_config.ts";
import type { LineWriter } from "../core/events.ts";
import type { Health } from "../backends/health.ts";
import type { NameWatch } from "../backends/names.ts";
import { type EngineConfig, engineConfigOf } from "../traffic/engine_config.ts";
import type { Workers } from "../workers/messages.ts";
import { type RefusalWatch, startRefusalWatch } from "./refusal_watch.ts";
import type { Startup } from "./start.ts";

/** Who obeys options. */
export interface Obeying {
  /** What the start has made ready. */
  readonly startup: Startup;
  /** The threads. */
  readonly workers: Workers;
  /** Who watches over the servers. */
  readonly health: Health;
  /** Who looks names up again. */
  readonly names: NameWatch;
  /** Where changes are told. */
  readonly log: LineWriter;
}

/** The options of an instance as they are now. */
export class LiveSettings implements Disposable {
  readonly #obeying: Obeying;
  #live: LiveOptions;
  #config: EngineConfig;
  #refusals: RefusalWatch | undefined;

  /** Begins with the options of the start. */
  constructor(obeying: Obeying) {
    const { options, config } = obeying.startup;
    this.#obeying = obeying;
    this.#live = { given: options.given, options };
    this.#config = config;
  }

  /** The options as words. */
  get given(): readonly string[] {
    return this.#live.given;
  }

  /** Seconds that a drain may last; undefined is without limit. */
  get drain(): number | undefined {
    return this.#live.options.drain;
  }

  /** What decides about clients beside the table, for `explain`. */
  clientRules(): ClientRules {
    const { hashFailover, loadBound, lastResort, edge: { lists } } = this.#config;
    return { hashFailover, loadBound, lastResort, lists };
  }

  /** Has refused clients told in the log from now on, if any rule can refuse some. */
  watchRefusals(): void {
    const { startup: { table }, log } = this.#obeying;
    const { edge } = this.#config;
    if (looksAtClients(edge) || edge.queue !== undefined) {
      this.#refusals ??= startRefusalWatch(table, log);
    }
  }

  /** Tells of refused clients what was not told yet, at the end. */
  tellRefusals(): void {
    this.#refusals?.tell();
  }

  /** Obeys these options from now on, of which one was changed; what became of it, in one line. */
  configure(live: LiveOptions, name: string): string {
    const { startup, workers, health, names, log } = this.#obeying;
    const { options, given } = live;
    if (startup.native?.managed === true && whenDownOf(options.health) === "refuse") {
      return "--when-down refuse closes the socket, which is the service manager's to close";
    }
    this.#live = live;
    this.#config = engineConfigOf(options, startup.config);
    workers.configure(given, this.#config);
    if (name.startsWith("check") || HEALTH.has(name)) {
      health.configure(options.health, options.edge.proxyOut);
    }
    if (name === "resolve") names.configure(options.resolve);
    this.watchRefusals();
    const said = formatLiveOption(given, name);
    log.log("notice", "set by an operator: {option}", { option: said });
    return said;
  }

  /** Stops watching. */
  [Symbol.dispose](): void {
    this.#refusals?.[Symbol.dispose]();
  }
}

/** Options beside those of checks that matter to whoever watches over servers. */
const HEALTH: ReadonlySet<string> = new Set([
  "eject",
  "slow-start",
  "cut-down",
  "when-down",
  "proxy-out",
]);
