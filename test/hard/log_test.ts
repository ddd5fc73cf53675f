/**
 * A log that cannot be written is no reason to stop: not at a full disk, not without its folder.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { namespace, needing } from "../kit/needs.ts";
import { run } from "./background.ts";
import { askSocket, balanceCommand, eventually, freePort, Instance, within } from "./kit.ts";
import { Backend, echo, readExactly, writeAll } from "./peers.ts";

const HELLO = new TextEncoder().encode("hello");

async function traffic(balance: Instance, connections: number): Promise<void> {
  for (let count = 0; count < connections; count++) {
    using client = await balance.connect();
    await writeAll(client, HELLO);
    await within("an echo", readExactly(client, HELLO.length));
  }
}

function logged(file: string): string[] {
  return ["--log-file", file, "--log-connections"];
}

Deno.test({
  ...needing(namespace("mount"), "a small disk that fills up and is freed again: the log goes on"),
  fn: async (): Promise<void> => {
    await using backend = new Backend(echo);
    const dir = await Deno.makeTempDir({ prefix: "balance-hard-" });
    const script = `mount -t tmpfs -o size=16k none "$0"; exec "$@"`;
    await using balance = await Instance.start([backend.port], {
      options: logged(`${dir}/log`),
      wrapper: ["unshare", "-m", "sh", "-e", "-c", script, dir],
    });
    await traffic(balance, 200);
    const inside = `/proc/${balance.pid}/root${dir}/log`;
    const full = (await Deno.stat(inside)).size;
    assert(full > 4096 && full <= 16384, `${full} bytes`);
    await Deno.truncate(inside, 0);
    await traffic(balance, 5);
    await balance.settle();
    await eventually("a new line", () => Deno.readTextFileSync(inside).includes("ended"));
    await balance[Symbol.asyncDispose]();
    await Deno.remove(dir, { recursive: true });
  },
});

Deno.test({
  ...needing(
    namespace("mount"),
    "the last line of a background instance reaches /dev/log, with its severity",
  ),
  fn: async (): Promise<void> => {
    await using backend = new Backend(echo);
    const dir = await Deno.makeTempDir({ prefix: "balance-hard-" });
    const daemon = Deno.listenDatagram({ transport: "unixpacket", path: `${dir}/log` });
    const received: string[] = [];
    const receiving = (async (): Promise<void> => {
      for await (const [bytes] of daemon) received.push(new TextDecoder().decode(bytes));
    })();
    const port = freePort();
    const own = ["-b", "127.0.0.1", "--run-dir", dir, "--log-connections"];
    const words = [...balanceCommand(), ...own, `${port}`, `127.0.0.1:${backend.port}`];
    const script = `mount -t tmpfs none /dev
      mknod /dev/null c 1 3; mknod /dev/zero c 1 5; mknod /dev/urandom c 1 9
      ln -s "$0/log" /dev/log
      exec "$@"`;
    const { code } = await new Deno.Command("unshare", {
      args: ["-m", "sh", "-e", "-c", script, dir, ...words],
      stdout: "null",
    }).output();
    assertEquals(code, 0);
    const client = await Deno.connect({ hostname: "127.0.0.1", port });
    await writeAll(client, HELLO);
    await within("an echo", readExactly(client, HELLO.length));
    await askSocket(`${dir}/balance.${port}.127.0.0.1`, "kill");
    client.close();
    await eventually("the line", () => received.length > 0);
    daemon.close();
    await receiving;
    assertEquals(received.length, 1);
    assertMatch(
      received[0] ?? "",
      /^<30>\w{3} [ \d]\d [\d:]{8} Balance\[\d+\]: connection ended client=/,
    );
    await Deno.remove(dir, { recursive: true });
  },
});

Deno.test("a log file whose folder goes away does not stop anything", async () => {
  await using backend = new Backend(echo);
  const dir = await Deno.makeTempDir({ prefix: "balance-hard-" });
  await using balance = await Instance.start([backend.port], { options: logged(`${dir}/log`) });
  await Deno.remove(dir, { recursive: true });
  await traffic(balance, 20);
  await balance.settle();
  assertEquals(balance.text.stderr, "");
});

Deno.test("a log file that cannot be opened is told at the start, exit 71", async () => {
  for (const file of ["/proc/nowhere/log", "/"]) {
    const { code, stderr } = await run(["-f", "--log-file", file, String(freePort())]);
    assertEquals(code, 71, stderr);
    assertStringIncludes(stderr, "cannot write log file");
  }
});
