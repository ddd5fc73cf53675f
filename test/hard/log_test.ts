/**
 * A log that cannot be written is no reason to stop: not at a full disk, not without its folder.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { namespace, needing } from "../kit/needs.ts";
import { eventually, within } from "../kit/wait.ts";
import { freePort } from "../kit/ports.ts";
import { commandLine } from "../kit/programs.ts";
import { askSocket } from "../kit/control.ts";
import type { Instance } from "../kit/instance.ts";
import { startInstance } from "../kit/start.ts";
import { Backend, echo } from "../kit/backends.ts";
import { checkEcho } from "../kit/clients.ts";
import { TempDir } from "../kit/temp_dir.ts";

async function traffic(balance: Instance, connections: number): Promise<void> {
  for (let count = 0; count < connections; count++) {
    using client = await balance.connect();
    await within(checkEcho(client), "an echo");
  }
}

function logged(file: string): string[] {
  return ["--log-file", file, "--log-connections"];
}

Deno.test({
  ...needing(namespace("mount"), "a small disk that fills up and is freed again: the log goes on"),
  fn: async (): Promise<void> => {
    await using backend = new Backend(echo);
    using dir = new TempDir();
    const script = `mount -t tmpfs -o size=16k none "$0"; exec "$@"`;
    await using balance = await startInstance([backend.port], {
      options: logged(`${dir.path}/log`),
      wrapper: ["unshare", "-m", "sh", "-e", "-c", script, dir.path],
    });
    await traffic(balance, 200);
    const inside = `/proc/${balance.pid}/root${dir.path}/log`;
    const full = (await Deno.stat(inside)).size;
    assert(full > 4096 && full <= 16384, `${full} bytes`);
    await Deno.truncate(inside, 0);
    await traffic(balance, 5);
    await balance.idle();
    await eventually(() => Deno.readTextFileSync(inside).includes("ended"), "a new line");
    await balance[Symbol.asyncDispose]();
  },
});

Deno.test({
  ...needing(
    namespace("mount"),
    "the last line of a background instance reaches /dev/log, with its severity",
  ),
  fn: async (): Promise<void> => {
    await using backend = new Backend(echo);
    using dir = new TempDir();
    const daemon = Deno.listenDatagram({ transport: "unixpacket", path: `${dir.path}/log` });
    const received: string[] = [];
    const receiving = (async (): Promise<void> => {
      for await (const [bytes] of daemon) received.push(new TextDecoder().decode(bytes));
    })();
    const port = freePort();
    const args = ["-b", "127.0.0.1", "--log-connections", port, backend.operand];
    const words = commandLine(args, { runDir: dir.path });
    const script = `mount -t tmpfs none /dev
      mknod /dev/null c 1 3; mknod /dev/zero c 1 5; mknod /dev/urandom c 1 9
      ln -s "$0/log" /dev/log
      exec "$@"`;
    const { code } = await new Deno.Command("unshare", {
      args: ["-m", "sh", "-e", "-c", script, dir.path, ...words],
      stdout: "null",
    }).output();
    assertEquals(code, 0);
    const client = await Deno.connect({ hostname: "127.0.0.1", port });
    await within(checkEcho(client), "an echo");
    await askSocket(`${dir.path}/balance.${port}.127.0.0.1`, "kill");
    client.close();
    await eventually(() => received.length > 0, "the line");
    daemon.close();
    await receiving;
    assertEquals(received.length, 1);
    assertMatch(
      received[0] ?? "",
      /^<30>\w{3} [ \d]\d [\d:]{8} Balance\[\d+\]: connection ended client=/,
    );
  },
});

Deno.test("a log file whose folder goes away does not stop anything", async () => {
  await using backend = new Backend(echo);
  using dir = new TempDir();
  await using balance = await startInstance([backend.port], { options: logged(`${dir.path}/log`) });
  await Deno.remove(dir.path, { recursive: true });
  await traffic(balance, 20);
  await balance.idle();
  assertEquals(balance.stderr.text, "");
});
