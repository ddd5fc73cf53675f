/**
 * One connect: what its failures are taken for.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import type { Endpoint } from "../../lib/core/net/socket_address.ts";
import { type ConnectFailure, isShortage } from "../../lib/core/session/cause.ts";
import { connect, type Connected } from "../../lib/traffic/deno/connect.ts";
import type { Stream } from "../../lib/traffic/deno/stream.ts";

function loopback(port: number): Endpoint {
  return { family: "ipv4", address: 0x7f000001, port };
}

const NEVER = new AbortController().signal;

/** What a connect comes to when the system fails it. */
async function failWith(error: unknown): Promise<Connected> {
  const real = Deno.connect;
  Deno.connect = (() => Promise.reject(error)) as unknown as typeof Deno.connect;
  try {
    return await connect(loopback(1), { deadline: NEVER });
  } finally {
    Deno.connect = real;
  }
}

function failed(reason: ConnectFailure): Connected {
  return { kind: "failed", reason };
}

function streamOf(connected: Connected): Stream {
  assert(connected.kind === "connected", JSON.stringify(connected));
  return connected.stream;
}

const codes: Record<string, ConnectFailure> = {
  ECONNREFUSED: "refused",
  ENETUNREACH: "refused",
  EHOSTUNREACH: "refused",
  EACCES: "refused",
  EMFILE: "exhausted",
  ENFILE: "exhausted",
  ENOBUFS: "exhausted",
  ENOMEM: "exhausted",
  EADDRNOTAVAIL: "out of ports",
  EADDRINUSE: "out of ports",
  EAGAIN: "out of ports",
};

for (const [code, failure] of Object.entries(codes)) {
  Deno.test(`${code} is taken for: ${failure}`, async () => {
    assertEquals(await failWith(Object.assign(new Error(code), { code })), failed(failure));
  });
}

Deno.test("a failure without a code is a refusal", async () => {
  assertEquals(await failWith("no error at all"), failed("refused"));
  assertEquals(await failWith(new Error("who knows")), failed("refused"));
});

Deno.test("what this machine lacks is told from what the server does", () => {
  const failures: ConnectFailure[] = ["refused", "timeout", "exhausted", "out of ports"];
  assertEquals(failures.filter(isShortage), ["exhausted", "out of ports"]);
});

Deno.test("a connect whose time is over is a timeout, from a source address, too", async () => {
  const deadline = AbortSignal.abort();
  for (const source of [undefined, "127.0.0.1"]) {
    assertEquals(await connect(loopback(1), { deadline, source }), failed("timeout"));
  }
});

Deno.test("a source address that is not local is ignored, one that is local is used", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const seen: string[] = [];
  for (const source of ["192.0.2.1", "127.0.0.9"]) {
    const stream = streamOf(await connect(loopback(port), { deadline: NEVER, source }));
    const accepted = await listener.accept();
    seen.push((accepted.remoteAddr as Deno.NetAddr).hostname);
    accepted.close();
    stream.close();
  }
  assertEquals(seen, ["127.0.0.1", "127.0.0.9"]);
});

Deno.test("a Unix socket is connected to by its path", async () => {
  const path = `${await Deno.makeTempDir({ prefix: "balance-test-" })}/socket`;
  using listener = Deno.listen({ transport: "unix", path });
  const stream = streamOf(await connect({ family: "unix", path }, { deadline: NEVER }));
  (await listener.accept()).close();
  stream.close();
  await Deno.remove(path.replace(/\/socket$/, ""), { recursive: true });
});
