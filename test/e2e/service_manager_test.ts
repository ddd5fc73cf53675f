/** What a service manager is told, on a real datagram socket, and what the journal gets. */
import { assertEquals, assertMatch } from "../kit/assert.ts";
import { Backend, echo, startBackend } from "../kit/backends.ts";
import { checkEcho } from "../kit/clients.ts";
import { freePort } from "../kit/ports.ts";
import { commands, run, running } from "../kit/programs.ts";
import { Manager } from "../kit/service_manager.ts";
import { startBalance } from "../kit/start.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually, within } from "../kit/wait.ts";

for (const command of commands()) {
  const test = (name: string, body: (manager: Manager, folder: string) => Promise<void>): void =>
    Deno.test(running(command, name), async () => {
      using folder = new TempDir();
      await using manager = new Manager(folder.path);
      await body(manager, folder.path);
    });

  for (const workers of [1, 2]) {
    test(`a service manager is told when an instance with --workers ${workers} serves, and when it drains`, async (manager) => {
      await using backend = new Backend(echo);
      const args = ["-f", `--workers=${workers}`, freePort(), backend.operand, "127.0.0.1:1"];
      // The status is looked at with each sign of life, and so more often than every 5 seconds.
      const env = { ...manager.env, WATCHDOG_USEC: "100000" };
      await using balance = await startBalance(args, { command, env });
      await balance.ask("disable 1");
      using client = await balance.connect();
      await checkEcho(client);
      assertMatch(await manager.until(/^READY=1$/m), /^STATUS=2 of 2 channels up, 0 connections$/m);
      await manager.until(/^STATUS=1 of 2 channels up, 1 connection$/m);
      balance.signal("SIGQUIT");
      assertMatch(
        await manager.until(/^STOPPING=1$/m),
        /^STATUS=draining, 1 connection left$/m,
      );
      client.close();
      assertEquals((await within(balance.status, "the end")).code, 0);
      assertEquals(manager.messages.filter((each) => /READY|STOPPING/.test(each)).length, 2);
    });
  }

  test("the kill command tells the service manager too", async (manager) => {
    const args = ["-f", freePort(), "127.0.0.1:1"];
    await using balance = await startBalance(args, { command, env: manager.env });
    await balance.ask("kill");
    await manager.until(/^STOPPING=1$/m);
    await balance.gone();
  });

  test("with a watchdog an instance gives signs of life", async (manager) => {
    const env = { ...manager.env, WATCHDOG_USEC: "200000" };
    await using _balance = await startBalance(["-f", freePort(), "127.0.0.1:1"], { command, env });
    const signs = (): number => manager.messages.filter((each) => each === "WATCHDOG=1").length;
    await eventually(() => signs() >= 3, "three signs of life");
  });

  test("SIGHUP is a reload for the service manager", async (manager, folder) => {
    const args = ["-f", `--log-file=${folder}/log`, freePort(), "127.0.0.1:1"];
    await using balance = await startBalance(args, { command, env: manager.env });
    await manager.until(/^READY=1/m);
    balance.signal("SIGHUP");
    await eventually(() => manager.messages.length === 3, "three messages");
    assertEquals(manager.messages.slice(1), ["RELOADING=1", "READY=1"]);
  });

  test("a start that fails is never ready", async (manager, folder) => {
    await using backend = startBackend("A");
    const { code } = await run(["-f", "-b", "127.0.0.1", backend.port, "127.0.0.1:1"], {
      command,
      env: manager.env,
      runDir: folder,
    });
    assertEquals([code, manager.messages], [71, []]);
  });

  test("an instance in the background tells a service manager nothing", async (manager) => {
    const env = { ...manager.env, WATCHDOG_USEC: "1000" };
    await using balance = await startBalance([freePort(), "127.0.0.1:1"], { command, env });
    await balance.ask("kill");
    await balance.gone();
    assertEquals(manager.messages, []);
  });

  Deno.test(running(command, "a service manager that is not there is told of once"), async () => {
    using folder = new TempDir();
    for (const path of [`${folder.path}/none`, "@abstract"]) {
      const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "20000" };
      const args = ["-f", freePort(), "127.0.0.1:1"];
      await using balance = await startBalance(args, { command, env });
      await balance.stderr.until(/service manager cannot be told reason=.*\n/);
      await balance.ask("kill");
      await balance.gone();
      await balance.stderr.ended;
      assertEquals(balance.stderr.text.split("\n").length, 2);
    }
  });

  Deno.test(running(command, "lines for the journal begin with their severity"), async () => {
    using folder = new TempDir();
    const words = (stream: string): string[] => [
      "sh",
      "-c",
      `exec 2>${folder.path}/journal; exec env JOURNAL_STREAM="${stream}" "$@"`,
      "sh",
    ];
    const log = `${folder.path}/journal`;
    const logged = async (stream: string): Promise<string> => {
      const args = ["-f", freePort(), "127.0.0.1:1"];
      const wrapper = words(stream);
      const env = { NOTIFY_SOCKET: "@abstract" };
      await using balance = await startBalance(args, { command, wrapper, env });
      await balance.ask("kill");
      await balance.gone();
      return await Deno.readTextFile(log);
    };
    const line = /^service manager cannot be told reason=/;
    assertMatch(await logged("$(stat -Lc %d:%i /proc/self/fd/2)"), /^<4>service manager/);
    assertMatch(await logged("1:1"), line);
  });
}
