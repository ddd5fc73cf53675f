/**
 * The grace periods: how long a connection may last once it has begun to end, and whose rule that is.
 *
 * @module
 */

/** How long a connection may last once something has happened to it, in seconds. */
export interface GracePeriods {
  /** Silence of a client after its server's end of file; the idle timeout if that is shorter. */
  readonly client: number;
  /** Silence of a server after its client's end of file, without an idle timeout. */
  readonly server: number;
  /** Time in total that a client is kept after its server is gone, whatever the client sends. */
  readonly lost: number;
  /** Silence that a blocked write gets at least. */
  readonly blocked: number;
}

/** The grace periods of the program. */
export const GRACE: GracePeriods = {
  // Ours (manual page, CONNECTIONS): places below maxc must come back soon.
  client: 10,
  // Ours: a server may work for long on what a client has sent before it half-closed.
  server: 3600,
  // As nginx's lingering_time, but shorter: a client that only writes has to learn that its server is gone.
  lost: 2,
  // Measured on Linux: it tells of a slow receiver only when a third of the send buffer has become free, which takes
  // long although bytes flow all the time.
  blocked: 60,
};
