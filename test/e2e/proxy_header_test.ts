/** PROXY headers of clients and for servers, in the real program. */
import { eventually, within } from "../kit/wait.ts";
import { freePort } from "../kit/ports.ts";
import { startBalance } from "../kit/start.ts";
import { type Instance } from "../kit/instance.ts";
import { Backends, hold, startBackend } from "../kit/backends.ts";
import { dial, get, Resetter } from "../kit/clients.ts";
import { readAll, receiveAll, send } from "../kit/streams.ts";
import { decodeProxyHeader, encodeProxyHeader } from "../../lib/core/edge/proxy_header.ts";
import type { ProxyMessage, ProxyVersion } from "../../lib/core/edge/proxy_message.ts";
import { formatPeer } from "../../lib/core/edge/origin.ts";
import { mapIpv4 } from "../../lib/core/net/ip_address.ts";
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { ipv6, needing } from "../kit/needs.ts";

const VERSIONS: readonly ProxyVersion[] = ["v1", "v2"];

/** A header for a client that another proxy has had. */
function headerOf(version: ProxyVersion, address = 0xc0000207): Uint8Array {
  const source = { address: mapIpv4(address), port: 5123 };
  const destination = { address: mapIpv4(0xc6336401), port: 443 };
  return encodeProxyHeader(version, { kind: "proxied", source, destination });
}

function encode(message: ProxyMessage, version: ProxyVersion = "v2"): Uint8Array {
  return encodeProxyHeader(version, message);
}

