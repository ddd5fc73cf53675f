/**
 * Strangers at the control socket and in words that are printed: refused, dropped, escaped, traffic unharmed.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { descriptors, residentBytes } from "../kit/processes.ts";
import { withSeed } from "../kit/random.ts";
import { eventually, within } from "../kit/wait.ts";
import { freePort } from "../kit/ports.ts";
import { run } from "../kit/programs.ts";
import type { Instance } from "../kit/instance.ts";
import { startInstance } from "../kit/start.ts";
import { Backend, echo } from "../kit/backends.ts";
import { close } from "../../lib/system/close.ts";
import { receiveAll, send } from "../kit/streams.ts";
import { checkEcho } from "../kit/clients.ts";
import { TempDir } from "../kit/temp_dir.ts";

const LINE_END = 0x0a;
async function trafficPasses(balance: Instance): Promise<void> {
  using client = await balance.connect();
  await within(checkEcho(client), "an echo", 2000);
}

async function openControl(balance: Instance): Promise<Deno.UnixConn> {
  return await Deno.connect({ transport: "unix", path: balance.socket });
}

Deno.test("a line of 10 MB is refused at once and costs no memory", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port]);
  const before = residentBytes(balance.pid);
  using control = await openControl(balance);
  const flood = send(control, new Uint8Array(10_000_000).fill(0x61)).catch(() => {});
  await within(Promise.all([receiveAll(control), flood]), "the refusal");
  assert(residentBytes(balance.pid) - before < 20e6);
  await trafficPasses(balance);
  await balance.ask("show");
});

/** The bytes, but no line of them begins as a command: an early end or a disabled channel would spoil the test. */
function noCommand(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.map((byte, at) => at === 0 || bytes[at - 1] === LINE_END ? 0xff : byte);
}

Deno.test("binary rubbish, NULs and escapes get `syntax error` and never come back raw", () =>
  withSeed(async (random) => {
    await using backend = new Backend(echo);
    await using balance = await startInstance([backend.port]);
    for (let round = 0; round < 30; round++) {
      using control = await openControl(balance);
      const rubbish = noCommand(random.bytes(random.between(1, 3000)));
      await send(control, rubbish);
      await send(control, new TextEncoder().encode("\n\x1b[2J\0show\nquit\n"));
      const text = await within(receiveAll(control), "an end");
      assertStringIncludes(text, "syntax error");
      // deno-lint-ignore no-control-regex
      assertEquals(/[\x00-\x09\x0b-\x1f]/.test(text), false);
    }
    await trafficPasses(balance);
    assertEquals((await balance.show()).length, 1);
  }));

Deno.test("1000 half-open control connections keep nobody else out and are not kept", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port]);
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
  await eventually(() => descriptors(balance.pid) - before < 64, "none is kept");
  for (const each of crowd) close(each);
  await eventually(() => descriptors(balance.pid) <= before, "all gone");
});

Deno.test("control clients that never read are in nobody's way and go without a trace", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port]);
  await balance.ask("show");
  const before = descriptors(balance.pid);
  const flood = new TextEncoder().encode(`${"help\n".repeat(2000)}quit\n`);
  const silent = await Promise.all(Array.from({ length: 40 }, () => openControl(balance)));
  const floods = silent.map((each) => send(each, flood).catch(() => {}));
  for (let round = 0; round < 20; round++) {
    await trafficPasses(balance);
    await within(balance.ask("show"), "an answer", 2000);
  }
  // The runtime cannot end a blocked write, so such a client is let go only when it goes itself.
  for (const each of silent) await receiveAll(each);
  await Promise.all(floods);
  for (const each of silent) close(each);
  await eventually(() => descriptors(balance.pid) <= before, "all gone");
});

// deno-lint-ignore no-control-regex
const RAW = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

Deno.test("no error message repeats an operator's control characters", async () => {
  const evil = "\x1b[2J\x07\u202e";
  using dir = new TempDir();
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
      ["-f", "--run-dir", `${dir.path}/${evil}/x`, "8888"],
      ["-f", "--run-dir", dir.path, "-b", "127.0.0.1", "--log-file", `${dir.path}/${evil}/x`, port],
      ["-f", "--run-dir", dir.path, "-b", "127.0.0.1", port, evil],
      ["-f", "--run-dir", dir.path, "-b", "127.0.0.1", "-B", evil, port, "127.0.0.1"],
    ]
  ) {
    const { code, stdout, stderr } = await run(args);
    const said = stdout + stderr;
    assertEquals([args, RAW.test(said), code === 0], [args, false, false], JSON.stringify(said));
  }
});
