/**
 * How peers are noticed that have vanished without a word (`--keepalive`, `--user-timeout`).
 *
 * @module
 */

/** When a silent peer is asked whether it is still there. */
export interface Probes {
  /** Seconds of silence before the first probe. */
  readonly idle: number;
  /** Seconds between two probes. */
  readonly interval: number;
  /** Probes without an answer after which it is gone. */
  readonly count: number;
}

/** What is asked of peers, clients and servers alike. */
export interface PeerTimeouts {
  /** `--keepalive`; undefined leaves the system's numbers. */
  readonly probes: Probes | undefined;
  /** `--user-timeout`: seconds that bytes may stay unconfirmed; 0 leaves the system's. */
  readonly userTimeout: number;
}

/** What the system does by itself. */
export const SYSTEM_TIMEOUTS: PeerTimeouts = { probes: undefined, userTimeout: 0 };
