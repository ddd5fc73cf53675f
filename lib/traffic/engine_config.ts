/**
 * What an engine is asked to do, whichever one it is.
 *
 * @module
 */
import { whenDownOf } from "../core/command_line/health_options.ts";
import type { Options } from "../core/command_line/options.ts";
import type { EdgeConfig } from "../core/edge/edge_config.ts";

/** What an engine is asked to do; plain data, so that it can be sent to a worker. */
export interface EngineConfig {
  /** Seconds that one connect may take. */
  readonly connectTimeout: number;
  /** Seconds of silence after which a connection is ended; 0 is never. */
  readonly idleTimeout: number;
  /** `-a`. */
  readonly autodisable: boolean;
  /** `-H`. */
  readonly hashFailover: boolean;
  /** Percent of its share at which rendezvous passes a channel over; undefined is no bound. */
  readonly loadBound: number | undefined;
  /** `-B`: an IPv4 or IPv6 address. */
  readonly source: string | undefined;
  /** Whether each connection's end is logged. */
  readonly logConnections: boolean;
  /** `--eject`: failures in a row that eject a channel; 0 is never. */
  readonly ejectAfter: number;
  /** `--when-down try`: whether channels that are not up are tried when none is. */
  readonly lastResort: boolean;
  /** `--when-down reset`: whether a client that no channel can have is reset. */
  readonly resetsRefused: boolean;
  /** Who may come in, how many, and what proxies say of clients. */
  readonly edge: EdgeConfig;
}

/** Where to listen. */
export interface ListenAddress {
  /** IPv4 or IPv6 literal. */
  readonly hostname: string;
  /** Port number. */
  readonly port: number;
}

/**
 * What an engine is asked to do by a command line, all else being as it was.
 *
 * @param fixed What no command line says as the engine needs it, or nobody changes while it runs.
 */
export function engineConfigOf(
  options: Options,
  fixed: {
    readonly source: EngineConfig["source"];
    readonly logConnections: boolean;
    readonly edge: Pick<EdgeConfig, "clients" | "timeouts">;
  },
): EngineConfig {
  const { connectTimeout, idleTimeout, autodisable, hashFailover, loadBound, health, edge } =
    options;
  const { clients, timeouts } = fixed.edge;
  const whenDown = whenDownOf(health);
  return {
    connectTimeout,
    idleTimeout,
    autodisable,
    hashFailover,
    loadBound,
    source: fixed.source,
    logConnections: fixed.logConnections,
    ejectAfter: health.eject,
    lastResort: whenDown === "try",
    resetsRefused: whenDown === "reset",
    edge: { ...edge, clients, timeouts },
  };
}
