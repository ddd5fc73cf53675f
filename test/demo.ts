/**
 * `deno task demo`: the real program on three small backends, step by step, each step checked.
 *
 * Everything is on the loopback interface and in one temporary folder, and is gone afterwards, after Ctrl-C too. With
 * `--watch` it goes on afterwards: see demo/watch.ts.
 *
 * @module
 */
import { writeText } from "../lib/system/lines.ts";
import { close } from "../lib/system/close.ts";
import { Balance, HOST } from "./demo/program.ts";
import { WatchedTraffic } from "./demo/watch.ts";
import { heading, paint, proves, say } from "./demo/talk.ts";
import { answerLines, Backend } from "./kit/backends.ts";
import { dial } from "./kit/clients.ts";
import { mayListen } from "./kit/needs.ts";
import { receiveLine, send } from "./kit/streams.ts";

/** Longest time for all of it, in ms: the first run may have to download packages. */
const PATIENCE_MS = 120_000;

/** Sends a line; the name of the backend that answers. */
async function ask(client: Deno.TcpConn): Promise<string> {
  await send(client, "hello\n");
  return (await receiveLine(client)).trimEnd() || "nobody";
}

/** Sends clients one after the other and draws who served them. */
async function serveClients(port: number, count: number): Promise<Record<string, number>> {
  const served: Record<string, number> = {};
  for (let each = 0; each < count; each++) {
    using client = await dial(port);
    const name = await ask(client);
    served[name] = (served[name] ?? 0) + 1;
  }
  for (const [name, clients] of Object.entries(served).toSorted()) {
    await say(`    ${name} ${paint(34, "#".repeat(clients * 2))} ${clients}`);
  }
  return served;
}

/** A backend that answers each line with its name. */
function named(name: string, port = 0): Backend {
  return new Backend(answerLines, { name, port });
}

/** Whether each backend served as many clients as expected. */
function equal(served: Record<string, number>, expected: Record<string, number>): boolean {
  return JSON.stringify(Object.entries(served).toSorted()) ===
    JSON.stringify(Object.entries(expected).toSorted());
}

/** The columns `c` and `totalc` of every row of `show`. */
function counts(table: string): { readonly c: number; readonly totalc: number }[] {
  return table.trimEnd().split("\n").slice(1).map((row) => {
    const cells = row.trim().split(/\s+/);
    return { c: Number(cells[6]), totalc: Number(cells[7]) };
  });
}

/** Everything that a demo holds and gives back. */
interface Stage {
  readonly balance: Balance;
  readonly backends: [Backend, Backend, Backend];
  /** The three who stay. */
  readonly clients: Deno.TcpConn[];
  /** What there is to watch after the tour, if that is wanted. */
  readonly watched: WatchedTraffic | undefined;
  /** Set when the end has come from outside. */
  over: boolean;
  /** Whether the tour is over, and everything is there to be watched. */
  watching: boolean;
}

async function play(stage: Stage): Promise<void> {
  const { balance, backends: [a, b, c], clients } = stage;
  await heading("1. An instance in the background, on three backends");
  const port = await balance.start([a, b, c].map((backend) => `${HOST}:${backend.port}`));
  await proves("the command returns when the port is open", !mayListen(HOST, port), "a free port");
  const version = await balance.control("version");
  await proves("and control answers", version.includes("balance 3.54"), version);

  await heading("2. Nine clients");
  const nine = await serveClients(port, 9);
  await proves("round robin: three for each", equal(nine, { A: 3, B: 3, C: 3 }), show(nine));

  await heading("3. Three more clients, who stay");
  for (let each = 0; each < 3; each++) {
    const client = await dial(port);
    clients.push(client);
    await ask(client);
  }
  const live = await balance.control("show");
  const now = counts(live);
  await proves(
    "the table is live: each channel has one connection now (c), four ever (totalc)",
    now.length === 3 && now.every((row) => row.c === 1 && row.totalc === 4),
    live,
  );
  await playFailover(stage, port);
  await playDisable(stage, port);
  await playKill(stage, port);
}

