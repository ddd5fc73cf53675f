/**
 * The control socket of an instance that is made up: it answers `show json` and the like with given documents.
 *
 * @module
 */
import type { EventDocument, StateDocument } from "../../lib/core/report/documents.ts";
import { formatAnswer, formatGreeting, MAX_LINE } from "../../lib/core/control/protocol.ts";
import { socketPath } from "../../lib/control/run_dir.ts";
import { close } from "../../lib/system/close.ts";
import { readLines, writeText } from "../../lib/system/lines.ts";
import { TempDir } from "./temp_dir.ts";

/** The number that names the instance. */
const PORT = 8888;

/** An instance that is made up. */
export class FakeControl implements AsyncDisposable {
  /** Its number. */
  readonly port: number = PORT;
  /** Every other command that it was given, with its group. */
  readonly commands: string[] = [];
  /** What it answers to commands that are not known here. */
  answer: (command: string) => readonly string[] = () => [];
  /** Set while it hears and does not answer. */
  silent: Promise<void> | undefined;
  readonly #dir = new TempDir();
  readonly #listener: Deno.UnixListener;
  readonly #connections = new Set<Deno.UnixConn>();
  readonly #watching = new Set<Deno.UnixConn>();
  readonly #tasks = new Set<Promise<void>>();

  /** Starts to answer with what `state` makes, each time anew. */
  constructor(readonly state: () => StateDocument) {
    this.#listener = Deno.listen({
      transport: "unix",
      path: socketPath(this.runDir, PORT, undefined),
    });
    this.#begin(this.#accept());
  }

  /** Its `--run-dir`. */
  get runDir(): string {
    return this.#dir.path;
  }

  /** How many listen to events. */
  get watchers(): number {
    return this.#watching.size;
  }

  /** Tells an event to all who listen. */
  async tell(event: EventDocument): Promise<void> {
    for (const connection of this.#watching) {
      await writeText(connection, `${JSON.stringify(event)}\n`);
    }
  }

  /** Ends one kind of connection, as the instance does with idle ones. */
  drop(): void {
    for (const connection of this.#connections) close(connection);
  }

  /** Ends as an instance does. */
  end(): void {
    close(this.#listener);
    this.drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await Promise.all(this.#tasks);
    this.#dir[Symbol.dispose]();
  }

  #begin(task: Promise<void>): void {
    const ended = task.catch(() => {}).then(() => {
      this.#tasks.delete(ended);
    });
    this.#tasks.add(ended);
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      this.#begin(this.#serve(connection));
    }
  }

  async #serve(connection: Deno.UnixConn): Promise<void> {
    try {
      await writeText(connection, formatGreeting(4711, "3.54"));
      let group = 0;
      for await (const line of readLines(connection, MAX_LINE)) {
        await this.silent;
        if (line === "watch json" || line === "watch all json") {
          this.#watching.add(connection);
          continue;
        }
        group = Number(/^group (\d+)$/.exec(line)?.[1] ?? group);
        await writeText(connection, formatAnswer(this.#answers(line, group), group));
      }
    } finally {
      this.#connections.delete(connection);
      this.#watching.delete(connection);
      close(connection);
    }
  }

  #answers(line: string, group: number): readonly string[] {
    if (line === "show json") return [JSON.stringify(this.state())];
    if (line.startsWith("group ")) return [];
    if (!line.endsWith(" json")) this.commands.push(`${group}: ${line}`);
    return this.answer(line);
  }
}
