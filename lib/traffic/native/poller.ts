/**
 * What waits for descriptors: an epoll set that tells each object what has happened to its own one.
 *
 * Events are edges: each is told once, so whoever is told goes on until the system has nothing more. A descriptor may be
 * closed, and its number used again, while events of the old one are still to be told: each registration has a generation
 * beside its number, and an event of another generation is dropped.
 *
 * @module
 */
import { EPOLL_CTL, EPOLLET, epollLayout, ERRNO } from "./abi.ts";
import type { Libc } from "./libc.ts";

/** Something with a descriptor. */
export interface Watched {
  /** Something has happened to its descriptor: a sum of `EPOLL…`. */
  onEvents(events: number): void;
  /** A fault of this program's own came of it: gives up what belongs to it, and nothing else. */
  onFault(): void;
}

/** Most events of one turn. */
const MOST = 256;

/** An epoll set. */
export class Poller implements Disposable {
  readonly #libc: Libc;
  readonly #epoll: number;
  readonly #layout = epollLayout(Deno.build.arch);
  readonly #events = new Int32Array(MOST * this.#layout.words);
  readonly #event = new Int32Array(this.#layout.words);
  /** By descriptor. */
  readonly #watched: (Watched | undefined)[] = [];
  readonly #generations: number[] = [];
  #generation = 0;

  /**
   * Makes an empty set.
   *
   * @throws {Error} When the system has none.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#epoll = libc.epollCreate();
    if (this.#epoll < 0) throw new Error(`Cannot make an epoll set: error ${-this.#epoll}`);
  }

  /**
   * Tells an object of a descriptor's events from now on, and of what is so already.
   *
   * @param events Those that are wanted; errors and the end are always told.
   * @param level Whether they are told as long as they last, not once.
   * @returns 0, or a negated error number.
   */
  add(fd: number, events: number, watched: Watched, level = false): number {
    this.#generation = this.#generation + 1 | 0;
    const { data } = this.#layout;
    this.#event[0] = level ? events : events | EPOLLET;
    this.#event[data] = fd;
    this.#event[data + 1] = this.#generation;
    const result = this.#libc.epollControl(this.#epoll, EPOLL_CTL.add, fd, this.#event);
    if (result < 0) return result;
    this.#watched[fd] = watched;
    this.#generations[fd] = this.#generation;
    return 0;
  }

  /** Closes the set. */
  [Symbol.dispose](): void {
    this.#libc.close(this.#epoll);
  }

  /** Tells nothing more of a descriptor that stays open. */
  remove(fd: number): void {
    this.#watched[fd] = undefined;
    this.#libc.epollControl(this.#epoll, EPOLL_CTL.remove, fd, this.#event);
  }

  /** Closes a descriptor, of which nothing more is told. */
  close(fd: number): void {
    this.#watched[fd] = undefined;
    this.#libc.close(fd);
  }

  /**
   * Waits, and tells what has happened.
   *
   * @param timeoutMs Longest time to wait; -1 is for ever.
   * @param clock Told that time has passed.
   * @param tell Called for each event; must not throw.
   * @throws {Error} When the system cannot wait.
   */
  wait(
    timeoutMs: number,
    clock: { update(): void },
    tell: (watched: Watched, events: number) => void,
  ): void {
    const count = this.#libc.epollWait(this.#epoll, this.#events, MOST, timeoutMs);
    clock.update();
    if (count < 0) {
      if (count === -ERRNO.EINTR) return;
      throw new Error(`Cannot wait for events: error ${-count}`);
    }
    const { words, data } = this.#layout;
    for (let at = 0; at < count * words; at += words) {
      const fd = this.#events[at + data] ?? 0;
      if (this.#generations[fd] !== this.#events[at + data + 1]) continue;
      const watched = this.#watched[fd];
      if (watched !== undefined) tell(watched, this.#events[at] ?? 0);
    }
  }
}
