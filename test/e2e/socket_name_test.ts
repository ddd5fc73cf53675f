/** The control socket's name: lost, taken by something else, and made again. */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { startBalance } from "../kit/start.ts";
import { freePort } from "../kit/ports.ts";
import { eventually, within } from "../kit/wait.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { Control, whoAnswers } from "../kit/control.ts";
import { Instance } from "../kit/instance.ts";
import { get } from "../kit/clients.ts";
import { startBackend } from "../kit/backends.ts";

async function answers(balance: Instance): Promise<boolean> {
  return await whoAnswers(balance.socket) === balance.pid;
}

/** Mode and pid mark of a control socket. */
function look(path: string): { mode: string; mark: number } {
  const { mode, mtime } = Deno.lstatSync(path);
  return { mode: ((mode ?? 0) & 0o777).toString(8), mark: (mtime?.getTime() ?? 0) / 1000 };
}

Deno.test("a control socket whose folder is removed is made again soon, the folder included, for the owner alone, and clients are served meanwhile", async () => {
  using parent = new TempDir();
  const runDir = `${parent.path}/run`;
  await using backend = startBackend("A");
  // With a mask that keeps nothing from anybody.
  const wrapper = ["sh", "-c", 'umask 0; exec "$0" "$@"'];
  await using balance = await startBalance(["-f", freePort(), backend.operand], {
    runDir,
    wrapper,
  });
  await Deno.remove(runDir, { recursive: true });
  assertEquals(await get(balance.port), "A");
  await eventually(() => answers(balance), "the socket is made again", 5000);
  assertStringIncludes(await balance.ask("version"), "3.54");
  assertEquals(look(balance.socket), { mode: "600", mark: balance.pid });
  assertEquals(((await Deno.lstat(runDir)).mode ?? 0) & 0o7777, 0o700);
  await balance.stderr.until("made again\n");
  assertEquals(balance.stderr.text, "control socket has gone\ncontrol socket made again\n");
});

Deno.test("a file in place of the control socket makes way for it", async () => {
  await using balance = await startBalance(["-f", freePort()]);
  await Deno.remove(balance.socket);
  await Deno.writeTextFile(balance.socket, "");
  await eventually(() => answers(balance), "the socket is made again");
  assertEquals(look(balance.socket), { mode: "600", mark: balance.pid });
  await balance.stderr.until("made again\n");
  assertEquals(
    balance.stderr.text,
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
  assertEquals(balance.stderr.text, "control socket was replaced\n");
  stranger.close();
  await within(accepting, "the stranger's end");
  await eventually(() => answers(balance), "the socket is made again");
  await balance.stderr.until("made again\n");
  assertEquals(
    balance.stderr.text,
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
    const wrapper = ["sh", "-c", `umask ${given}; exec "$0" "$@"`];
    await using balance = await startBalance([port], { runDir: dir.path, wrapper });
    const status = await Deno.readTextFile(`/proc/${balance.pid}/status`);
    assertEquals([given, /^Umask:\s*(\d+)$/m.exec(status)?.[1]], [given, kept]);
  }
});
