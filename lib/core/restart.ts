/**
 * When a dead worker is replaced, and what of it is news.
 *
 * @module
 */

/** How long pauses before a restart are, in ms. */
export interface RestartPace {
  /** The first pause; each further death doubles it. */
  readonly firstMs: number;
  /** No pause is longer. */
  readonly longestMs: number;
  /** A worker that has lived so long was a good one: its death is the first of a new episode. */
  readonly goodLifeMs: number;
}

/** The pace of an instance. */
export const RESTART_PACE: RestartPace = { firstMs: 1000, longestMs: 60_000, goodLifeMs: 60_000 };

/** Deaths of one worker that follow each other closely. */
export interface Episode {
  /** How many there were so far. */
  readonly deaths: number;
  /** Pause before the restart after the last one, in ms. */
  readonly pauseMs: number;
}

/** Before any death. */
export const NO_DEATH: Episode = { deaths: 0, pauseMs: 0 };

/**
 * The episode after one more death.
 *
 * After a good life the restart comes at once; else after a pause, so that a worker that dies at each start takes neither
 * the processor nor the log.
 */
export function afterDeath(episode: Episode, livedMs: number, pace: RestartPace): Episode {
  if (livedMs >= pace.goodLifeMs) return { deaths: 1, pauseMs: 0 };
  const doubled = Math.max(pace.firstMs, episode.pauseMs * 2);
  return { deaths: episode.deaths + 1, pauseMs: Math.min(pace.longestMs, doubled) };
}
