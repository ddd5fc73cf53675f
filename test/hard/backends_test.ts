/**
 * Backends that fail in every manner: clients go elsewhere in time, and nothing of it stays.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { inTurn, LONG, namespace, needing, privilege, program } from "../kit/needs.ts";
import { fileURLToPath } from "node:url";
import { descriptors } from "../kit/processes.ts";
import { eventually, Output, within } from "../kit/wait.ts";
import { ownAddress, returningPort } from "../kit/ports.ts";
import type { Instance } from "../kit/instance.ts";
import { startInstance } from "../kit/start.ts";
import { Backend, echo, REFUSED, silent } from "../kit/backends.ts";
import { BlackHole } from "../kit/black_hole.ts";
import { close } from "../../lib/system/close.ts";
import { readExactly, send } from "../kit/streams.ts";
import { echoes, HELLO } from "../kit/clients.ts";

const ECHO_SERVER = fileURLToPath(new URL("./fixtures/echo_server.ts", import.meta.url));
async function isServed(balance: Instance): Promise<boolean> {
  try {
    using client = await balance.connect();
    return await echoes(client, 5000);
  } catch {
    return false;
  }
}

Deno.test("refused and black-holed channels are passed over, within -t each", async () => {
  await using hole = await BlackHole.open();
  await using backend = new Backend(echo);
  await using balance = await startInstance([hole.port, REFUSED, "!", backend.port], {
    options: ["-t", "1"],
  });
  const before = descriptors(balance.pid);
  const began = performance.now();
  const served = await Promise.all(Array.from({ length: 30 }, () => isServed(balance)));
  assertEquals(served.every((each) => each), true);
  const took = performance.now() - began;
  assert(took > 900 && took < 2500, `took ${took} ms`);
  await balance.idle();
  await eventually(() => descriptors(balance.pid) <= before, "descriptors back");
});

/** Words that run a program where packets to 10.99.0.2 vanish: a network of its own behind a wire to nowhere. */
const NOWHERE = [
  ...["unshare", "-n", "sh", "-e", "-c"],
  `ip link set lo up; ip tuntap add dev hole mode tun; ip addr add 10.99.0.1/24 dev hole
   ip link set hole up; exec "$@"`,
  "sh",
];
const nowhere = inTurn(
  () => namespace("network"),
  () => program("ip"),
  () => program("nsenter"),
  () => privilege("tun devices", [...NOWHERE, "true"]),
);

Deno.test({
  ...needing(nowhere, "packets that vanish in the network time out within -t, too"),
  fn: async (): Promise<void> => {
    await using balance = await startInstance(["10.99.0.2:80"], {
      options: ["-t", "1"],
      wrapper: NOWHERE,
    });
    const took = await balance.connectInside();
    assert(took > 900 && took < 2500, `took ${took} ms`);
    await balance.idle();
  },
});

Deno.test("a backend killed and started again under load costs only the connections it had", async () => {
  const port = returningPort();
  const address = ownAddress();
  await using steady = new Backend(echo);
  await using balance = await startInstance([`${address}:${port}`, steady.port]);
  let stop = false;
  const results: boolean[] = [];
  const load = Promise.all(Array.from({ length: 8 }, async () => {
    while (!stop) results.push(await isServed(balance));
  }));
  // A failure below is told as what it is, not by the clients that it leaves alone.
  await using _end = {
    [Symbol.asyncDispose]: async (): Promise<void> => {
      stop = true;
      await load;
    },
  };
  let lost = 0;
  for (let round = 0; round < (LONG ? 50 : 5); round++) {
    await using backend = new Backend(echo, { hostname: address, port });
    await eventually(() => backend.accepted > 20, "its share");
    lost += backend.open;
  }
  stop = true;
  await load;
  const failed = results.filter((each) => !each).length;
  assert(failed <= lost + 8 * 5, `${failed} of ${results.length} failed, ${lost} were cut`);
  await balance.idle();
});

Deno.test("a backend that is stopped or silent holds only its own clients", async () => {
  await using quiet = new Backend(silent);
  await using backend = new Backend(echo);
  await using balance = await startInstance([quiet.port, backend.port]);
  const held = await Promise.all(Array.from({ length: 10 }, () => balance.connect()));
  await eventually(() => quiet.open === 5 && backend.open === 5, "both");
  const answered = await Promise.all(held.map((client) => echoes(client, 500)));
  assertEquals(answered.filter((each) => each).length, 5);
  for (const each of held) close(each);
  quiet.dropAll();
  await balance.idle();
});

Deno.test("a backend stopped with SIGSTOP is silent; continued, it answers what was sent", async () => {
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net", ECHO_SERVER],
    stdout: "piped",
  }).spawn();
  await using _end = { [Symbol.asyncDispose]: () => end(server) };
  const output = new Output(server.stdout);
  const port = Number(await output.until("\n"));
  await using balance = await startInstance([port]);
  server.kill("SIGSTOP");
  using client = await balance.connect();
  await send(client, HELLO);
  const answer = readExactly(client, HELLO.length);
  await eventually(async () => (await balance.show())[0]?.sent === HELLO.length, "the relay");
  server.kill("SIGCONT");
  assertEquals(await within(answer, "the echo"), HELLO);
  client.close();
  await balance.idle();
});

/** Ends a program, stopped or not. */
async function end(program: Deno.ChildProcess): Promise<void> {
  program.kill("SIGKILL");
  await program.status;
}

Deno.test("a backend that closes at once closes its clients, as often as they come", async () => {
  await using backend = new Backend(() => Promise.resolve());
  await using balance = await startInstance([backend.port]);
  for (let round = 0; round < 100; round++) {
    using client = await balance.connect();
    assertEquals(await client.read(new Uint8Array(1)), null);
  }
  await balance.idle();
  assertEquals((await balance.show())[0]?.totalc, 100);
});
