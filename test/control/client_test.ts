/** What a control client does when an instance answers slowly, oddly or not at all. */
import { EXIT, ExitError } from "../../lib/core/errors.ts";
import { ControlClient } from "../../lib/control/client.ts";
import { socketPath } from "../../lib/control/run_dir.ts";
import { assertEquals } from "../kit/assert.ts";
import { sleep, within } from "../kit/wait.ts";

const GREETING = "balance-control 1 4711 3.54\n";
/** Patience of the clients here, in ms. */
const SILENCE_MS = 150;

/** An instance that plays one client a part, then waits until it leaves. */
class FakeInstance implements AsyncDisposable {
  readonly #dir = Deno.makeTempDirSync({ prefix: "balance-control-" });
  readonly #listener = Deno.listen({
    transport: "unix",
    path: socketPath(this.#dir, 1, undefined),
  });
  readonly #playing: Promise<void>;

  constructor(play: (client: Deno.UnixConn) => Promise<void>) {
    this.#playing = this.#run(play);
  }

  async ask(command: string): Promise<string> {
    const instance = { port: 1, bind: undefined, runDir: this.#dir, uid: Deno.uid() ?? 0 };
    using client = await within(ControlClient.open(instance, SILENCE_MS), "a greeting", 5000);
    return (await within(client.ask(command), "an answer", 5000)).text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#playing;
    Deno.removeSync(this.#dir, { recursive: true });
  }

  async #run(play: (client: Deno.UnixConn) => Promise<void>): Promise<void> {
    using listener = this.#listener;
    using client = await listener.accept();
    try {
      await play(client);
      while (await client.read(new Uint8Array(65536)) !== null);
    } catch {
      // The client has left.
    }
  }
}

async function say(client: Deno.UnixConn, text: string): Promise<void> {
  await client.write(new TextEncoder().encode(text));
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ExitError) return [error.code, error.stream, error.message];
    throw error;
  }
}

const NO_ANSWER = [EXIT.unavailable, "stdout", "master process does not answer, exiting."];

const SILENT: readonly [when: string, play: (client: Deno.UnixConn) => Promise<void>][] = [
  ["before its greeting", () => Promise.resolve()],
  ["in its greeting", (client) => say(client, "balance-con")],
  ["after its greeting", (client) => say(client, GREETING)],
  ["in the middle of an answer", (client) => say(client, `${GREETING}first line\nsecond`)],
];

for (const [when, play] of SILENT) {
  Deno.test(`an instance that falls silent ${when} is given up`, async () => {
    await using instance = new FakeInstance(play);
    assertEquals(await failure(instance.ask("show")), NO_ANSWER);
  });
}

Deno.test("an instance that does not read is given up", async () => {
  await using instance = new FakeInstance(async (client) => {
    await say(client, GREETING);
    // It reads on when the client has had time to lose its patience.
    await sleep(4 * SILENCE_MS);
  });
  assertEquals(await failure(instance.ask("x".repeat(4_000_000))), NO_ANSWER);
});

Deno.test("an instance that answers slowly, but byte after byte, is heard to the end", async () => {
  await using instance = new FakeInstance(async (client) => {
    await say(client, GREETING);
    for (const byte of "slow\n. 0\n") {
      await sleep(SILENCE_MS / 3);
      await say(client, byte);
    }
  });
  assertEquals(await instance.ask("show"), "slow\n");
});

Deno.test("words that a later version puts behind the end of an answer are passed over", async () => {
  await using instance = new FakeInstance((client) =>
    say(client, `${GREETING}drained\n. 0 bye status=75\n`)
  );
  assertEquals(await instance.ask("drain 0"), "drained\n");
});
