/**
 * The control server: the text protocol over the Unix socket.
 *
 * @module
 */
import type { Answer, Follow } from "../core/control/commands/command.ts";
import {
  formatAnswer,
  formatEnd,
  formatGreeting,
  formatLines,
  INTERRUPTION,
  MAX_LINE,
} from "../core/control/protocol.ts";
import { CLASSIC_VERSION } from "../core/report/report.ts";
import { parseTakeoverOrder, type TakeoverOrder } from "../core/control/takeover.ts";
import type { ControlSocket } from "./control_socket.ts";
import { close } from "../system/close.ts";
import { LineTooLong, readLines, writeText } from "../system/lines.ts";
import { within } from "../system/time_limit.ts";
import { execute, type Operated } from "./execute.ts";
import { follow } from "./follow.ts";
import { pause } from "../system/pause.ts";

/** Connections at once; one more ends the one that has been idle longest. */
const MAX_CONNECTIONS = 32;
/** Pause after a failed accept, in ms. */
const PAUSE_MS = 100;
/** Time in which nobody may come before a socket without its name is given up, in ms. */
const LATE_MS = 250;

/** How long the control server waits, in ms. */
export interface ControlLimits {
  /** For a client to take an answer; one that does not is dropped. */
  readonly answerMs: number;
  /** For the address of a host that an operator names; then it counts as unknown. Less than a client's patience. */
  readonly lookupMs: number;
}

/** The limits of an instance. */
const LIMITS: ControlLimits = { answerMs: 10_000, lookupMs: 8000 };

/** What the control server needs of the instance. */
export interface Controlled extends Operated {
  /** Stops listening and gives up the control socket; connections go on. Resolves when the port is free. */
  kill(): Promise<void>;
  /** Somebody has connected who may want to take this instance's place. */
  successor(): Successor;
}

/** An instance that takes this one's place, or would. */
export interface Successor {
  /** Obeys; returns why it cannot. */
  obey(order: TakeoverOrder): Promise<string | undefined>;
  /** Its connection has ended. */
  gone(): void;
}

/** The control server of an instance. */
export class ControlServer {
  #socket: ControlSocket;
  readonly #instance: Controlled;
  readonly #limits: ControlLimits;
  /** Live connections, the one idle for longest first. */
  readonly #connections: Set<Deno.UnixConn> = new Set();
  readonly #sessions: Set<Promise<void>> = new Set();
  readonly #released = Promise.withResolvers<void>();
  /** Resolves when nobody more is let in, at a socket without its name. */
  #late: Promise<void> | undefined;
  /** How many connections were let in. */
  #admitted = 0;
  #closed = false;

  /** Takes over a listening socket. */
  constructor(socket: ControlSocket, instance: Controlled, limits: ControlLimits = LIMITS) {
    this.#socket = socket;
    this.#instance = instance;
    this.#limits = limits;
  }

  /** Serves until {@link close}, and until the last connection has ended. */
  async run(): Promise<void> {
    void this.#accept(this.#socket);
    await this.#released.promise;
    await this.#late;
    while (this.#sessions.size > 0) await Promise.all(this.#sessions);
  }

  /** Serves at another socket, because the present one has lost its name. */
  replace(socket: ControlSocket): void {
    this.#socket = socket;
    void this.#accept(socket);
  }

  /** Gives up the socket; resolves when its name is free. */
  close(): Promise<void> {
    if (this.#closed || this.#socket.name === "own") {
      this.#closed = true;
      this.#socket[Symbol.dispose]();
    } else {
      // There is no name to free, and nobody more finds the way in; whoever has, as another instance took over, may wait.
      this.#late ??= this.#closeLate();
      this.#released.resolve();
    }
    return this.#released.promise;
  }

  async #closeLate(): Promise<void> {
    let before: number;
    do {
      before = this.#admitted;
      await pause(LATE_MS);
      // A process that was not given its turn for that long finds the time over before it finds who has come.
      await pause(1);
    } while (this.#admitted !== before);
    this.#closed = true;
  }

  /** Accepts at one socket; the runtime has removed the name of a closed one when its accept fails. */
  async #accept(socket: ControlSocket): Promise<void> {
    while (!this.#closed) {
      try {
        this.#admit(await socket.listener.accept());
      } catch {
        if (!this.#closed) await pause(PAUSE_MS);
      }
    }
    if (socket === this.#socket) this.#released.resolve();
  }

  /** Ends every connection but one. */
  dropOthers(survivor?: Deno.UnixConn): void {
    for (const connection of this.#connections) {
      if (connection !== survivor) this.#drop(connection);
    }
  }

  #admit(connection: Deno.UnixConn): void {
    const session = this.#serve(connection).then(() => {
      this.#sessions.delete(session);
    });
    this.#sessions.add(session);
    this.#admitted++;
    this.#connections.add(connection);
    if (this.#connections.size <= MAX_CONNECTIONS) return;
    const [longestIdle] = this.#connections;
    if (longestIdle !== undefined) this.#drop(longestIdle);
  }

