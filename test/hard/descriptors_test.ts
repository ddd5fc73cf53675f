/**
 * Out of descriptors: what runs goes on, accepting pauses without spinning, and everything recovers by itself.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { needing, program } from "../kit/needs.ts";
import { cpuMs, descriptors } from "../kit/processes.ts";
import { eventually, sleep, within } from "../kit/wait.ts";
import type { Instance } from "../kit/instance.ts";
import { NATIVE } from "../kit/programs.ts";
import { startInstance } from "../kit/start.ts";
import { Backend, echo } from "../kit/backends.ts";
import { close } from "../../lib/system/close.ts";
import { checkEcho, echoes } from "../kit/clients.ts";

/** Room for a dozen clients; the native engine's thread has some descriptors of its own. */
const LIMIT = ["prlimit", `--nofile=${NATIVE ? 80 : 64}`];
function test(name: string, fn: () => Promise<void>): void {
  Deno.test(needing(program("prlimit"), name), fn);
}

test("out of descriptors it serves what it has, waits without spinning, and recovers", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port], { wrapper: LIMIT });
  const before = descriptors(balance.pid);
  const first = await Promise.all(Array.from({ length: 10 }, () => balance.connect()));
  for (const each of first) await checkEcho(each);
  const crowd = await Promise.all(Array.from({ length: 100 }, () => balance.connect()));
  await eventually(() => balance.stderr.text.includes("out of descriptors"), "the log line");
  const cpu = cpuMs(balance.pid);
  await sleep(1500);
  for (const each of first) await within(checkEcho(each), "an echo");
  const spent = cpuMs(balance.pid) - cpu;
  assert(spent < 500, `${spent} ms of CPU in 1.5 s of waiting`);
  assertEquals(balance.stderr.text.split("\n").length, 2, balance.stderr.text);
  for (const each of [...first, ...crowd]) close(each);
  await eventually(() => descriptors(balance.pid) <= before, "all descriptors back", 20_000);
  using late = await balance.connect();
  await within(checkEcho(late), "an echo after all that");
  late.close();
  await balance.idle();
});

test("a burst of more clients than descriptors is served in turn, none is lost", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port], {
    wrapper: LIMIT,
    options: ["-t", "2"],
  });
  const served = await Promise.all(Array.from({ length: 120 }, async () => {
    using client = await balance.connect();
    return await echoes(client, 15_000);
  }));
  assertEquals(served.filter((each) => each).length, 120);
  await balance.idle();
});

test("out of descriptors it can still be controlled", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port], { wrapper: LIMIT });
  const crowd = await Promise.all(Array.from({ length: 100 }, () => balance.connect()));
  await eventually(() => balance.stderr.text.includes("out of descriptors"), "the log line");
  await within(balance.ask("show"), "an answer", 5000);
  for (const each of crowd) close(each);
  await balance.idle(20_000);
});

/** How many descriptors an instance holds back: it opens its run dir for them. */
function heldBack({ pid, runDir }: Instance): number {
  const names = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => name);
  return names.filter((name) => {
    try {
      return Deno.readLinkSync(`/proc/${pid}/fd/${name}`) === runDir;
    } catch {
      // Closed meanwhile.
      return false;
    }
  }).length;
}

Deno.test("for some seconds fewer clients are served than there were when descriptors ran out", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port], { wrapper: LIMIT });
  const first = await Promise.all(Array.from({ length: 8 }, () => balance.connect()));
  for (const each of first) await checkEcho(each);
  const crowd = await Promise.all(Array.from({ length: 100 }, () => balance.connect()));
  await eventually(() => balance.stderr.text.includes("out of descriptors"), "the log line");
  const served = async (): Promise<number> => (await balance.show())[0]?.c ?? 0;
  const most = await served();
  for (const each of first.splice(0, 3)) close(each);
  await eventually(async () => await served() === most - 3, "three have left");
  for (let look = 0; look < 30; look++) {
    assertEquals(await served(), most - 3);
    await sleep(20);
  }
  for (const each of [...first, ...crowd]) close(each);
  await balance.idle();
});

for (const workers of [1, 2]) {
  const start = (backend: Backend): Promise<Instance> =>
    startInstance([backend.port], { wrapper: LIMIT, options: [`--workers=${workers}`] });

  Deno.test(`--workers ${workers}: of the clients after a crowd that waited and left none is lost or kept waiting`, async () => {
    await using backend = new Backend(echo);
    await using balance = await start(backend);
    const spare = heldBack(balance);
    assert(spare > 0);
    const crowd = await Promise.all(Array.from({ length: 200 }, () => balance.connect()));
    await eventually(() => balance.stderr.text.includes("out of descriptors"), "the log line");
    assertEquals(heldBack(balance), 0);
    for (const each of crowd) close(each);
    const served = await Promise.all(Array.from({ length: 30 }, async () => {
      using client = await balance.connect();
      return await echoes(client, 3000);
    }));
    assertEquals(served.filter((each) => each).length, 30);
    await balance.idle();
    await eventually(() => heldBack(balance) === spare, "the spare ones are held again");
  });

  Deno.test(`--workers ${workers}: control answers for as long as a crowd waits that takes all descriptors`, async () => {
    await using backend = new Backend(echo);
    await using balance = await start(backend);
    const crowd = await Promise.all(Array.from({ length: 200 }, () => balance.connect()));
    // Longer than the 5 s after which a thread would try to serve more clients.
    const end = performance.now() + 8000;
    while (performance.now() < end) {
      await within(balance.ask("show"), "an answer", 2000);
      await sleep(20);
    }
    assertEquals(balance.stderr.text.split("\n").length, 2, balance.stderr.text);
    for (const each of crowd) close(each);
    await balance.idle();
  });
}
