/**
 * A name server that says whatever a test wants, lies included, over UDP and TCP.
 *
 * @module
 */
import { ip } from "../core/names/addresses.ts";

/** What a record has. */
export type RecordData =
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | { readonly type: "CNAME"; readonly name: string }
  | {
    readonly type: "SRV";
    readonly priority: number;
    readonly weight: number;
    readonly port: number;
    readonly target: string;
  };

/** A record; `owner` is the name that was asked for unless told. */
export type ServerRecord = RecordData & { readonly owner?: string };

/** What was asked. */
export interface Question {
  /** Without the final dot, in small letters. */
  readonly name: string;
  /** `A`, `AAAA`, `SRV`, or a number. */
  readonly type: string;
}

/** What is answered: records, a failure, or nothing at all. */
export type Reply = readonly ServerRecord[] | "servfail" | "nxdomain" | "silent" | "garbage";

const TYPES: Readonly<Record<number, string>> = { 1: "A", 5: "CNAME", 28: "AAAA", 33: "SRV" };
const CODES: Readonly<Record<string, number>> = { A: 1, CNAME: 5, AAAA: 28, SRV: 33 };
/** Longest answer by UDP; a longer one must be asked for by TCP. */
const UDP_BYTES = 512;

/** A server on 127.0.0.1. */
export class NameServer implements AsyncDisposable {
  /** What it answers; may be changed at any time. */
  reply: (question: Question) => Reply;
  /** Answers wait for it; they are what {@link reply} says then. */
  delay: Promise<void> = Promise.resolve();
  /** What it was asked so far. */
  readonly questions: Question[] = [];
  readonly #udp: Deno.DatagramConn;
  readonly #tcp: Deno.TcpListener;
  readonly #tasks: Promise<void>[];

  /** Starts to answer. */
  constructor(reply: (question: Question) => Reply) {
    this.reply = reply;
    this.#tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#udp = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: this.port });
    this.#tasks = [this.#serveUdp(), this.#serveTcp()];
  }

  /** Port of both. */
  get port(): number {
    return (this.#tcp.addr as Deno.NetAddr).port;
  }

  /** Value for `--dns`. */
  get operand(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close();
    this.#tcp.close();
    await Promise.all(this.#tasks);
  }

  async #serveUdp(): Promise<void> {
    for await (const [query, peer] of this.#udp) {
      const { question, end } = readQuestion(query);
      this.questions.push(question);
      const send = async (): Promise<void> => {
        await this.delay;
        const answer = this.#answer(query.subarray(0, end), question, UDP_BYTES);
        if (answer !== undefined) await this.#udp.send(answer, peer);
      };
      // Who has gone gets no answer.
      send().catch(() => {});
    }
  }

  async #serveTcp(): Promise<void> {
    for await (const connection of this.#tcp) {
      try {
        await this.#converse(connection);
      } catch {
        // The resolver has gone.
      }
      connection.close();
    }
  }

  async #converse(connection: Deno.TcpConn): Promise<void> {
    const head = await readFull(connection, 2);
    const query = await readFull(connection, new DataView(head.buffer).getUint16(0));
    const { question, end } = readQuestion(query);
    this.questions.push(question);
    const answer = this.#answer(query.subarray(0, end), question, 65535);
    if (answer === undefined) return;
    const framed = new Uint8Array(2 + answer.length);
    new DataView(framed.buffer).setUint16(0, answer.length);
    framed.set(answer, 2);
    for (let rest = framed; rest.length > 0;) {
      rest = rest.subarray(await connection.write(rest));
    }
  }

  /** @param query Its head and its question. */
  #answer(
    query: Uint8Array,
    question: Question,
    limit: number,
  ): Uint8Array<ArrayBuffer> | undefined {
    const end = query.length;
    const reply = this.reply(question);
    if (reply === "silent") return undefined;
    if (reply === "garbage") return crypto.getRandomValues(new Uint8Array(40));
    const records = typeof reply === "string" ? [] : reply;
    const parts = records.map(writeRecord);
    const kept: Uint8Array[] = [];
    let length = end;
    for (const part of parts) {
      if (length + part.length > limit) break;
      kept.push(part);
      length += part.length;
    }
    const truncated = kept.length < parts.length && limit === UDP_BYTES;
    const bytes = new Uint8Array(length);
    bytes.set(query);
    const view = new DataView(bytes.buffer);
    const code = reply === "servfail" ? 2 : reply === "nxdomain" ? 3 : 0;
    view.setUint16(2, 0x8580 | (truncated ? 0x0200 : 0) | code);
    view.setUint16(4, 1);
    view.setUint16(6, truncated ? 0 : kept.length);
    view.setUint16(8, 0);
    view.setUint16(10, 0);
    if (truncated) return bytes.subarray(0, end);
    let at = end;
    for (const part of kept) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

async function readFull(connection: Deno.TcpConn, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  for (let got = 0; got < count;) {
    const more = await connection.read(bytes.subarray(got));
    if (more === null) throw new Error("end of file");
    got += more;
  }
  return bytes;
}

function readQuestion(query: Uint8Array): { question: Question; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(new TextDecoder().decode(query.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  const code = ((query[at + 1] ?? 0) << 8) | (query[at + 2] ?? 0);
  const question = { name: labels.join(".").toLowerCase(), type: TYPES[code] ?? String(code) };
  return { question, end: at + 5 };
}

function writeRecord(record: ServerRecord): Uint8Array {
  // The name that was asked for stands at 12.
  const owner = record.owner === undefined ? Uint8Array.of(0xc0, 12) : writeName(record.owner);
  const data = writeData(record);
  const bytes = new Uint8Array(owner.length + 10 + data.length);
  const view = new DataView(bytes.buffer, owner.length);
  bytes.set(owner);
  view.setUint16(0, CODES[record.type] ?? 0);
  view.setUint16(2, 1);
  view.setUint32(4, 1);
  view.setUint16(8, data.length);
  bytes.set(data, owner.length + 10);
  return bytes;
}

function writeData(record: ServerRecord): Uint8Array {
  switch (record.type) {
    case "CNAME":
      return writeName(record.name);
    case "SRV": {
      const name = writeName(record.target);
      const bytes = new Uint8Array(6 + name.length);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, record.priority);
      view.setUint16(2, record.weight);
      view.setUint16(4, record.port);
      bytes.set(name, 6);
      return bytes;
    }
    default: {
      const endpoint = ip(record.address);
      if (endpoint.family === "ipv6") return endpoint.address;
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, endpoint.address);
      return bytes;
    }
  }
}

function writeName(name: string): Uint8Array {
  const labels = name.split(".").filter((label) => label !== "");
  return Uint8Array.from([
    ...labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]),
    0,
  ]);
}

/** A and AAAA records of addresses, as they answer a question of that type. */
export function addressReply(addresses: readonly string[], { type }: Question): ServerRecord[] {
  return addresses.filter((address) => address.includes(":") === (type === "AAAA")).map(
    (address) => ({ type: type === "AAAA" ? "AAAA" : "A", address }),
  );
}
