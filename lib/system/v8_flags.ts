/**
 * How the program wants its memory collected: flags of V8, the engine under the runtime.
 *
 * They only count at the start of a process, and hold for its workers too. The binary carries them; a run from source is
 * given them by `deno task start` and, in the background, by the process that starts it.
 *
 * @module
 */

/** A flag and why it is wanted. */
export interface V8Flag {
  /** As V8 takes it. */
  readonly flag: string;
  /** What happens without it. */
  readonly reason: string;
}

/** Every flag; `deno task bench` shows what they do in the latency and memory tests. */
export const V8_FLAGS: readonly V8Flag[] = [
  {
    flag: "--max-semi-space-size=2",
    // A connection's objects live as long as it does. In 16 MiB thousands of them survive, and copying them takes 5 ms in
    // which nothing is relayed; in 2 MiB it takes 0.3 ms, more often, and less time in all.
    reason: "the young generation grows to 16 MiB, and one collection of it takes 5 ms",
  },
  {
    flag: "--heap-growing-percent=100",
    // The old generation is collected when it is twice, not four times, what was alive after the last collection.
    reason: "garbage up to three times the living data stays in memory",
  },
  {
    flag: "--no-parallel-scavenge",
    // With so little to copy, helper threads gain nothing, and the relaying thread waits until each has had a processor.
    reason: "on a busy machine a collection waits for helper threads that have no processor",
  },
];

/** The option of `deno run` and `deno compile` that sets {@link V8_FLAGS}. */
export const V8_OPTION = `--v8-flags=${V8_FLAGS.map(({ flag }) => flag).join(",")}`;