/** A server that keeps what it gets, a character a byte, and answers with its name at the end of file. */
function recorder(): { got: string[]; serve: typeof hold } {
  const got: string[] = [];
  const serve: typeof hold = async (connection, { name }) => {
    const bytes = await readAll(connection);
    got.push(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    await send(connection, name);
  };
  return { got, serve };
}

/** What a server got, as the header's client, its destination, and the bytes behind. */
function split(got: string): { version: string; client: string; to: string; rest: string } {
  const bytes = Uint8Array.from(got, (character) => character.charCodeAt(0));
  const header = decodeProxyHeader(bytes);
  assert(header.kind === "header", JSON.stringify(got));
  const { version, source, destination, length } = header;
  return {
    version,
    client: source === undefined ? "-" : formatPeer(source),
    to: destination === undefined ? "-" : formatPeer(destination),
    rest: got.slice(length),
  };
}

/** Sends bytes and the end of file, and reads the answer. */
async function ask(port: number, ...pieces: (string | Uint8Array)[]): Promise<string> {
  using connection = await dial(port);
  for (const piece of pieces) await send(connection, piece);
  await connection.closeWrite();
  return await within(receiveAll(connection), "the answer");
}

/** The last line that tells of refused clients. */
async function refusals(balance: Instance): Promise<string> {
  const text = await balance.stderr.until(/refused \d+ clients: .*\n/) ?? "";
  return /refused (\d+ clients: .*)\n/.exec(text)?.[1] ?? "";
}

for (const version of VERSIONS) {
  Deno.test(`--proxy-out ${version}: the header is the first that a server gets, and does not count as sent`, async () => {
    const { got, serve } = recorder();
    await using backend = startBackend("A", serve);
    const port = freePort();
    const args = ["-f", "--proxy-out", version, port, backend.operand];
    await using balance = await startBalance(args);
    using client = await dial(port);
    const own = formatPeerOf(client.localAddr as Deno.NetAddr);
    await send(client, "hello");
    await client.closeWrite();
    assertEquals(await receiveAll(client), "A");
    const wanted = { version, client: own, to: `127.0.0.1:${port}`, rest: "hello" };
    assertEquals(got.map(split), [wanted]);
    await balance.idle();
    assertEquals(await balance.column("sent"), [5]);
  });
}

function formatPeerOf({ hostname, port }: Deno.NetAddr): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

Deno.test("--proxy-out: a server that speaks first has its header before", async () => {
  const starts: string[] = [];
  await using backend = startBackend("A", async (connection) => {
    const buffer = new Uint8Array(100);
    const count = await connection.read(buffer) ?? 0;
    starts.push(new TextDecoder().decode(buffer.subarray(0, count)));
    await send(connection, "220 ready\r\n");
  });
  const port = freePort();
  await using _ = await startBalance(["-f", "--proxy-out=v1", port, backend.operand]);
  assertEquals(await get(port), "220 ready");
  assertMatch(starts[0] ?? "", /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/);
});

Deno.test("--proxy-out: a destination's proxy= counts instead, and checks begin with a header that names nobody", async () => {
  const own = recorder();
  const none = recorder();
  await using first = startBackend("A", own.serve);
  await using second = startBackend("B", none.serve);
  const port = freePort();
  const operands = [`${first.operand},proxy=v1`, `${second.operand},proxy=off`];
  const checks = ["--check=tcp", "--check-send=ping"];
  await using _ = await startBalance(["-f", "--proxy-out=v2", ...checks, port, ...operands]);
  await eventually(() => own.got.length > 0 && none.got.length > 0, "a check of each");
  assertEquals(own.got[0], "PROXY UNKNOWN\r\nping");
  assertEquals(none.got[0], "ping");
  const answers = [await ask(port, "x"), await ask(port, "x")];
  assertEquals(answers.toSorted(), ["A", "B"]);
  assertEquals(none.got.at(-1), "x");
  assertEquals(split(own.got.at(-1) ?? "").version, "v1");
});

Deno.test("--proxy-out with -B and with failover: the server that is reached gets the header", async () => {
  const { got, serve } = recorder();
  await using backend = startBackend("A", serve);
  const port = freePort();
  const args = ["-f", "-B", "127.0.0.3", "--proxy-out=v1", port, "127.0.0.1:1", backend.operand];
  await using _ = await startBalance(args);
  assertEquals(await ask(port, "x"), "A");
  assertEquals(got.map((text) => split(text).rest), ["x"]);
  assertEquals(backend.peers, ["127.0.0.3"]);
});

Deno.test({
  ...needing(ipv6(), "--proxy-out: an IPv6 client is written as IPv6"),
  fn: async () => {
    const { got, serve } = recorder();
    await using backend = startBackend("A", serve);
    const port = freePort();
    const args = ["-f", "-6", "--proxy-out=v2", port, backend.operand];
    await using _ = await startBalance(args);
    using client = await dial(port, "::1");
    await client.closeWrite();
    assertEquals(await receiveAll(client), "A");
    // An IPv4 client of the same listener is an IPv4 client.
    assertEquals(await ask(port), "A");
    const [six, four] = got.map(split);
    assertEquals([six?.to, four?.to], [`[::1]:${port}`, `127.0.0.1:${port}`]);
    assertEquals(six?.client, formatPeerOf(client.localAddr as Deno.NetAddr));
  },
});

for (const version of VERSIONS) {
  for (const workers of [1, 2]) {
    Deno.test(`--proxy-in: a client that a header of ${version} names is known, and what follows is its data (${workers} workers)`, async () => {
      const { got, serve } = recorder();
      await using backend = startBackend("A", serve);
      const port = freePort();
      const options = ["-f", `--workers=${workers}`, "--log-connections", "--proxy-in=127.0.0.0/8"];
      await using balance = await startBalance([...options, port, backend.operand]);
      const header = headerOf(version);
      assertEquals(await ask(port, new Uint8Array([...header, 1, 2, 3])), "A");
      assertEquals(await ask(port, header.slice(0, 5), header.slice(5, 14), header.slice(14)), "A");
      assertEquals(got, ["\x01\x02\x03", ""]);
      await balance.idle();
      assertEquals(await balance.column("sent"), [3]);
      const line = await balance.stderr.until(/\n.*\n/) ?? "";
      assertMatch(line, /client=192\.0\.2\.7:5123 proxy=127\.0\.0\.1:\d+ group=0/);
    });
  }
}

Deno.test("--proxy-in: much data right behind the header arrives whole", async () => {
  const { got, serve } = recorder();
  await using backend = startBackend("A", serve);
  const port = freePort();
  await using _ = await startBalance(["-f", "--proxy-in=127.0.0.1", port, backend.operand]);
  const data = "0123456789abcdef".repeat(20_000);
  const bytes = new Uint8Array([...headerOf("v2"), ...new TextEncoder().encode(data)]);
  assertEquals(await ask(port, bytes), "A");
  assert(got[0] === data, "not what was sent");
});

Deno.test("--proxy-in: a hash group chooses by the client that was learnt", async () => {
  await using backends = new Backends(4);
  const port = freePort();
  const args = ["-f", "--proxy-in=127.0.0.1", port, ...backends.operands, "%"];
  await using _ = await startBalance(args);
  const answers: string[] = [];
  for (let client = 0; client < 8; client++) {
    answers.push(await ask(port, headerOf("v1", 0xc0000200 + client)));
  }
  assertEquals(new Set(answers).size, 4, answers.join(""));
  assertEquals(answers.slice(0, 4), answers.slice(4));
});

Deno.test("--proxy-in and --proxy-out: the header is sent on, in the other version too", async () => {
  const { got, serve } = recorder();
  await using backend = startBackend("A", serve);
  const port = freePort();
  const args = ["-f", "--proxy-in=127.0.0.1", "--proxy-out=v1", port, backend.operand];
  await using _ = await startBalance(args);
  assertEquals(await ask(port, headerOf("v2"), "x"), "A");
  const wanted = { version: "v1", client: "192.0.2.7:5123", to: "198.51.100.1:443", rest: "x" };
  assertEquals(got.map(split), [wanted]);
});

Deno.test("--proxy-in: LOCAL and UNKNOWN are served with the peer's own address", async () => {
  const { got, serve } = recorder();
  await using backend = startBackend("A", serve);
  const port = freePort();
  const args = ["-f", "--proxy-in=127.0.0.1", "--proxy-out=v1", port, backend.operand];
  await using _ = await startBalance(args);
  const messages = [encode({ kind: "local" }), encode({ kind: "unknown" }, "v1")];
  for (const message of messages) assertEquals(await ask(port, message, "x"), "A");
  for (const { client, to, rest } of got.map(split)) {
    assertMatch(client, /^127\.0\.0\.1:\d+$/);
    assertEquals([to, rest], [`127.0.0.1:${port}`, "x"]);
  }
});

Deno.test("--proxy-in: from other networks a header is data like any other", async () => {
  const { got, serve } = recorder();
  await using backend = startBackend("A", serve);
  const port = freePort();
  const args = ["-f", "--proxy-in=192.0.2.0/24,127.0.0.2", port, backend.operand];
  await using _ = await startBalance(args);
  const line = "PROXY TCP4 192.0.2.7 198.51.100.1 5123 443\r\n";
  assertEquals(await ask(port, line), "A");
  assertEquals(got, [line]);
});

const HOSTILE: readonly [name: string, bytes: string | Uint8Array][] = [
  ["no header", "GET / HTTP/1.1\r\n\r\n"],
  ["a line that does not end", `PROXY UNKNOWN ${"x".repeat(200)}`],
  ["a cut off line", "PROXY TCP4 192.0.2.7 198."],
  ["a cut off header of version 2", headerOf("v2").slice(0, 20)],
  ["a header that says it is longer than the bound", oversized()],
  ["a leading zero in a port", "PROXY TCP4 192.0.2.7 198.51.100.1 05123 443\r\n"],
  ["a wrong version", headerOf("v2").with(12, 0x31)],
  ["a wrong command", headerOf("v2").with(12, 0x2f)],
];

function oversized(): Uint8Array {
  const bytes = new Uint8Array(6000);
  bytes.set(headerOf("v2"));
  bytes.set([0x13, 0x88], 14);
  return bytes;
}

Deno.test("--proxy-in: hostile and cut off headers are closed, counted once each, and never passed on", async () => {
  await using backend = startBackend("A", hold);
  const port = freePort();
  await using balance = await startBalance(["-f", "--proxy-in=127.0.0.1", port, backend.operand]);
  for (const [name, bytes] of HOSTILE) {
    using connection = await dial(port);
    await send(connection, bytes).catch(() => {});
    await connection.closeWrite().catch(() => {});
    assertEquals(await within(receiveAll(connection), name), "", name);
  }
  // One that resets in the middle, and one that leaves without a byte, which is no fault of anybody's.
  const resetter = await Resetter.connect(port);
  await resetter.write(headerOf("v2").slice(0, 13));
  await resetter.reset();
  assertEquals(await ask(port), "");
  assertEquals(await balance.column("totalc"), [0]);
  assertEquals(backend.peers, []);
  await balance.ask("kill");
  await balance.gone();
  const { "bad header": bad = 0, ...others } = totals(balance.stderr.text);
  assertEquals(others, {});
  // A reset may overtake what was sent before it: then that client, too, has left without a byte.
  assert(bad === HOSTILE.length || bad === HOSTILE.length + 1, `${bad}`);
});

/** All refused clients that a log tells of, by reason. */
function totals(log: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [, reasons = ""] of log.matchAll(/refused \d+ clients: (.*)/g)) {
    for (const [, reason = "", count] of reasons.matchAll(/([a-z ]+) (\d+)(?:, )?/g)) {
      sums[reason] = (sums[reason] ?? 0) + Number(count);
    }
  }
  return sums;
}

