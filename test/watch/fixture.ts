/**
 * A server that watches a fake instance, and clients that say to the byte what they send.
 *
 * @module
 */
import { type Commands } from "../../lib/watch/commands.ts";
import type { Page } from "../../lib/watch/page_file.ts";
import { SERVER_LIMITS, type ServerLimits, WatchServer } from "../../lib/watch/server.ts";
import { dial } from "../kit/clients.ts";
import { receiveAll, send } from "../kit/streams.ts";
import { within } from "../kit/wait.ts";
import { FakeView } from "./fake_view.ts";

/** How to serve. */
export interface WatchOptions {
  readonly commands?: Commands;
  readonly page?: Page;
  readonly name?: string;
  readonly limits?: Partial<ServerLimits>;
}

/** A running server. */
export class Watch implements AsyncDisposable {
  /** What it watches. */
  readonly view = new FakeView();
  /** Faults that it has told. */
  readonly faults: unknown[] = [];
  /** Where it listens. */
  readonly port: number;
  /** The server. */
  readonly server: WatchServer;
  readonly #running: Promise<void>;

  constructor({ commands, page, name = "127.0.0.1", limits = {} }: WatchOptions = {}) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = listener.addr.port;
    const watched = {
      view: this.view,
      name,
      page,
      commands,
      fault: (reason: unknown) => void this.faults.push(reason),
    };
    this.server = new WatchServer(listener, watched, { ...SERVER_LIMITS, ...limits });
    this.#running = this.server.run();
  }

  /** The address of a path. */
  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Fetches a path; the body is read. */
  async get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return parseAnswer(
      await this.say(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join("")}\r\n`),
    );
  }

  /** Posts a body to `/api/command`. */
  async post(body: string, headers: Record<string, string> = {}): Promise<Answer> {
    const { length } = new TextEncoder().encode(body);
    const all = { Host: "127.0.0.1", "Content-Length": String(length), ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return parseAnswer(
      await this.say(`POST /api/command HTTP/1.1\r\n${lines.join("")}\r\n${body}`),
    );
  }

  /** Connects, sends bytes as they are, and reads to the end of file. */
  async say(text: string): Promise<string> {
    using connection = await dial(this.port);
    const answer = receiveAll(connection);
    // Whoever is refused in the middle of a request may find the connection closed.
    await send(connection, text).catch(() => {});
    return await within(answer, "the end of the answer");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    await this.#running;
  }
}

/** An answer, taken apart. */
export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Reads an answer's text. */
export function parseAnswer(text: string): Answer {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const [name = "", ...value] = line.split(": ");
    return [name.toLowerCase(), value.join(": ")];
  });
  return {
    status: Number(first.split(" ")[1]),
    headers: new Map(headers),
    body: rest.join("\r\n\r\n"),
  };
}
