/** The interactive shell on a terminal. */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { program } from "../kit/needs.ts";
import { startBalance } from "../kit/start.ts";
import { freePort } from "../kit/ports.ts";
import { plain, Terminal } from "../kit/terminal.ts";
import { commandLine, commands, running } from "../kit/programs.ts";

/** The program that gives a terminal. */
const SCRIPT = program("script");
const ARROW_UP = "\x1b[A";
const CTRL_C = "\x03";
const CTRL_D = "\x04";

for (const command of commands()) {
  const test = (name: string, body: (terminal: Terminal) => Promise<void>): void =>
    Deno.test(running(command, name, [SCRIPT]), async () => {
      const port = freePort();
      await using balance = await startBalance(["-f", port, "127.0.0.1:1"], { command });
      const { runDir } = balance;
      await using terminal = new Terminal(commandLine(["-i", port], { command, runDir }));
      await terminal.screen.until(`PID of master process is ${balance.pid}`);
      await terminal.screen.until("balance[0] ");
      await body(terminal);
    });

  test("arrow-up brings the last command back, to be edited", async (terminal) => {
    await terminal.type("disable 0\r");
    await terminal.screen.until("channel 0 disabled");
    await terminal.screen.until("balance[0] ", terminal.screen.text.indexOf("disabled"));
    const before = terminal.screen.text.length;
    await terminal.type(ARROW_UP);
    await terminal.screen.until("disable 0", before);
    await terminal.type("\r");
    await terminal.screen.until("channel 0 already disabled");
  });

  test("Ctrl-D ends the session with a newline and exit code 0", async (terminal) => {
    await terminal.type(CTRL_D);
    assertEquals(await terminal.end(), 0);
    await terminal.screen.ended;
    assert(plain(terminal.screen.text).endsWith("balance[0] \n"), terminal.screen.text);
  });

  test("the prompt shows the group, and quit ends with exit code 0", async (terminal) => {
    await terminal.type("group 3\r");
    await terminal.screen.until("balance[3] ");
    await terminal.type("quit\r");
    assertEquals(await terminal.end(), 0);
    await terminal.screen.ended;
    assertStringIncludes(plain(terminal.screen.text), "balance[3] quit\n");
  });

  test("Ctrl-C ends the session, not the instance", async (terminal) => {
    await terminal.type("version\r");
    await terminal.screen.until("MAXCHANNELS=64");
    await terminal.type(CTRL_C);
    await terminal.end();
  });

  test("kill ends the session with exit code 0", async (terminal) => {
    await terminal.type("kill\r");
    await terminal.screen.until("shutdown complete, exiting.");
    assertEquals(await terminal.end(), 0);
  });
}