async function playFailover(stage: Stage, port: number): Promise<void> {
  const { balance, backends, clients } = stage;
  const b = backends[1];
  await heading("4. Backend B stops; six clients");
  await b[Symbol.asyncDispose]();
  if (clients[1] !== undefined) close(clients[1]);
  const six = await serveClients(port, 6);
  await proves(
    "failover: every client is served, none by B",
    equal(six, { A: 3, C: 3 }),
    show(six),
  );
  const table = await balance.control("show");
  const tries = counts(table)[1]?.totalc ?? 0;
  await proves(`B is tried for new clients all the same (totalc ${tries})`, tries > 4, table);

  await heading("5. Backend B is back; three clients");
  backends[1] = named("B", b.port);
  const three = await serveClients(port, 3);
  await proves(
    "recovery is immediate: one for each",
    equal(three, { A: 1, B: 1, C: 1 }),
    show(three),
  );
}

async function playDisable({ balance, clients: [first] }: Stage, port: number): Promise<void> {
  await heading("6. Channel 0, which is A, is disabled; six clients");
  const disabled = await balance.control("disable 0");
  await proves("the answer says so", disabled === "channel 0 disabled\n", disabled);
  const six = await serveClients(port, 6);
  await proves("A gets no new clients", equal(six, { B: 3, C: 3 }), show(six));
  const name = first === undefined ? "nobody" : await ask(first);
  await proves("the client that A had from step 3 is still served", name === "A", name);

  await heading("7. Channel 0 is enabled; three clients");
  await balance.control("enable 0");
  const three = await serveClients(port, 3);
  await proves("A is used again", equal(three, { A: 1, B: 1, C: 1 }), show(three));
}

async function playKill({ balance, clients }: Stage, port: number): Promise<void> {
  await heading("8. The instance is ended");
  const killed = await balance.control("kill");
  await proves("the answer says so", killed === "shutdown complete, exiting.\n", killed);
  await proves("the port is free", mayListen(HOST, port), "a port in use");
  const name = clients[0] === undefined ? "nobody" : await ask(clients[0]);
  await proves("a connection that was open goes on", name === "A", name);
  for (const each of clients) close(each);
  await proves("with the last connection the process ends", await balance.hasEnded(), "a process");
}

function show(served: Record<string, number>): string {
  return JSON.stringify(served);
}

/** Resolves to the exit code with which a signal or the clock ends the demo. */
function interruption(stage: Stage): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  Deno.addSignalListener("SIGINT", () => resolve(stage.watching ? 0 : 130));
  Deno.addSignalListener("SIGTERM", () => resolve(143));
  Deno.addSignalListener("SIGHUP", () => resolve(129));
  setTimeout(async () => {
    if (stage.watching) return;
    await writeText(Deno.stderr, `failed: not done after ${PATIENCE_MS / 1000} s\n`);
    resolve(1);
  }, PATIENCE_MS);
  return promise;
}

async function perform(stage: Stage): Promise<number> {
  try {
    await play(stage);
    if (stage.watched === undefined) return 0;
    stage.watching = true;
    await stage.watched.start(stage.balance);
    // A signal ends it.
    return await new Promise<never>(() => {});
  } catch (error) {
    if (stage.over) return 1;
    const why = error instanceof Error ? error.message : String(error);
    await writeText(Deno.stderr, `${paint(31, "failed")}: ${why}\n`);
    return 1;
  }
}

async function main(): Promise<number> {
  if (Deno.build.os === "windows") {
    await writeText(
      Deno.stderr,
      "The demo needs the control socket, which Windows does not have.\n",
    );
    return 69;
  }
  const dir = await Deno.makeTempDir({ prefix: "balance-demo-" });
  const stage: Stage = {
    balance: new Balance(dir),
    backends: [named("A"), named("B"), named("C")],
    clients: [],
    watched: Deno.args.includes("--watch") ? new WatchedTraffic() : undefined,
    watching: false,
    over: false,
  };
  const began = performance.now();
  const code = await Promise.race([perform(stage), interruption(stage)]);
  stage.over = true;
  for (const each of stage.clients) close(each);
  await stage.watched?.[Symbol.asyncDispose]();
  await Promise.all(stage.backends.map((backend) => backend[Symbol.asyncDispose]()));
  await stage.balance.end();
  await Deno.remove(dir, { recursive: true });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  await heading(
    code === 0
      ? `Everything held, in ${seconds} s. Nothing is left.`
      : "Ended early. Nothing is left.",
  );
  return code;
}

if (import.meta.main) Deno.exit(await main());