  #drop(connection: Deno.UnixConn): void {
    if (this.#connections.delete(connection)) close(connection);
  }

  async #serve(connection: Deno.UnixConn): Promise<void> {
    try {
      await this.#send(connection, formatGreeting(Deno.pid, CLASSIC_VERSION));
      await this.#converse(connection);
    } catch (error) {
      if (error instanceof LineTooLong) await this.#refuse(connection);
    } finally {
      this.#connections.delete(connection);
      close(connection);
    }
  }

  async #converse(connection: Deno.UnixConn): Promise<void> {
    using onEnd = new DisposableStack();
    const successor = onEnd.adopt(this.#instance.successor(), (each) => each.gone());
    let group = 0;
    const lines = readLines(connection, MAX_LINE);
    let next = lines.next();
    for (;;) {
      const { value: line } = await next;
      if (line === undefined) return;
      if (line === INTERRUPTION) {
        // What it was to end has ended already.
        next = lines.next();
        continue;
      }
      const order = parseTakeoverOrder(line);
      if (order !== undefined) {
        const why = await successor.obey(order);
        // Whoever is to take over is not dropped for others.
        if (why === undefined) this.#connections.delete(connection);
        next = lines.next();
        next.catch(() => {});
        await this.#send(connection, formatAnswer(why === undefined ? [] : [why], group));
        continue;
      }
      // The last to speak is the last to be dropped.
      this.#connections.delete(connection);
      this.#connections.add(connection);
      const answer = await execute(this.#instance, line, group, this.#limits.lookupMs);
      group = answer.group;
      next = lines.next();
      // A client that breaks off while it is being answered is noticed by whoever awaits this.
      next.catch(() => {});
      if (answer.follow !== undefined) {
        await this.#follow(connection, answer, answer.follow, next);
        continue;
      }
      if (answer.then === "kill") {
        await this.#instance.kill();
        this.dropOthers(connection);
      }
      const bye = answer.then !== "stay";
      const { lines: text, status } = answer;
      await this.#send(connection, formatAnswer(text, group, { bye, status }));
      if (bye) return;
    }
  }

  /** Goes on after an answer, until it is over or the client's next line comes. */
  async #follow(
    connection: Deno.UnixConn,
    { lines, group }: Answer,
    what: Follow,
    next: Promise<unknown>,
  ): Promise<void> {
    const { table, view } = this.#instance;
    const send = (text: string): Promise<void> => this.#send(connection, text);
    if (lines.length > 0) await send(formatLines(lines));
    const interrupted = next.catch(() => undefined);
    const status = await follow({ table, view, send, interrupted }, what);
    await send(formatEnd(group, { status }));
  }

  async #refuse(connection: Deno.UnixConn): Promise<void> {
    try {
      await this.#send(connection, formatAnswer(["syntax error"], 0, { bye: true }));
    } catch {
      // It did not stay for the answer.
    }
  }

  /** Sends an answer; fails for a client that does not take it. */
  async #send(connection: Deno.UnixConn, text: string): Promise<void> {
    // The runtime cannot take a blocked write back: it is left behind.
    const taken = writeText(connection, text).then(() => true);
    if (await within(taken, this.#limits.answerMs) !== true) throw new Error("answer not taken");
  }
}
