/**
 * Clients of a balancer.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { close } from "../../lib/system/close.ts";
import { readExactly, receiveAll, receiveLine, send } from "./streams.ts";
import { assertEquals } from "./assert.ts";
import { within } from "./wait.ts";

/** Connects. */
export function dial(port: number, hostname = "127.0.0.1"): Promise<Deno.TcpConn> {
  return within(Deno.connect({ hostname, port }), `connecting to ${hostname}:${port}`);
}

/** Connects, sends a text if there is one, and reads to the end of file. */
export async function get(port: number, hostname = "127.0.0.1", text = ""): Promise<string> {
  using connection = await dial(port, hostname);
  if (text !== "") await send(connection, text);
  return (await within(receiveAll(connection), "the end of file")).trimEnd();
}

/** What several clients get one after another. */
export async function gets(count: number, port: number, hostname?: string): Promise<string> {
  const answers: string[] = [];
  for (let client = 0; client < count; client++) answers.push(await get(port, hostname) || "-");
  return answers.join(" ");
}

/** A client that has read its backend's first line and stays. */
export class HeldClient implements Disposable {
  /** The backend's first line; empty if it was closed without data. */
  readonly name: string;
  /** The connection. */
  readonly connection: Deno.TcpConn;

  private constructor(connection: Deno.TcpConn, name: string) {
    this.connection = connection;
    this.name = name;
  }

  /** Connects and reads the first line. */
  static async open(port: number, hostname?: string): Promise<HeldClient> {
    const connection = await dial(port, hostname);
    const line = await within(receiveLine(connection).catch(() => ""), "the first line");
    return new HeldClient(connection, line.trimEnd());
  }

  /** Leaves. */
  [Symbol.dispose](): void {
    close(this.connection);
  }
}

/** As {@link get}, from a source address of the client's. */
export async function getFrom(localAddress: string, port: number, host: string): Promise<string> {
  const socket: Socket = connect({ port, host, localAddress });
  const { promise, resolve } = Promise.withResolvers<void>();
  let text = "";
  socket.on("data", (bytes: Buffer) => text += bytes.toString("latin1"));
  socket.on("error", () => resolve());
  socket.on("close", () => resolve());
  await within(promise, "the end of file");
  socket.destroy();
  return text.trimEnd();
}

/** What {@link checkEcho} sends. */
export const HELLO: Uint8Array<ArrayBuffer> = new TextEncoder().encode("hello");

/**
 * Sends a word to an echo server and waits for it.
 *
 * @throws If it does not come back whole and unchanged.
 */
export async function checkEcho(connection: Deno.TcpConn): Promise<void> {
  await send(connection, HELLO);
  assertEquals(await readExactly(connection, HELLO.length), HELLO);
}

/** Whether {@link checkEcho} succeeds in time. */
export async function echoes(connection: Deno.TcpConn, limitMs?: number): Promise<boolean> {
  try {
    await within(checkEcho(connection), "an echo", limitMs);
    return true;
  } catch {
    return false;
  }
}

/** A client that can reset its connection. */
export class Resetter {
  private constructor(readonly socket: Socket) {}

  /** Connects to a port of 127.0.0.1. */
  static async connect(port: number): Promise<Resetter> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => {});
    await once(socket, "connect");
    return new Resetter(socket);
  }

  /** Writes and waits until the system has the bytes. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /** Sends the end of file. */
  end(): Promise<void> {
    return new Promise((resolve) => this.socket.end(() => resolve()));
  }

  /** Resets the connection. */
  async reset(): Promise<void> {
    const closed = once(this.socket, "close");
    this.socket.resetAndDestroy();
    await closed;
  }
}

/** The status of a page of `--http`. */
export async function fetchStatus(port: number, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  await response.body?.cancel();
  return response.status;
}

/**
 * Has two clients come to an echo server, of whom the second is to meet a fault; the first, when the second has heard its
 * end and nothing else.
 */
export async function outliveFault(port: number): Promise<Deno.TcpConn> {
  const good = await dial(port);
  await send(good, "good\n");
  assertEquals(await receiveLine(good), "good\n");
  using bad = await dial(port);
  await send(bad, "bad\n").catch(() => {});
  assertEquals(await within(receiveAll(bad).catch(() => ""), "the client's end"), "");
  return good;
}
