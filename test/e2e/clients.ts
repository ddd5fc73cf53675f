/**
 * Clients of a balancer.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { receiveAll, receiveLine, send } from "./backends.ts";
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
export class Guest implements Disposable {
  /** The backend's first line; empty if it was closed without data. */
  readonly name: string;
  /** The connection. */
  readonly connection: Deno.TcpConn;

  private constructor(connection: Deno.TcpConn, name: string) {
    this.connection = connection;
    this.name = name;
  }

  /** Connects and reads the first line. */
  static async come(port: number, hostname?: string): Promise<Guest> {
    const connection = await dial(port, hostname);
    const line = await within(receiveLine(connection).catch(() => ""), "the first line");
    return new Guest(connection, line.trimEnd());
  }

  /** Leaves. */
  [Symbol.dispose](): void {
    try {
      this.connection.close();
    } catch {
      // Gone before.
    }
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
