/**
 * Watching by HTTP: metrics, documents, events, the dashboard, and with a token an operator's lines.
 *
 * It runs in the main thread, on the runtime's HTTP server, which is given connections by the {@link Door}. Each carries one
 * request.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { chooseFormat } from "../core/http/accept.ts";
import { findRoute, type Site } from "../core/http/routes.ts";
import type { InstanceView } from "../core/report/instance_view.ts";
import { CONTENT_TYPES } from "../core/report/metrics_text.ts";
import { begin, json, plainText, refuse, send } from "./answer.ts";
import { type Commands, hasToken, readCommand } from "./commands.ts";
import type { ConnectionStream } from "./connection.ts";
import { Documents } from "./documents.ts";
import { Door, DOOR_LIMITS, type DoorLimits } from "./door.ts";
import type { Page } from "./page_file.ts";
import { READER_LIMITS, type ReaderLimits, Readers } from "./readers.ts";

/** Most bytes of a request's head. */
const MAX_HEAD = 8192;

/** Limits of a server. */
export interface ServerLimits extends DoorLimits, ReaderLimits {
  /** Time for a client to take its answer, in ms. */
  readonly answerMs: number;
}

/** The limits of an instance. */
export const SERVER_LIMITS: ServerLimits = {
  ...DOOR_LIMITS,
  ...READER_LIMITS,
  answerMs: 30_000,
};

/** What is watched and how. */
export interface Watched {
  /** The instance. */
  readonly view: InstanceView;
  /** What the server was told to listen on, without a port. */
  readonly name: string;
  /** The dashboard's files; without them `/` lists the paths. */
  readonly page?: Page | undefined;
  /** Who may change something, and how; undefined if nobody may. */
  readonly commands?: Commands | undefined;
  /** Told of a fault of this program. */
  fault(reason: unknown): void;
}

/** Serves one instance. */
export class WatchServer {
  readonly #watched: Watched;
  readonly #site: Site;
  readonly #limits: ServerLimits;
  readonly #door: Door;
  readonly #documents: Documents;
  readonly #readers: Readers;
  readonly #server: Server;
  #draining = false;

  /** Takes over a listener; nobody is accepted before {@link run}. */
  constructor(listener: Deno.TcpListener, watched: Watched, limits: ServerLimits = SERVER_LIMITS) {
    this.#watched = watched;
    this.#site = { name: watched.name, commands: watched.commands !== undefined };
    this.#limits = limits;
    this.#door = new Door(listener, limits);
    this.#documents = new Documents(watched.view);
    this.#readers = new Readers(watched.view, this.#documents, limits);
    this.#server = createServer(
      { maxHeaderSize: MAX_HEAD },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.on("clientError", refuseUnreadable);
  }

  /** Serves until {@link close}, and goes on until the last answer is taken. */
  run(): Promise<void> {
    return this.#door.run((client) => this.#server.emit("connection", client));
  }

  /** The instance takes no new clients any more: `/healthz` says so from now on. */
  drain(): void {
    this.#draining = true;
  }

  /** Stops listening and ends all streams; answers that were begun go on. */
  close(): void {
    this.#door.close();
    this.#readers.close();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const client = request.socket as Duplex as ConnectionStream;
    // What follows a request on its connection is not looked at.
    if (!client.asking) return void client.destroy();
    try {
      await this.#answer(request, response, client);
    } catch (error) {
      if (client.destroyed) return;
      this.#watched.fault(error);
      if (response.headersSent) client.destroy();
      else refuse(response, 500);
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    client: ConnectionStream,
  ): Promise<void> {
    const route = findRoute(
      { method: request.method ?? "", target: request.url ?? "", hosts: hostsOf(request) },
      this.#site,
    );
    if (route.kind === "command") return await this.#command(request, response, client);
    this.#taken(client, this.#limits.answerMs);
    switch (route.kind) {
      case "refusal": {
        const { status, allow } = route;
        return refuse(response, status, allow === undefined ? {} : { Allow: allow });
      }
      case "page":
        return this.#page(route.path, request, response);
      case "document":
        return send(response, 200, json(await this.#documents.get(route.name, route.slot)));
      case "metrics":
        return await this.#metrics(request, response);
      case "events":
        return await this.#events(request, response, client);
      case "healthz":
        return this.#healthz(response);
    }
  }

  /** A request is there: from now on it is the answer that takes time. */
  #taken(client: ConnectionStream, ms: number | undefined): void {
    client.asking = false;
    client.expire(ms);
    this.#door.announce();
  }

  #page(path: string, request: IncomingMessage, response: ServerResponse): void {
    const { page } = this.#watched;
    if (page === undefined && path === "/") return send(response, 200, plainText(LIST));
    const file = page?.(path);
    if (file === undefined) return refuse(response, 404);
    const headers = {
      "Content-Security-Policy": file.policy,
      "ETag": file.etag,
      "Cache-Control": "no-cache",
    };
    if (request.headers["if-none-match"] !== file.etag) {
      return send(response, 200, { type: file.type, content: file.body }, headers);
    }
    begin(response, 304, headers);
    response.end();
  }

  async #metrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const format = chooseFormat(request.headers.accept);
    const content = await this.#documents.get(format);
    send(response, 200, { type: CONTENT_TYPES[format], content }, { Vary: "Accept" });
  }

  async #events(
    request: IncomingMessage,
    response: ServerResponse,
    client: ConnectionStream,
  ): Promise<void> {
    if (this.#readers.full) return refuse(response, 503, { "Retry-After": 10 });
    begin(response, 200, { "Content-Type": "text/event-stream" });
    if (request.method === "HEAD") return void response.end();
    client.expire(undefined);
    await this.#readers.join(response, client);
  }

  #healthz(response: ServerResponse): void {
    const servable = !this.#draining && this.#watched.view.servable();
    if (servable) send(response, 200, plainText("ok\n"));
    else refuse(response, 503);
  }

  async #command(
    request: IncomingMessage,
    response: ServerResponse,
    client: ConnectionStream,
  ): Promise<void> {
    const { answerMs } = this.#limits;
    const { commands } = this.#watched;
    if (commands === undefined || !hasToken(request, commands.token)) {
      this.#taken(client, answerMs);
      return refuse(response, 401, { "WWW-Authenticate": "Bearer" });
    }
    const asked = await readCommand(request);
    // A command may take its time.
    this.#taken(client, typeof asked === "number" ? answerMs : undefined);
    if (typeof asked === "number") return refuse(response, asked);
    const left = new AbortController();
    client.once("close", () => left.abort());
    const { lines, status } = await commands.execute(asked.line, asked.group, left.signal);
    this.#documents.forget();
    client.expire(answerMs);
    send(response, 200, json(JSON.stringify({ lines, status })));
  }
}

/** What `/` says when there is no dashboard. */
const LIST = ["/metrics", "/api/state", "/api/conns", "/api/causes", "/api/health"]
  .concat(["/api/events", "/healthz"]).map((path) => `${path}\n`).join("");

/** All values of `Host`: the server itself would take the first. */
function hostsOf({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === "host");
}

/** Answers what is no HTTP, or too much of it. */
function refuseUnreadable(error: Error & { code?: string }, client: Duplex): void {
  if (!client.writable) return void client.destroy();
  const status = error.code === "HPE_HEADER_OVERFLOW"
    ? "431 Request Header Fields Too Large"
    : "400 Bad Request";
  client.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}
