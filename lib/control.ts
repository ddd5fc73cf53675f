/**
 * The control server: the text protocol over the Unix socket.
 *
 * @module
 */
import { type Answer, type Context, interpret } from "./core/command.ts";
import { EXIT, ExitError } from "./core/errors.ts";
import { formatAnswer, formatGreeting, MAX_LINE } from "./core/protocol.ts";
import { CLASSIC_VERSION, type WorkerView } from "./core/report.ts";
import type { Services } from "./core/services.ts";
import { apply } from "./core/change.ts";
import { type Table } from "./core/layout.ts";
import { printable } from "./core/text.ts";
import { LineTooLong, readLines, writeText } from "./lines.ts";
import { markOwner } from "./run_dir.ts";

/** Connections at once; one more ends the one that has been idle longest. */
const MAX_CONNECTIONS = 32;
/** Time in which a client must take an answer, in ms. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Pause after a failed accept, in ms. */
const PAUSE_MS = 100;

/** What the control server needs of the instance. */
export interface Controlled {
  /** The channel table. */
  readonly table: Table;
  /** Names that may stand for a port. */
  readonly services: Services;
  /** The workers as they are now. */
  workers(): readonly WorkerView[];
  /** Looks up a host that an operator named; `null` if it has no address. */
  resolve(host: string): Promise<number | null>;
  /** Stops listening and gives up the control socket; connections go on. Resolves when the port is free. */
  kill(): Promise<void>;
}

/**
 * Makes the control socket, for its owner alone from the first moment.
 *
 * @param path Where; must be free.
 * @throws {ExitError} 71 if it cannot be made.
 */
export function listenControl(path: string): Deno.UnixListener {
  const umask = Deno.umask(0o177);
  try {
    const listener = Deno.listen({ transport: "unix", path });
    markOwner(path, Deno.pid);
    return listener;
  } catch {
    throw new ExitError(EXIT.os, `cannot create rendezvous file ${printable(path)}`);
  } finally {
    Deno.umask(umask);
  }
}

/** The control server of an instance. */
export class ControlServer {
  #listener: Deno.UnixListener;
  readonly #instance: Controlled;
  /** Live connections, the one idle for longest first. */
  readonly #connections: Set<Deno.UnixConn> = new Set();
  readonly #released = Promise.withResolvers<void>();
  #make: (() => Deno.UnixListener) | undefined;
  #closed = false;

  /** Takes over a listening socket. */
  constructor(listener: Deno.UnixListener, instance: Controlled) {
    this.#listener = listener;
    this.#instance = instance;
  }

  /** Serves until {@link close}, and until the last connection has ended. */
  async run(): Promise<void> {
    const sessions = new Set<Promise<void>>();
    while (!this.#closed) {
      try {
        const connection = await this.#listener.accept();
        this.#admit(connection);
        const session = this.#serve(connection).then(() => {
          sessions.delete(session);
        });
        sessions.add(session);
      } catch {
        if (!this.#closed) await this.#recover();
      }
    }
    this.#released.resolve();
    await Promise.all(sessions);
  }

  /**
   * Goes on with another listening socket.
   *
   * @param make Makes it; called when the old one's name is free.
   */
  replace(make: () => Deno.UnixListener): void {
    this.#make = make;
    closeQuietly(this.#listener);
  }

  /** Gives up the socket; resolves when its name is free. */
  close(): Promise<void> {
    this.#closed = true;
    closeQuietly(this.#listener);
    return this.#released.promise;
  }

  /** After a failed accept: the runtime removes a closed socket's name only now, so the next one is made only now. */
  async #recover(): Promise<void> {
    const make = this.#make;
    this.#make = undefined;
    try {
      if (make !== undefined) this.#listener = make();
    } catch {
      // It is tried again at the next look.
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }

  /** Ends every connection but one. */
  dropOthers(survivor?: Deno.UnixConn): void {
    for (const connection of this.#connections) {
      if (connection !== survivor) this.#drop(connection);
    }
  }

  #admit(connection: Deno.UnixConn): void {
    this.#connections.add(connection);
    if (this.#connections.size <= MAX_CONNECTIONS) return;
    const [longestIdle] = this.#connections;
    if (longestIdle !== undefined) this.#drop(longestIdle);
  }

  #drop(connection: Deno.UnixConn): void {
    if (this.#connections.delete(connection)) closeQuietly(connection);
  }

  async #serve(connection: Deno.UnixConn): Promise<void> {
    try {
      await this.#send(connection, formatGreeting(Deno.pid, CLASSIC_VERSION));
      await this.#converse(connection);
    } catch (error) {
      if (error instanceof LineTooLong) await this.#refuse(connection);
    } finally {
      this.#drop(connection);
    }
  }

  async #converse(connection: Deno.UnixConn): Promise<void> {
    let group = 0;
    for await (const line of readLines(connection, MAX_LINE)) {
      // The last to speak is the last to be dropped.
      this.#connections.delete(connection);
      this.#connections.add(connection);
      const answer = await this.#execute(line, group);
      group = answer.group;
      if (answer.then === "kill") {
        await this.#instance.kill();
        this.dropOthers(connection);
      }
      const bye = answer.then !== "stay";
      await this.#send(connection, formatAnswer(answer.lines, group, bye));
      if (bye) return;
    }
  }

  async #execute(line: string, group: number): Promise<Answer> {
    const { table, services } = this.#instance;
    let context: Context = { table, group, services, workers: this.#instance.workers() };
    for (;;) {
      const outcome = interpret(line, context);
      if (outcome.kind === "answer") {
        apply(table, outcome.changes);
        return outcome;
      }
      context = { ...context, resolved: await this.#instance.resolve(outcome.host) };
    }
  }

  async #refuse(connection: Deno.UnixConn): Promise<void> {
    try {
      await this.#send(connection, formatAnswer(["syntax error"], 0, true));
    } catch {
      // It did not stay for the answer.
    }
  }

  /** Sends an answer; fails for a client that does not take it. */
  async #send(connection: Deno.UnixConn, text: string): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.reject(new Error("answer not taken")), ANSWER_TIMEOUT_MS);
    try {
      // The runtime cannot take a blocked write back: it is left behind.
      await Promise.race([writeText(connection, text), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function closeQuietly(resource: Deno.UnixListener | Deno.UnixConn): void {
  try {
    resource.close();
  } catch {
    // Closed before.
  }
}
