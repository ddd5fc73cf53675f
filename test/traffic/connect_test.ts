/**
 * One connect: what its failures are taken for.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { connect, type ConnectFailure, isShortage } from "../../lib/traffic/deno/connect.ts";

const LOOPBACK = 0x7f000001;
const NEVER = new AbortController().signal;

/** What a connect comes to when the system fails it. */
async function failWith(error: unknown): Promise<unknown> {
  const real = Deno.connect;
  Deno.connect = (() => Promise.reject(error)) as unknown as typeof Deno.connect;
  try {
    return await connect(LOOPBACK, 1, { deadline: NEVER });
  } finally {
    Deno.connect = real;
  }
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
    assertEquals(await failWith(Object.assign(new Error(code), { code })), failure);
  });
}

Deno.test("a failure without a code is a refusal", async () => {
  assertEquals(await failWith("no error at all"), "refused");
  assertEquals(await failWith(new Error("who knows")), "refused");
});

Deno.test("what this machine lacks is told from what the server does", () => {
  const failures: ConnectFailure[] = ["refused", "timeout", "exhausted", "out of ports"];
  assertEquals(failures.filter(isShortage), ["exhausted", "out of ports"]);
});

Deno.test("a connect whose time is over is a timeout, from a source address, too", async () => {
  const deadline = AbortSignal.abort();
  for (const source of [undefined, "127.0.0.1"]) {
    assertEquals(await connect(LOOPBACK, 1, { deadline, source }), "timeout");
  }
});

Deno.test("a source address that is not local is ignored, one that is local is used", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const seen: string[] = [];
  for (const source of ["192.0.2.1", "127.0.0.9"]) {
    const stream = await connect(LOOPBACK, port, { deadline: NEVER, source });
    assert(typeof stream !== "string", `from ${source}: ${stream}`);
    const accepted = await listener.accept();
    seen.push((accepted.remoteAddr as Deno.NetAddr).hostname);
    accepted.close();
    stream.close();
  }
  assertEquals(seen, ["127.0.0.1", "127.0.0.9"]);
});

Deno.test("a port above 65535 is taken modulo 65536, as the classic does", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const stream = await connect(LOOPBACK, port + 65536, { deadline: NEVER });
  assert(typeof stream !== "string", `${stream}`);
  stream.close();
  (await listener.accept()).close();
});
