/**
 * Want of descriptors: told once, and some are held back so that an instance that has run out can still be controlled.
 *
 * All threads of a process share its descriptors. When one of them finds none, all of them are told to serve no more
 * clients than now; then what was held back is let go, for the operator, the log, and connects that wait. More clients are
 * served only when it could be taken back.
 *
 * @module
 */
import { isExhausted } from "./error_codes.ts";
import type { Fields, Level, LineWriter, Reporter, Sight } from "../core/events.ts";
import { granted } from "./permissions.ts";

/** What is opened for them where there is no run dir. */
const NULL_FILE = "/dev/null";
/** How many are held back. */
const SPARE = 16;
/** How many must be left beside them when they are taken back: without any, control would not answer. */
const FREE = 4;
/** Time in which all threads surely have heard that no more clients are to be served, in ms. */
const RELEASE_MS = 50;
/** Time between two looks whether the spare ones can be taken back, in ms; less than a thread's patience. */
const LOOK_MS = 1000;
/** Time without want before they are taken back, in ms. */
const CALM_MS = 2000;
/** Time without want after which the next want is news, in ms. */
const EPISODE_MS = 60_000;

/** Passes words on, and knows what to do when descriptors have run out. */
export class DescriptorWatch implements Reporter, Disposable {
  /** Writes one line of the `-d` trace; undefined when tracing is off. */
  readonly trace: ((line: string) => void) | undefined;
  /** Told of connects that have failed, if anybody asks. */
  connectFailed: ((slot: number) => void) | undefined;
  /** Told of what was seen of the servers, if anybody asks. */
  seen: ((sight: Sight) => void) | undefined;
  readonly #writer: LineWriter;
  readonly #path: string;
  readonly #wanted: number;
  #held: Deno.FsFile[] = [];
  #threads: { hold(): void } | undefined;
  /** When they were last found to be out, in ms. */
  #exhaustedAt = -Infinity;
  #release: number | undefined;
  #look: number | undefined;

  /**
   * Takes descriptors to hold back, as far as there are any.
   *
   * @param folder A folder that stays readable when permissions are given up, if there is one.
   */
  constructor(writer: LineWriter, folder: string | undefined) {
    this.#writer = writer;
    this.trace = writer.trace;
    this.#path = folder ?? NULL_FILE;
    this.#take(SPARE);
    this.#wanted = this.#held.length;
  }

  /** Names the threads that are to hold back when descriptors have run out. */
  guard(threads: { hold(): void }): void {
    this.#threads = threads;
  }

  /** Writes one line to the log. */
  log(level: Level, message: string, fields?: Fields): void {
    this.#writer.log(level, message, fields);
  }

  /** Has all threads hold back, lets go of the spare descriptors, and tells it, once an episode. */
  outOfDescriptors(): void {
    const now = performance.now();
    const news = now - this.#exhaustedAt > EPISODE_MS;
    this.#exhaustedAt = now;
    this.#threads?.hold();
    this.#look ??= setInterval(() => this.#takeBack(), LOOK_MS);
    if (this.#held.length > 0 || news) {
      this.#release ??= setTimeout(() => this.#letGo(news), RELEASE_MS);
    }
  }

  /** Lets go of what is held back, and stops looking. */
  [Symbol.dispose](): void {
    clearTimeout(this.#release);
    clearInterval(this.#look);
    for (const each of this.#held.splice(0)) each.close();
  }

  #letGo(news: boolean): void {
    this.#release = undefined;
    for (const each of this.#held.splice(0)) each.close();
    // The log may need some, too.
    if (news) this.log("warning", "out of descriptors: accepting pauses until some are free");
  }

  /** After a while without want: takes the spare ones, or has all threads hold back for another while. */
  #takeBack(): void {
    const now = performance.now();
    if (now - this.#exhaustedAt < CALM_MS) return;
    if (this.#take(this.#wanted + FREE)) {
      for (const each of this.#held.splice(this.#wanted)) each.close();
      clearInterval(this.#look);
      this.#look = undefined;
      return;
    }
    for (const each of this.#held.splice(0)) each.close();
    this.#exhaustedAt = now;
    this.#threads?.hold();
  }

  /**
   * Opens the spare ones.
   *
   * @returns Whether there are enough, or it is no use to try again; else some may have been opened.
   */
  #take(count: number): boolean {
    try {
      if (!granted({ name: "read", path: this.#path })) return true;
      while (this.#held.length < count) {
        this.#held.push(Deno.openSync(this.#path, { read: true }));
      }
      return true;
    } catch (error) {
      return !isExhausted(error);
    }
  }
}
