/** `--top` in front of a running instance: what a stranger does at three in the morning. */
import { Backend, echo } from "../kit/backends.ts";
import { checkEcho, dial } from "../kit/clients.ts";
import { program } from "../kit/needs.ts";
import { deadPort, freePort, ownAddress } from "../kit/ports.ts";
import { commandLine, commands, quoted, running } from "../kit/programs.ts";
import { startBalance } from "../kit/start.ts";
import type { Instance } from "../kit/instance.ts";
import { Tmux } from "../kit/tmux.ts";
import { assertEquals } from "../kit/assert.ts";

const TMUX = program("tmux");
const QUICK = ["--check", "tcp", "--check-interval", "0.1", "--check-timeout", "0.5"];

for (const command of commands()) {
  /** A test with an instance, in a terminal in which it is seen. */
  const test = (
    name: string,
    options: readonly string[],
    operands: () => readonly string[],
    body: (terminal: Tmux, balance: Instance) => Promise<void>,
  ): void =>
    Deno.test(running(command, `--top: ${name}`, [TMUX]), async () => {
      const words = ["-f", "-b", "127.0.0.1", ...options, freePort(), ...operands()];
      await using balance = await startBalance(words, { command });
      const { runDir, port } = balance;
      const top = commandLine(["-b", "127.0.0.1", "--top", port], { command, runDir });
      await using terminal = await Tmux.start(
        `${quoted(top)}; echo "ended with $?"; exec cat`,
        { columns: 120, rows: 24 },
      );
      await terminal.until(`balance ${port}`);
      await body(terminal, balance);
    });

  Deno.test(
    running(command, "--top: which of three servers is ill, and another is taken out", [TMUX]),
    async () => {
      await using good = new Backend(echo, { hostname: ownAddress() });
      await using other = new Backend(echo, { hostname: ownAddress() });
      const ill = `${ownAddress()}:${deadPort()},name=web2`;
      const operands = [`${good.operand},name=web1`, ill, `${other.operand},name=web3`];
      await using balance = await startBalance(["-f", ...QUICK, freePort(), ...operands], {
        command,
      });
      const { runDir, port } = balance;
      using first = await dial(port);
      using second = await dial(port);
      await checkEcho(first);
      await checkEcho(second);
      const top = quoted(commandLine(["--top", port], { command, runDir }));
      await using terminal = await Tmux.start(`${top}; exec cat`, { columns: 120, rows: 24 });
      await terminal.until(/2 of 3 up - web2 down \d+s \(refused\)/);
      await terminal.until(/> 0 {2}0 {2}up {8}web1 .* 1 /);

      await terminal.press("r");
      await terminal.until("channel 0.0 still has 1 connection");
      await terminal.until("1 of 2 up");
      await terminal.until(/> 0 {2}0 {2}draining {2}web1 /);
      await terminal.until("channel 0.0 web1 set to drain by an operator");
      await checkEcho(first);
      await checkEcho(second);
      for (const each of [first, second]) await each.closeWrite();
      await terminal.until("0.0 web1 is drained");
      await terminal.press("e");
      await terminal.until("2 of 3 up");
      assertEquals(await balance.column("status"), ["ENA", "down", "ENA"]);

      await terminal.press("w");
      await terminal.until(/client closed +2 /);
      await terminal.press("h", "Down");
      await terminal.until(/> {4}1 {2}DOWN {6}web2 .*tcp +refused/);
    },
  );

  test(
    "the connections of a server are listed and cut",
    [],
    () => ["127.0.0.1:1,name=dead"],
    async (terminal, balance) => {
      await using server = new Backend(echo);
      await balance.ask(`create 127.0.0.1 ${server.port}`);
      await balance.ask("enable 1");
      using client = await balance.connect();
      await checkEcho(client);
      const { port } = client.localAddr;
      await terminal.until(/ {4}1 {2}up .* 1 /);
      await terminal.press("Down", "c");
      await terminal.until(
        new RegExp(`127\\.0\\.0\\.1:${port} +127\\.0\\.0\\.1:${server.port} .*relaying`),
      );
      await terminal.press("x", "y");
      await terminal.until("1 connection ended");
      await terminal.until("no connections");
      assertEquals(await client.read(new Uint8Array(1)).catch(() => null), null);
    },
  );

  const many = Array.from({ length: 62 }, (_, at) => `127.0.0.1:${at + 1},name=web${at}`);
  test(
    "62 channels, and the instance ends meanwhile",
    [],
    () => many,
    async (terminal, balance) => {
      await terminal.press("End");
      await terminal.until(/> {3}61 {2}up {8}web61 /);
      balance.signal("SIGTERM");
      await balance.gone();
      const ended = `balance: the instance at ${balance.port} (pid ${balance.pid}) has ended`;
      await terminal.until(ended);
      await terminal.until("ended with 69");
      assertEquals(await terminal.ask("alternate_on"), "0");
    },
  );
}
