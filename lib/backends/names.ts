/**
 * Names that are looked up again: all of them at an interval, and one at once after a failed connect.
 *
 * Without a name to look up there is no timer, so an idle instance with addresses alone is not woken up.
 *
 * @module
 */
import type { Destination } from "../core/command_line/destination.ts";
import type { LineWriter, LogLine } from "../core/events.ts";
import { literalEndpoint } from "./addresses.ts";
import { reachable } from "./found.ts";
import type { Backends, Look, Membership } from "./membership.ts";
import { moveChannel } from "./moving.ts";

/** Least time between two look-ups of one name, in ms. */
const LEAST_MS = 1000;
/** Time between two looks at channels that wait for their last connection, in ms. */
const SWEEP_MS = 1000;

/** What is looked up again. */
interface Subject {
  /** What tells it from others: the kind and the name. */
  readonly key: string;
  /** What it is called in the log. */
  readonly name: string;
  /** Looks it up and has its channels follow. */
  readonly look: () => Promise<Look>;
}

/** What is remembered of a subject. */
interface State {
  /** When its last look-up began, in ms. */
  began: number;
  running: boolean;
  /** Whether its last look-up failed, which is told once. */
  failing: boolean;
  timer: number | undefined;
}

/** How names are looked up again. */
export interface NameWatchOptions {
  /** Seconds between two rounds; 0 is never. */
  readonly intervalSeconds: number;
  /** Where changes are told. */
  readonly log: LineWriter;
}

/** Looks names up again. Ends when disposed. */
export class NameWatch implements Disposable {
  readonly #backends: Backends;
  readonly #memberships: Membership[];
  #options: NameWatchOptions;
  readonly #states = new Map<string, State>();
  #round: number | undefined;
  #sweep: number | undefined;
  #over = false;

  /** Begins when there is something to look up. */
  constructor(
    backends: Backends,
    memberships: readonly Membership[],
    options: NameWatchOptions,
  ) {
    this.#backends = backends;
    this.#memberships = [...memberships];
    this.#options = options;
    backends.directory.watch(() => this.#arm());
    this.#arm();
  }

  /** Has channels follow the records of one more destination. */
  follow(membership: Membership): void {
    this.#memberships.push(membership);
    this.#arm();
  }

  /** Looks names up this often from now on; 0 is never. */
  configure(intervalSeconds: number): void {
    this.#options = { ...this.#options, intervalSeconds };
    clearTimeout(this.#round);
    this.#round = undefined;
    this.#arm();
  }

  /** A connect to a channel has failed: its name is looked up at once, or a second after its last look-up. */
  connectFailed(slot: number): void {
    const destination = this.#backends.directory.get(slot)?.destination;
    if (destination === undefined || this.#never) return;
    const subject = this.#subjectOf(destination);
    if (subject === undefined) return;
    const state = this.#stateOf(subject);
    if (state.timer !== undefined) return;
    const wait = Math.max(0, state.began + LEAST_MS - performance.now());
    state.timer = setTimeout(() => {
      state.timer = undefined;
      this.#look(subject);
    }, wait);
  }

  /** Stops looking up; what is under way changes nothing any more. */
  [Symbol.dispose](): void {
    this.#over = true;
    clearTimeout(this.#round);
    clearTimeout(this.#sweep);
    for (const { timer } of this.#states.values()) clearTimeout(timer);
  }

  get #never(): boolean {
    return this.#over || this.#options.intervalSeconds === 0;
  }

  /** Has the next round come, if there is anything to look up. */
  #arm(): void {
    if (this.#never || this.#round !== undefined || this.#subjects().length === 0) return;
    const round = setTimeout(async () => {
      await Promise.all(this.#subjects().map((subject) => this.#look(subject)));
      // Another interval may have begun meanwhile.
      if (this.#round !== round) return;
      this.#round = undefined;
      this.#arm();
    }, this.#options.intervalSeconds * 1000);
    this.#round = round;
  }

  /** Everything that is looked up, each name once. */
  #subjects(): Subject[] {
    const destinations = [
      ...this.#memberships.map(({ destination }) => destination),
      ...this.#backends.directory.all().map(({ destination }) => destination),
    ];
    const subjects = destinations.flatMap((destination) => this.#subjectOf(destination) ?? []);
    return [...new Map(subjects.map((subject) => [subject.key, subject])).values()];
  }

  #subjectOf(destination: Destination): Subject | undefined {
    const { kind, text } = destination.address;
    if (kind === "dns" || kind === "srv") {
      const at = this.#memberships.findIndex((each) => each.destination === destination);
      const membership = this.#memberships[at];
      if (membership === undefined) return undefined;
      return {
        key: `${at} ${kind}:${text}`,
        name: `${kind}:${text}`,
        look: () => membership.look(),
      };
    }
    if (kind !== "host" || literalEndpoint(destination.address) !== undefined) return undefined;
    return { key: `host ${text}`, name: text, look: () => this.#lookHost(text) };
  }

  async #lookHost(name: string): Promise<Look> {
    const { directory, lookups } = this.#backends;
    const answer = await lookups.addresses(name);
    if (this.#over) return { known: true, lines: [] };
    const members = directory.all().filter(({ destination: { address } }) =>
      address.kind === "host" && address.text === name
    );
    const lines = members.flatMap((member) =>
      moveChannel(this.#backends, member, reachable(answer, member.destination.port)) ?? []
    );
    return { known: answer.addresses.length > 0, lines };
  }

  async #look(subject: Subject): Promise<void> {
    const state = this.#stateOf(subject);
    if (state.running || this.#over) return;
    state.running = true;
    state.began = performance.now();
    try {
      const { known, lines } = await subject.look();
      this.#tell(lines);
      this.#tell(turn(state, subject, known));
    } finally {
      state.running = false;
    }
    this.#sweepLater();
  }

  #stateOf({ key }: Subject): State {
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const state = { began: performance.now(), running: false, failing: false, timer: undefined };
    this.#states.set(key, state);
    return state;
  }

  #tell(lines: readonly LogLine[]): void {
    if (this.#over) return;
    for (const { level, message, fields } of lines) this.#options.log.log(level, message, fields);
  }

  /** Frees the rows of channels that leave, as their last connections end. */
  #sweepLater(): void {
    const leaving = this.#memberships.filter((each) => each.leaving);
    if (leaving.length === 0 || this.#sweep !== undefined || this.#over) return;
    this.#sweep = setTimeout(() => {
      this.#sweep = undefined;
      for (const each of leaving) each.sweep();
      this.#sweepLater();
    }, SWEEP_MS);
  }
}

/** One line when look-ups of a name begin to fail, and one when they work again. */
function turn(state: State, { name }: Subject, known: boolean): LogLine[] {
  const news = state.failing === known;
  state.failing = !known;
  if (!news) return [];
  return known
    ? [{ level: "notice", message: "look-up of {name} works again", fields: { name } }]
    : [{
      level: "warning",
      message: "look-up of {name} failed: its channels stay as they are",
      fields: { name },
    }];
}