Deno.test("--proxy-in: slow headers cost nobody else anything, take no place, and are closed after 3 seconds", async () => {
  await using backend = startBackend("A", hold);
  const port = freePort();
  const options = ["-f", "--proxy-in=127.0.0.1"];
  await using balance = await startBalance([...options, port, `${backend.operand}:1`]);
  const began = performance.now();
  const slow = await Promise.all(Array.from({ length: 50 }, () => dial(port)));
  for (const each of slow) await send(each, headerOf("v2").slice(0, 15));
  const closed = Promise.all(slow.map((each) => receiveAll(each)));
  // The one place of the channel is free all the time.
  const served = await dial(port);
  await send(served, headerOf("v2"));
  const byte = new Uint8Array(1);
  assertEquals(await within(served.read(byte), "the answer"), 1);
  assert(performance.now() - began < 3000, "served while the others are slow");
  await within(closed, "their end");
  const lasted = performance.now() - began;
  assert(lasted >= 2999 && lasted < 10_000, `${lasted} ms`);
  assertEquals(await refusals(balance), "50 clients: no header 50");
  assertEquals(await balance.column("c"), [1]);
  for (const each of [...slow, served]) each.close();
});

Deno.test("--proxy-in: --drain ends a header that is still coming, and blames nobody", async () => {
  await using backend = startBackend("A", hold);
  const port = freePort();
  const options = ["-f", "--drain=0", "--proxy-in=127.0.0.1"];
  await using balance = await startBalance([...options, port, backend.operand]);
  using slow = await dial(port);
  await send(slow, "PROXY ");
  await balance.ask("kill");
  assertEquals(await within(receiveAll(slow), "its end"), "");
  await balance.gone();
  assertEquals(totals(balance.stderr.text), {});
});
