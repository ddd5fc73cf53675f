/**
 * Want of descriptors: told once, and some are held back so that an instance that has run out can still be controlled.
 *
 * @module
 */
import type { Fields, Level, LineWriter, Reporter } from "./events.ts";
import { granted } from "./permissions.ts";

/** What is opened for them. */
const NULL_FILE = "/dev/null";
/** How many are held back. */
const SPARE = 16;
/** Time without want after which the next want is news, in ms. */
const EPISODE_MS = 60_000;

/** Passes words on, and knows what to do when descriptors have run out. */
export class DescriptorWatch implements Reporter {
  /** Writes one line of the `-d` trace; undefined when tracing is off. */
  readonly trace: ((line: string) => void) | undefined;
  readonly #writer: LineWriter;
  readonly #held: Deno.FsFile[] = [];
  /** When they were last found to be out, in ms. */
  #starved = -Infinity;

  /** Takes descriptors to hold back, as far as there are any. */
  constructor(writer: LineWriter) {
    this.#writer = writer;
    this.trace = writer.trace;
    if (!granted({ name: "read", path: NULL_FILE })) return;
    try {
      for (let count = 0; count < SPARE; count++) {
        this.#held.push(Deno.openSync(NULL_FILE, { read: true }));
      }
    } catch {
      // As many as there are; none where there is no such file.
    }
  }

  /** Writes one line to the log. */
  log(level: Level, message: string, fields?: Fields): void {
    this.#writer.log(level, message, fields);
  }

  /** Tells it, once an episode, and lets go of what was held back, for good. */
  starved(): void {
    for (const each of this.#held.splice(0)) each.close();
    const now = performance.now();
    if (now - this.#starved > EPISODE_MS) {
      this.log("warning", "out of descriptors: accepting pauses until some are free");
    }
    this.#starved = now;
  }
}
