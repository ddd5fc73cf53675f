/**
 * An instance watched and operated by HTTP.
 *
 * @module
 */
import { execute, type Operated } from "../control/execute.ts";
import { follow } from "../control/follow.ts";
import { parseAnswerLine } from "../core/control/protocol.ts";
import type { LineWriter } from "../core/events.ts";
import { EXIT } from "../core/errors.ts";
import type { CommandResult } from "../core/report/instance_view.ts";
import type { Commands } from "../watch/commands.ts";
import { page } from "../watch/page.ts";
import { WatchServer } from "../watch/server.ts";
import type { HttpPlace } from "./http_place.ts";

/** Time for the address of a host that a line names, in ms; then it counts as unknown. */
const LOOKUP_MS = 8000;

/** What is operated, and how it ends. */
export interface HttpOperated extends Operated {
  /** Stops listening and gives up the control socket; connections go on. */
  kill(): Promise<void>;
}

/** The server of an instance; its port may be given up for a while. */
export class HttpService {
  readonly #place: HttpPlace;
  readonly #instance: HttpOperated;
  readonly #log: LineWriter;
  #server: WatchServer | undefined;
  #served: Promise<void> = Promise.resolve();

  /**
   * Serves.
   *
   * @throws {ExitError} 71 if the port is not bound yet and cannot be had.
   */
  constructor(place: HttpPlace, instance: HttpOperated, log: LineWriter) {
    this.#place = place;
    this.#instance = instance;
    this.#log = log;
    this.#serve(place.listener ?? place.bind());
  }

  /** Resolves when the port is closed and the last answer is taken. */
  get served(): Promise<void> {
    return this.#served;
  }

  /** The instance takes no new clients any more: `/healthz` says so from now on. */
  drain(): void {
    this.#server?.drain();
  }

  /** Closes the port and ends all streams; answers that were begun go on. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Serves again, if the port was given up and can be had. */
  reopen(): void {
    if (this.#server !== undefined) return;
    try {
      this.#serve(this.#place.bind());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.log("error", "metrics and dashboard are not served any more", { reason });
    }
  }

  #serve(listener: Deno.TcpListener): void {
    this.#server = watchInstance(listener, this.#place, this.#instance, this.#log);
    this.#served = this.#server.run();
  }
}

function watchInstance(
  listener: Deno.TcpListener,
  { name, token }: HttpPlace,
  instance: HttpOperated,
  log: LineWriter,
): WatchServer {
  return new WatchServer(listener, {
    view: instance.view,
    name,
    page,
    commands: token === undefined ? undefined : commandsOf(instance, token),
    fault: (reason) => log.log("error", "internal error", { reason: String(reason) }),
  });
}

function commandsOf(instance: HttpOperated, token: string): Commands {
  return { token, execute: (line, group, signal) => carryOut(instance, { line, group }, signal) };
}

async function carryOut(
  instance: HttpOperated,
  { line, group }: { readonly line: string; readonly group: number },
  signal: AbortSignal,
): Promise<CommandResult> {
  const { lines, then, follow: what } = await execute(instance, line, group, LOOKUP_MS);
  if (then === "kill") await instance.kill();
  if (what === undefined) return { lines, status: EXIT.ok };
  // One answer has one end: events are read elsewhere.
  if (what.kind === "watch") return { lines: ["events are at /api/events"], status: EXIT.usage };
  const told: string[] = [];
  const send = (text: string): Promise<void> => {
    told.push(...textLines(text));
    return Promise.resolve();
  };
  const { table, view } = instance;
  const status = await follow({ table, view, send, interrupted: aborted(signal) }, what);
  return { lines: [...lines, ...told], status };
}

/** The lines of a part of an answer, without what is for a terminal only. */
function textLines(text: string): string[] {
  return text.split("\n").slice(0, -1).map(parseAnswerLine).flatMap((line) =>
    line.kind === "text" ? [line.text] : []
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}
