/** The control socket's name: lost, taken by something else, and made again. */
import { assert, assertEquals } from "../kit/assert.ts";
import { commandLine, Control, Instance, startBalance, TempDir } from "./harness.ts";
import { freePort } from "./ports.ts";
import { eventually, within } from "./wait.ts";

async function answers(balance: Instance): Promise<boolean> {
  try {
    using control = await Control.open(balance.socket);
    return control.pid === balance.pid;
  } catch {
    return false;
  }
}

/** Mode and pid mark of a control socket. */
function look(path: string): { mode: string; mark: number } {
  const { mode, mtime } = Deno.lstatSync(path);
  return { mode: ((mode ?? 0) & 0o777).toString(8), mark: (mtime?.getTime() ?? 0) / 1000 };
}

Deno.test("a control socket whose folder is removed is made again, the folder included, for the owner alone", async () => {
  using parent = new TempDir();
  const runDir = `${parent.path}/run`;
  const port = freePort();
  // With a mask that keeps nothing from anybody.
  const [program = "", ...words] = commandLine(["-f", port], { runDir });
  const child = new Deno.Command("sh", {
    args: ["-c", 'umask 0; exec "$0" "$@"', program, ...words],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  const path = `${runDir}/balance.${port}.0.0.0.0`;
  const there = (): boolean => [...Deno.readDirSync(parent.path)].length > 0;
  const listens = async (): Promise<boolean> => {
    if (!there()) return false;
    return await Control.open(path).then((control) => {
      control[Symbol.dispose]();
      return true;
    }, () => false);
  };
  try {
    await eventually(listens, "the start");
    await Deno.remove(runDir, { recursive: true });
    await eventually(listens, "the socket is made again");
    assertEquals(look(path), { mode: "600", mark: child.pid });
    assertEquals(((await Deno.lstat(runDir)).mode ?? 0) & 0o7777, 0o700);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
  assertEquals(await said, "control socket has gone\ncontrol socket made again\n");
});

Deno.test("a file in place of the control socket makes way for it", async () => {
  await using balance = await startBalance(["-f", freePort()]);
  await Deno.remove(balance.socket);
  await Deno.writeTextFile(balance.socket, "");
  await eventually(() => answers(balance), "the socket is made again");
  assertEquals(look(balance.socket), { mode: "600", mark: balance.pid });
  assertEquals(
    balance.stderr?.text,
    "control socket was replaced\ncontrol socket made again\n",
  );
});

Deno.test("a living socket in place of the control socket stays as long as it lives, and is told once", async () => {
  await using balance = await startBalance(["-f", freePort()]);
  await Deno.remove(balance.socket);
  const stranger = Deno.listen({ transport: "unix", path: balance.socket });
  let visits = 0;
  const accepting = (async () => {
    for await (const visitor of stranger) {
      visitor.close();
      visits++;
    }
  })();
  // Each look asks it whether it lives.
  await eventually(() => visits >= 2, "two looks");
  assertEquals(balance.stderr?.text, "control socket was replaced\n");
  stranger.close();
  await within(accepting, "the stranger's end");
  await eventually(() => answers(balance), "the socket is made again");
  assertEquals(
    balance.stderr?.text,
    "control socket was replaced\ncontrol socket made again\n",
  );
});

Deno.test("the end of an instance whose name somebody else has leaves that alone", async () => {
  await using balance = await startBalance(["-f", freePort()]);
  using control = await Control.open(balance.socket);
  await Deno.remove(balance.socket);
  using _stranger = Deno.listen({ transport: "unix", path: balance.socket });
  assertEquals(await control.ask("kill"), "shutdown complete, exiting.");
  await balance.gone();
  assert((await Deno.lstat(balance.socket)).isSocket);
});

Deno.test("what an instance makes later has the mode of the caller's mask, but others may never write to it", async () => {
  for (const [given, kept] of [["0", "0022"], ["027", "0027"], ["077", "0077"]] as const) {
    using dir = new TempDir();
    const port = freePort();
    const [program = "", ...words] = commandLine([port], { runDir: dir.path });
    const script = `umask ${given}; exec "$0" "$@"`;
    await new Deno.Command("sh", { args: ["-c", script, program, ...words] }).output();
    await using balance = await Instance.at(port, dir.path);
    const status = await Deno.readTextFile(`/proc/${balance.pid}/status`);
    assertEquals([given, /^Umask:\s*(\d+)$/m.exec(status)?.[1]], [given, kept]);
  }
});
