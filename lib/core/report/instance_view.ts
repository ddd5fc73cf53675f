/**
 * What operators may ask of an instance and have it do, whichever way they come: control socket or HTTP.
 *
 * @module
 */
import type {
  CausesDocument,
  ConnectionsDocument,
  EventDocument,
  HealthDocument,
  StateDocument,
} from "./documents.ts";
import type { MetricsView } from "./metrics.ts";

/** A running instance, as its operators see it. For the main thread alone. */
export interface InstanceView {
  /** The state as it is now. */
  state(): StateDocument;
  /**
   * The connections that live, of one channel or of all.
   *
   * @param slot The channel over the whole table.
   */
  connections(slot?: number): Promise<ConnectionsDocument>;
  /** How connections ended, of one channel or of all. */
  causes(slot?: number): Promise<CausesDocument>;
  /** The health of all channels. */
  health(): HealthDocument;
  /** All that is counted, for a metrics text. */
  metrics(): MetricsView;
  /** Whether a client that comes now could be served. */
  servable(): boolean;
  /** The last hundred events, the oldest first. */
  recentEvents(): readonly EventDocument[];
  /** Calls a function with everything that happens, until the result is disposed of. The function must not throw. */
  subscribe(listener: (event: EventDocument) => void): Disposable;
}

/** What an operator's line has come to. */
export interface CommandResult {
  /** Lines for the operator. */
  readonly lines: readonly string[];
  /** 0, or what a shell's command exits with. */
  readonly status: number;
}
