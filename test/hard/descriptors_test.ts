/**
 * Out of descriptors: what runs goes on, accepting pauses without spinning, and everything recovers by itself.
 *
 * @module
 */
import { assert, assertEquals } from "../assert.ts";
import { needing, program } from "../needs.ts";
import { eventually, Instance, within } from "./kit.ts";
import { Backend, close, echo, readExactly, writeAll } from "./peers.ts";
import { cpuMs, descriptors } from "./proc.ts";

const LIMIT = ["prlimit", "--nofile=64"];
const HELLO = new TextEncoder().encode("hello");

/** Sends a word and waits for its echo. */
async function talk(connection: Deno.TcpConn): Promise<void> {
  await writeAll(connection, HELLO);
  await readExactly(connection, HELLO.length);
}

async function talks(connection: Deno.TcpConn, limitMs: number): Promise<boolean> {
  try {
    await within("an echo", talk(connection), limitMs);
    return true;
  } catch {
    return false;
  }
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test(needing(program("prlimit"), name), fn);
}

test("out of descriptors it serves what it has, waits without spinning, and recovers", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port], { wrapper: LIMIT });
  const before = descriptors(balance.pid);
  const first = await Promise.all(Array.from({ length: 10 }, () => balance.connect()));
  for (const each of first) await talk(each);
  const crowd = await Promise.all(Array.from({ length: 100 }, () => balance.connect()));
  await eventually("the log line", () => balance.text.stderr.includes("out of descriptors"));
  const cpu = cpuMs(balance.pid);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  for (const each of first) await within("an echo", talk(each));
  const spent = cpuMs(balance.pid) - cpu;
  assert(spent < 500, `${spent} ms of CPU in 1.5 s of waiting`);
  assertEquals(balance.text.stderr.split("\n").length, 2, balance.text.stderr);
  for (const each of [...first, ...crowd]) close(each);
  await eventually("all descriptors back", () => descriptors(balance.pid) <= before, 20_000);
  using late = await balance.connect();
  await within("an echo after all that", talk(late));
  late.close();
  await balance.settle();
});

test("a burst of more clients than descriptors is served in turn, none is lost", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port], {
    wrapper: LIMIT,
    options: ["-t", "2"],
  });
  const served = await Promise.all(Array.from({ length: 120 }, async () => {
    using client = await balance.connect();
    return await talks(client, 15_000);
  }));
  assertEquals(served.filter((each) => each).length, 120);
  await balance.settle();
});

test("out of descriptors it can still be controlled", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port], { wrapper: LIMIT });
  const crowd = await Promise.all(Array.from({ length: 100 }, () => balance.connect()));
  await eventually("the log line", () => balance.text.stderr.includes("out of descriptors"));
  await within("an answer", balance.ask("show"), 5000);
  for (const each of crowd) close(each);
  await balance.settle(20_000);
});
