/** The control server on its own, with short times. */
import { ControlServer } from "../../lib/control/server.ts";
import { ControlSocket } from "../../lib/control/control_socket.ts";
import { assertEquals, assertMatch } from "../kit/assert.ts";
import { makeTable, SERVICES } from "../kit/make_table.ts";
import { within } from "../kit/wait.ts";
import { EMPTY_VIEW, NO_SUPPLIES } from "../kit/supplies.ts";
import { askSocket } from "../kit/control.ts";

/** A server whose name servers never answer, in a folder of its own. */
class Served implements AsyncDisposable {
  readonly dir = Deno.makeTempDirSync({ prefix: "balance-control-" });
  readonly path = `${this.dir}/socket`;
  readonly listener = Deno.listen({ transport: "unix", path: this.path });
  readonly server: ControlServer;
  readonly #running: Promise<void>;

  constructor() {
    const socket = new ControlSocket(this.listener, this.path);
    const instance = {
      table: makeTable("127.0.0.1:1"),
      services: SERVICES,
      workers: () => [],
      configure: () => "",
      follow: () => Promise.resolve("invalid address"),
      resolve: () => new Promise<null>(() => {}),
      healthViews: () => [],
      rules: () => ({
        hashFailover: false,
        loadBound: undefined,
        lastResort: false,
        lists: { allow: undefined, deny: undefined },
      }),
      view: EMPTY_VIEW,
      started: () => NO_SUPPLIES.start,
      cut: () => Promise.resolve(0),
      changed: () => {},
      assigned: () => {},
      kill: () => Promise.resolve(),
      successor: () => ({ obey: () => Promise.resolve("not here"), gone: () => {} }),
    };
    this.server = new ControlServer(socket, instance, { answerMs: 100, lookupMs: 100 });
    this.#running = this.server.run();
  }

  /** Names of what is in the folder. */
  get names(): string[] {
    return [...Deno.readDirSync(this.dir)].map(({ name }) => name);
  }

  /** Resolves when the last session has ended. */
  async end(): Promise<void> {
    await this.server.close();
    await within(this.#running, "the end of all sessions", 5000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    Deno.removeSync(this.dir, { recursive: true });
  }
}

Deno.test("a client that does not take its answers is dropped after the time for it", async () => {
  await using served = new Served();
  using client = await Deno.connect({ transport: "unix", path: served.path });
  const flood = client.write(new TextEncoder().encode("help\n".repeat(100_000))).catch(() => {});
  // It has asked for more than the socket holds, and reads none of it.
  await served.end();
  client.close();
  await flood;
});

Deno.test("a host that is not looked up in time counts as unknown", async () => {
  await using served = new Served();
  const answer = within(askSocket(served.path, "create slow.example 80"), "the answer", 5000);
  assertEquals(await answer, "invalid address");
  assertEquals(
    (await askSocket(served.path, "show")).trim().split("\n").length,
    2,
    "nothing was created",
  );
});

Deno.test("a server that goes on at another socket gives up that one's name in the end", async () => {
  await using served = new Served();
  await Deno.remove(served.path);
  const next = Deno.listen({ transport: "unix", path: served.path });
  served.server.replace(new ControlSocket(next, served.path));
  assertEquals(await askSocket(served.path, "disable 0"), "channel 0 disabled");
  await served.end();
  assertEquals(served.names, []);
  // The first one stays open until its process ends: closing it removes whatever has its name.
  served.listener.close();
});

/** Clients that come, and the name that goes, while nobody has the time to accept. */
function comeAndLoseName({ path, dir }: Served): Promise<Deno.UnixConn>[] {
  const opening = Array.from({ length: 8 }, () => Deno.connect({ transport: "unix", path }));
  Deno.renameSync(path, `${dir}/old`);
  return opening;
}

Deno.test("clients that came before somebody else took the name are all answered", async () => {
  await using served = new Served();
  const opening = comeAndLoseName(served);
  using _stranger = Deno.listen({ transport: "unix", path: served.path });
  const ended = served.end();
  const clients = await Promise.all(opening);
  const answers = clients.map(async (client) => {
    await client.write(new TextEncoder().encode("version\nquit\n"));
    return await new Response(client.readable).text();
  });
  for (const answer of await Promise.all(answers)) assertMatch(answer, /This is balance/);
  await ended;
  served.listener.close();
});

Deno.test("a server whose name somebody else has ends without touching it", async () => {
  await using served = new Served();
  await Deno.remove(served.path);
  using _stranger = Deno.listen({ transport: "unix", path: served.path });
  await served.end();
  assertEquals(served.names, ["socket"]);
  served.listener.close();
});
