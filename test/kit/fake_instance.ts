/**
 * An HTTP server that answers as an instance does, from documents that a test controls.
 *
 * @module
 */
import type { EventDocument } from "../../lib/core/report/documents.ts";
import { page } from "../../lib/watch/page.ts";
import type { FakeWorld } from "./fake_documents.ts";
import { freePort } from "./ports.ts";

/** The token that it takes. */
export const FAKE_TOKEN = "open-sesame";

/** The paths of documents: of all channels, or of one. */
const DOCUMENT = /^\/api\/([a-z]+)(?:\/(\d+)\.(\d+))?$/;

type Reader = ReadableStreamDefaultController<Uint8Array>;

/** The server. */
export class FakeInstance implements AsyncDisposable {
  /** Its port. */
  readonly port = freePort();
  /** The documents. */
  readonly world: FakeWorld;
  /** Commands that it was given, as `GROUP LINE`. */
  readonly commands: string[] = [];
  /** Paths that it was asked for. */
  readonly asked: string[] = [];
  /** Whether it takes commands at all. */
  takesCommands = true;
  readonly #readers = new Set<Reader>();
  readonly #past: string[] = [];
  #server: Deno.HttpServer | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(world: FakeWorld) {
    this.world = world;
  }

  /** Where its page is. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** How many follow its events. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Listens. @param running Whether its time goes on by itself, a second each second. */
  start(running = true): void {
    const options = { hostname: "127.0.0.1", port: this.port, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
    if (running) this.resume();
  }

  /** Lets time go on. */
  resume(): void {
    this.#clock = setInterval(() => {
      this.world.now = Date.now() - 1000;
      this.tick();
    }, 1000);
  }

  /** Says nothing any more, and keeps its connections. */
  pause(): void {
    clearInterval(this.#clock);
  }

  /** Goes away, as a process does that is killed. */
  async stop(): Promise<void> {
    this.pause();
    for (const reader of this.#readers) reader.close();
    this.#readers.clear();
    await this.#server?.shutdown();
    this.#server = undefined;
  }

  /** Comes back as another process, whose counters begin anew. */
  restart(): void {
    this.world.pid++;
    this.world.started = new Date().toISOString();
    for (const { channels } of this.world.groups) {
      for (const channel of channels) {
        Object.assign(channel, { totalConnections: 0, sentBytes: 0, receivedBytes: 0 });
      }
    }
    this.start();
  }

  /** Lets a second pass and tells it. */
  tick(): void {
    this.world.pass(1);
    this.#tell("state", this.world.state());
  }

  /** Lets seconds pass that whoever comes later is told at once, so that a new page has a history. */
  remember(seconds: number): void {
    for (let each = 0; each < seconds; each++) {
      this.world.pass(1);
      this.#past.push(frame("state", this.world.state()));
    }
  }

  /** Tells an event, now and to whoever comes later. */
  happen(event: EventDocument): void {
    this.#past.push(frame("event", event));
    this.#tell("event", event);
  }

  /** A channel goes down, and it is told. */
  breakChannel(group: number, channel: number): void {
    this.#transit(group, channel, "down", "http 503", "down: http 503 (3 of 3), was up 6d1h");
  }

  /** A channel comes up again, and it is told. */
  healChannel(group: number, channel: number): void {
    this.#transit(group, channel, "up", "ok (2 of 2)", "up: ok (2 of 2), was down 12s");
  }

  /** Goes away for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #transit(
    group: number,
    channel: number,
    state: "up" | "down",
    reason: string,
    text: string,
  ): void {
    const changed = this.world.channel(group, channel);
    const at = new Date(this.world.now).toISOString();
    Object.assign(changed, { state, reason, since: at });
    this.happen({
      at,
      kind: "transition",
      to: state,
      level: "notice",
      text: `channel ${group}.${channel} ${changed.name} ${text}`,
      group,
      channel,
      name: changed.name,
    });
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.asked.push(pathname);
    const file = page(pathname);
    if (file !== undefined) {
      const headers = {
        "content-type": file.type,
        "content-security-policy": file.policy,
        "cache-control": "no-store",
      };
      return new Response(file.body, { headers });
    }
    const [, name, group, channel] = DOCUMENT.exec(pathname) ?? [];
    switch (name) {
      case "events":
        return this.#follow();
      case "command":
        return await this.#obey(request);
      case "state":
        return Response.json(this.world.state());
      case "conns":
        return Response.json(this.world.connections(Number(group), Number(channel)));
      case "causes":
        return Response.json(
          group === undefined
            ? this.world.causes()
            : this.world.causes(Number(group), Number(channel)),
        );
      case "health":
        return Response.json(this.world.health());
      default:
        return new Response(null, { status: 404 });
    }
  }

  #follow(): Response {
    let own: Reader | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (reader) => {
        own = reader;
        for (const text of this.#past) reader.enqueue(new TextEncoder().encode(text));
        reader.enqueue(new TextEncoder().encode(frame("state", this.world.state())));
        this.#readers.add(reader);
      },
      cancel: () => {
        if (own !== undefined) this.#readers.delete(own);
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  async #obey(request: Request): Promise<Response> {
    const { group, line } = await request.json() as { group: number; line: string };
    if (!this.takesCommands) return new Response(null, { status: 404 });
    if (request.headers.get("authorization") !== `Bearer ${FAKE_TOKEN}`) {
      return new Response(null, { status: 401 });
    }
    this.commands.push(`${group} ${line}`);
    const [word = "", number = "0"] = line.split(" ");
    if (word === "version") return Response.json({ lines: ["1.1.0"], status: 0 });
    const channel = this.world.channel(group, Number(number));
    const changes: Readonly<Record<string, Partial<typeof channel>>> = {
      drain: { enabled: false, draining: true },
      disable: { enabled: false, draining: false },
      enable: { enabled: true, draining: false },
      cut: { connections: 0 },
    };
    Object.assign(channel, changes[word]);
    const text = `${word} ${channel.name}`;
    const at = new Date(this.world.now).toISOString();
    this.happen({ at, kind: "operator", level: "notice", text, group, channel: Number(number) });
    return Response.json({ lines: [], status: word === "drain" ? 75 : 0 });
  }

  #tell(name: string, document: unknown): void {
    const bytes = new TextEncoder().encode(frame(name, document));
    for (const reader of this.#readers) reader.enqueue(bytes);
  }
}

function frame(name: string, document: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(document)}\n\n`;
}
