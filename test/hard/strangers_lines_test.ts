/**
 * Strangers at the control socket and in words that are printed: refused, dropped, escaped, traffic unharmed.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { balanceCommand, eventually, freePort, Instance, within } from "./kit.ts";
import { Backend, close, echo, readExactly, writeAll } from "./peers.ts";
import { descriptors, residentBytes } from "./proc.ts";
import { withSeed } from "./random.ts";

const HELLO = new TextEncoder().encode("hello");

async function trafficPasses(balance: Instance): Promise<void> {
  using client = await balance.connect();
  await within(
    "an echo",
    writeAll(client, HELLO).then(() => readExactly(client, HELLO.length)),
    2000,
  );
}

async function openControl(balance: Instance): Promise<Deno.UnixConn> {
  return await Deno.connect({ transport: "unix", path: balance.socket });
}

/** Everything that a control connection says until it ends. */
async function listen(connection: Deno.UnixConn): Promise<string> {
  const chunk = new Uint8Array(65536);
  let text = "";
  try {
    for (let count = await connection.read(chunk); count !== null;) {
      text += new TextDecoder().decode(chunk.subarray(0, count));
      count = await connection.read(chunk);
    }
  } catch {
    // Dropped: that is an end too.
  }
  return text;
}

Deno.test("a line of 10 MB is refused at once and costs no memory", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port]);
  const before = residentBytes(balance.pid);
  using control = await openControl(balance);
  const flood = writeAll(control, new Uint8Array(10_000_000).fill(0x61)).catch(() => {});
  await within("the refusal", Promise.all([listen(control), flood]));
  assert(residentBytes(balance.pid) - before < 20e6);
  await trafficPasses(balance);
  await balance.ask("show");
});

Deno.test("binary rubbish, NULs and escapes get `syntax error` and never come back raw", () =>
  withSeed(async (random) => {
    await using backend = new Backend(echo);
    await using balance = await Instance.start([backend.port]);
    for (let round = 0; round < 30; round++) {
      using control = await openControl(balance);
      const rubbish = random.bytes(random.between(1, 3000)).map((byte) => byte === 0x6b ? 0 : byte);
      await writeAll(control, rubbish);
      await writeAll(control, new TextEncoder().encode("\n\x1b[2J\0show\nquit\n"));
      const text = await within("an end", listen(control));
      assertStringIncludes(text, "syntax error");
      // deno-lint-ignore no-control-regex
      assertEquals(/[\x00-\x09\x0b-\x1f]/.test(text), false);
    }
    await trafficPasses(balance);
    assertEquals((await balance.show()).length, 1);
  }));

Deno.test("1000 half-open control connections keep nobody else out and are not kept", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port]);
  const before = descriptors(balance.pid);
  const crowd: Deno.UnixConn[] = [];
  for (let count = 0; count < 1000; count++) {
    const control = await openControl(balance).catch(() => undefined);
    if (control === undefined) continue;
    crowd.push(control);
    if (count % 2 === 0) await control.write(new TextEncoder().encode("sho")).catch(() => {});
  }
  assertEquals(crowd.length, 1000);
  await trafficPasses(balance);
  assertEquals((await balance.show()).length, 1);
  assert(descriptors(balance.pid) - before < 64, "connections are kept");
  for (const each of crowd) close(each);
  await eventually("all gone", () => descriptors(balance.pid) <= before);
});

Deno.test("control clients that never read are in nobody's way and go without a trace", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port]);
  await balance.ask("show");
  const before = descriptors(balance.pid);
  const flood = new TextEncoder().encode(`${"help\n".repeat(2000)}quit\n`);
  const deaf = await Promise.all(Array.from({ length: 40 }, () => openControl(balance)));
  const floods = deaf.map((each) => writeAll(each, flood).catch(() => {}));
  for (let round = 0; round < 20; round++) {
    await trafficPasses(balance);
    await within("an answer", balance.ask("show"), 2000);
  }
  // The runtime cannot end a blocked write, so such a client is let go only when it goes itself.
  for (const each of deaf) await listen(each);
  await Promise.all(floods);
  for (const each of deaf) close(each);
  await eventually("all gone", () => descriptors(balance.pid) <= before);
});

// deno-lint-ignore no-control-regex
const RAW = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

Deno.test("no error message repeats an operator's control characters", async () => {
  const evil = "\x1b[2J\x07\u202e";
  const dir = await Deno.makeTempDir({ prefix: "balance-hard-" });
  const [program, ...first] = balanceCommand();
  const port = String(freePort());
  for (
    const args of [
      [evil],
      [`1${evil}`],
      [`-${evil}`, "80"],
      [`--${evil}`, "80"],
      ["--workers", evil, "80"],
      ["--drain", evil, "80"],
      ["-c", "show", evil],
      ["-f", "-b", evil, "8888"],
      ["-f", "-b", `${evil}/`, "8888"],
      ["-b", evil, "-c", "show", "8888"],
      ["-f", "--run-dir", `${dir}/${evil}/x`, "8888"],
      ["-f", "--run-dir", dir, "-b", "127.0.0.1", "--log-file", `${dir}/${evil}/x`, port],
      ["-f", "--run-dir", dir, "-b", "127.0.0.1", port, evil],
      ["-f", "--run-dir", dir, "-b", "127.0.0.1", "-B", evil, port, "127.0.0.1"],
    ]
  ) {
    const child = new Deno.Command(program, { args: [...first, ...args] });
    const { code, stdout, stderr } = await child.output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals([args, RAW.test(said), code === 0], [args, false, false], JSON.stringify(said));
  }
  await Deno.remove(dir, { recursive: true });
});
