/** Starts that fail late, and starts at once: one instance serves, and nothing of the others is left. */
import { assertEquals, assertMatch } from "../kit/assert.ts";
import { startBackend } from "../kit/backends.ts";
import { get } from "../kit/clients.ts";
import { freePort } from "../kit/ports.ts";
import { needing, tracing } from "../kit/needs.ts";
import { eventually, Output, within } from "../kit/wait.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { type Command, defaultCommand, execute, NATIVE, run, spawn } from "../kit/programs.ts";
import { whoAnswers } from "../kit/control.ts";
import { startInstance } from "../kit/start.ts";

/**
 * A call that fails once the port has been tried: in each thread every `setsockopt` but the first; or, with the engine that
 * has one socket for all threads and tries nothing, every `listen`.
 */
const [CALL, FROM, ERROR, LINE] = NATIVE
  ? ["listen", 1, "EADDRINUSE", "bind(): Address already in use"]
  : ["setsockopt", 2, "ENOPROTOOPT", "balance: no worker: bind(): Protocol not available"];

/** The program, its workers unable to listen. */
const NO_LISTENING: Command = {
  name: "workers that cannot listen",
  words: [
    ...["strace", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${CALL}`],
    ...["-e", `inject=${CALL}:error=${ERROR}:when=${FROM}+`],
    ...defaultCommand().words,
  ],
};

const UNABLE = "workers that cannot listen end the start with one line, and leave nothing";

Deno.test(needing(tracing(), UNABLE), async () => {
  using dir = new TempDir();
  for (const foreground of [["-f"], []]) {
    const args = [...foreground, "--workers=2", freePort(), "127.0.0.1:1"];
    const result = await run(args, { runDir: dir.path, command: NO_LISTENING });
    assertEquals(result, {
      code: 71,
      signal: null,
      stdout: "",
      stderr: `${LINE}\n`,
    });
    assertEquals(dir.names, []);
  }
});

Deno.test(
  needing(tracing(), "the port is bound once: a client that comes early waits, and is not cut off"),
  async () => {
    using dir = new TempDir();
    const calls = `${dir.path}/calls`;
    // The tracer is a process of its own, so that the instance is the one that is ended.
    const strace = ["strace", "-D", "-f", "-qq", "-o", calls, "-e", "trace=bind"];
    const command = { name: "traced", words: [...strace, ...defaultCommand().words] };
    await using backend = startBackend("A");
    await using balance = await startInstance([backend.operand], { command });
    assertEquals(await get(balance.port), "A");
    const port = `sin_port=htons(${balance.port})`;
    const lines = (await Deno.readTextFile(calls)).split("\n");
    const bound = lines.filter((line) => line.includes(port));
    assertEquals(bound.length, 1, bound.join("\n"));
  },
);

/** What lies where the control socket goes: nothing, or what a dead instance has left. */
async function leaveDead(path: string): Promise<void> {
  const script = 'IO::Socket::UNIX->new(Local => shift, Listen => 1) or die "$!"';
  assertEquals((await execute(["perl", "-MIO::Socket::UNIX", "-e", script, path])).code, 0);
}

/** Starts two instances at once and checks that exactly one serves. */
async function race(workers: number, dead: boolean): Promise<void> {
  await using backend = startBackend("A");
  using dir = new TempDir();
  const port = freePort();
  const path = `${dir.path}/balance.${port}.0.0.0.0`;
  if (dead) await leaveDead(path);
  const args = ["-f", `--workers=${workers}`, port, backend.operand];
  const racers = [1, 2].map(() => spawn(args, { runDir: dir.path }));
  const said = racers.map(({ stdout, stderr }) =>
    [new Output(stdout), new Output(stderr)] as const
  );
  try {
    for (const { stdin } of racers) await stdin.close();
    const first = await within(
      Promise.race(racers.map(async (racer, at) => ({ at, code: (await racer.status).code }))),
      "the loser's end",
    );
    const errors = said[first.at]?.[1];
    await errors?.ended;
    assertEquals(first.code, 71, errors?.text);
    assertMatch(errors?.text ?? "", /^[^\n]+\n$/);
    const winner = racers[1 - first.at];
    await eventually(async () => await whoAnswers(path) === winner?.pid, "the winner answers");
    assertEquals(await get(port), "A");
    assertEquals(said[1 - first.at]?.[1].text, "");
  } finally {
    for (const racer of racers) {
      try {
        racer.kill("SIGKILL");
      } catch {
        // It has lost.
      }
      await racer.status;
    }
    for (const each of said.flat()) await each.ended;
  }
}

for (const workers of [1, 2]) {
  Deno.test(`of two starts at once exactly one serves and answers, with --workers ${workers}`, async () => {
    for (let round = 0; round < 10; round++) await race(workers, round % 2 === 1);
  });
}
