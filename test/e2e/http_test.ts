/** Watching and operating a real instance by HTTP. */
import type { StateDocument } from "../../lib/core/report/documents.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { Backends, hold, REFUSED, startBackend } from "../kit/backends.ts";
import { dial, fetchStatus, get, HeldClient } from "../kit/clients.ts";
import { installed, needing, program } from "../kit/needs.ts";
import { deadPort, freePort, isOpen } from "../kit/ports.ts";
import { type Command, commands, ROOT, run, running } from "../kit/programs.ts";
import { runInstalled, Server } from "../kit/servers.ts";
import { startInstance } from "../kit/start.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually, Output } from "../kit/wait.ts";

const TOKEN = "7fc2e1-secret";

/** A folder with a token in a file. */
function tokenFile(text = `${TOKEN}\n`): TempDir & { readonly file: string } {
  const dir = new TempDir();
  const file = `${dir.path}/token`;
  Deno.writeTextFileSync(file, text);
  return Object.assign(dir, { file });
}

async function fetchText(port: number, path: string, init?: RequestInit): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}${path}`, init)).text();
}

async function fetchState(port: number): Promise<StateDocument> {
  return JSON.parse(await fetchText(port, "/api/state"));
}

async function post(port: number, line: string, group = 0): Promise<unknown> {
  return JSON.parse(
    await fetchText(port, "/api/command", {
      method: "POST",
      headers: { Authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ group, line }),
    }),
  );
}

for (const command of commands()) {
  Deno.test(running(command, "--http serves what happens to traffic"), async () => {
    await using backends = new Backends(2);
    const http = freePort();
    await using instance = await startInstance(backends.operands, {
      command,
      options: ["--http", http],
    });
    for (let client = 0; client < 4; client++) await get(instance.port);
    await instance.idle();
    const metrics = await fetchText(http, "/metrics");
    assertMatch(metrics, /^balance_connections_total 4$/m);
    const [name = ""] = backends.operands;
    const labels = `{group="0",channel="0",name="${name}"}`;
    assertStringIncludes(metrics, `balance_channel_connections_total${labels} 2\n`);
    assertMatch(metrics, /^balance_connect_seconds_count 4$/m);
    const state = await fetchState(http);
    assertEquals([state.port, state.totals.totalConnections], [instance.port, 4]);
    assertEquals(await fetchStatus(http, "/healthz"), 200);
    assertEquals(await fetchStatus(http, "/"), 200);
  });
}

Deno.test("--http serves with two workers too", async () => {
  await using backend = startBackend("A", hold);
  const http = freePort();
  const options = ["--workers=2", `--http=127.0.0.1:${http}`];
  await using instance = await startInstance([backend.port], { options });
  using client = await HeldClient.open(instance.port);
  assertEquals(client.name, "A");
  const { connections } = JSON.parse(await fetchText(http, "/api/conns"));
  assertEquals(connections.length, 1);
});

Deno.test("/healthz is 503 while no client could be served, and tells the way back", async () => {
  const http = freePort();
  await using instance = await startInstance([REFUSED], { options: ["--http", http] });
  assertEquals(await fetchStatus(http, "/healthz"), 200);
  await instance.ask("disable 0");
  assertEquals(await fetchStatus(http, "/healthz"), 503);
  await instance.ask("enable 0");
  assertEquals(await fetchStatus(http, "/healthz"), 200);
});

Deno.test("/api/events tells what an operator does, at once", async () => {
  const http = freePort();
  await using instance = await startInstance([REFUSED], { options: ["--http", http] });
  const response = await fetch(`http://127.0.0.1:${http}/api/events`);
  assert(response.body !== null);
  const stream = new Output(response.body);
  // It breaks off with the instance.
  stream.ended.catch(() => {});
  await stream.until("event: state\n");
  await instance.ask("disable 0");
  await stream.until(/event: event\ndata: .*"kind":"operator"/);
});

Deno.test("with a token an operator's lines are taken by HTTP", async () => {
  await using backends = new Backends(2, hold);
  using token = tokenFile();
  const http = freePort();
  const options = ["--http", http, "--http-token", token.file];
  await using instance = await startInstance(backends.operands, { options });
  assertEquals(await post(http, "disable 1"), { lines: ["channel 1 disabled"], status: 0 });
  assertEquals(await instance.column("status"), ["ENA", "dis"]);
  assertEquals((await fetchState(http)).totals.enabled, 1);
  assertEquals(await post(http, "disable 7"), { lines: ["no such channel 7"], status: 0 });
  using client = await HeldClient.open(instance.port);
  assertEquals(client.name, "A");
  const drained = { lines: ["channel 0.0 still has 1 connection"], status: 75 };
  assertEquals(await post(http, "drain 0 0"), drained);
  const { status } = await fetch(`http://127.0.0.1:${http}/api/command`, {
    method: "POST",
    headers: { Authorization: "Bearer wrong" },
    body: '{"line":"enable 0"}',
  }).then(async (response) => {
    await response.body?.cancel();
    return response;
  });
  assertEquals([status, await instance.column("status")], [401, ["dis", "dis"]]);
});

Deno.test("kill gives up the port of --http too, so that the next instance can have it", async () => {
  await using backend = startBackend("A", hold);
  using token = tokenFile();
  const http = freePort();
  const options = ["--http", http, "--http-token", token.file];
  await using first = await startInstance([backend.port], { options });
  using client = await HeldClient.open(first.port);
  assertEquals(client.name, "A");
  const lines = ["shutdown complete, exiting."];
  assertEquals(await post(http, "kill"), { lines, status: 0 });
  assertEquals(await isOpen(http), false);
  await using second = await startInstance([backend.port], { port: first.port, options });
  assertEquals((await fetchState(http)).pid, second.pid);
});

Deno.test("an instance that drains is seen to do so, and takes the port of --http along", async () => {
  await using backend = startBackend("A", hold);
  const http = freePort();
  await using instance = await startInstance([backend.port], { options: ["--http", http] });
  const client = await HeldClient.open(instance.port);
  instance.signal("SIGQUIT");
  await eventually(async () => await fetchStatus(http, "/healthz") === 503, "503");
  assertEquals((await fetchState(http)).totals.connections, 1);
  client[Symbol.dispose]();
  await instance.gone();
  assertEquals(await isOpen(http), false);
});

const FORMS = "takes a port, 1 to 65535, with an address in front if it is not 127.0.0.1, " +
  "like 9000, 192.0.2.1:9000 or [2001:db8::1]:9000, not";

for (const value of ["", "9000x", "::1:9000"]) {
  Deno.test(`--http "${value}" ends with one line and 64`, async () => {
    const { code, stdout, stderr } = await run(["-f", `--http=${value}`, freePort(), REFUSED]);
    assertEquals([code, stdout, stderr], [64, "", `balance: --http ${FORMS} "${value}"\n`]);
  });
}

for (const flags of [["-f"], []]) {
  const how = flags.length === 0 ? "in the background" : "in the foreground";
  Deno.test(`a port of --http that is taken ends a start ${how} with one line and 71`, async () => {
    await using other = startBackend("A");
    using dir = new TempDir();
    const port = freePort();
    const args = [...flags, "--http", other.port, port, REFUSED];
    const { code, stdout, stderr } = await run(args, { runDir: dir.path });
    const said =
      `balance: --http cannot listen on 127.0.0.1:${other.port}: Address already in use\n`;
    assertEquals([code, stdout, stderr], [71, "", said]);
    assertEquals(await isOpen(port), false);
  });
}

Deno.test("an address of --http that is not this machine's ends with one line and 71", async () => {
  const place = `192.0.2.1:${freePort()}`;
  const { code, stderr } = await run(["-f", "--http", place, freePort(), REFUSED]);
  assertEquals(code, 71);
  assertMatch(stderr, /^balance: --http cannot listen on 192\.0\.2\.1:\d+: .+\n$/);
});

Deno.test("a name of --http that is unknown ends with one line and 71", async () => {
  const { code, stderr } = await run(["-f", "--http", "no.invalid:9000", freePort(), REFUSED]);
  assertEquals(code, 71);
  assertEquals(stderr, "balance: --http cannot listen on no.invalid: unknown name\n");
});

for (
  const [what, text, reason] of [
    ["that is empty", " \n", "it is empty"],
    [
      "with two words",
      "two words\n",
      "a token is one word of letters, digits, and - . _ ~ + / with = at its end",
    ],
  ] as const
) {
  Deno.test(`a file of --http-token ${what} ends with one line and 64`, async () => {
    using token = tokenFile(text);
    const options = ["--http", freePort(), "--http-token", token.file];
    const { code, stderr } = await run(["-f", ...options, freePort(), REFUSED]);
    assertEquals(code, 64);
    assertEquals(stderr, `balance: no token in --http-token ${token.file}: ${reason}\n`);
  });
}

Deno.test("a file of --http-token that cannot be read ends with one line and 64", async () => {
  const options = ["--http", freePort(), "--http-token", "/nonexistent/token"];
  const { code, stderr } = await run(["-f", ...options, freePort(), REFUSED]);
  assertEquals(code, 64);
  assertMatch(stderr, /^balance: cannot read --http-token \/nonexistent\/token: No such file.*\n$/);
});

Deno.test("--http-token without --http ends with one line and 64", async () => {
  const { code, stderr } = await run(["-f", "--http-token", "x", freePort(), REFUSED]);
  assertEquals([code, stderr], [64, "balance: --http-token needs --http\n"]);
});

/** The program with some flags of `deno run`. */
function sourceWith(...flags: string[]): Command {
  return {
    name: flags.join(" "),
    words: [Deno.execPath(), "run", "--quiet", "--no-prompt", ...flags, `${ROOT}main.ts`],
  };
}

Deno.test("deno run --allow-net main.ts --http serves", async () => {
  await using backend = startBackend("A");
  const http = freePort();
  const words = [...sourceWith("--allow-net").words, "--http", String(http), String(freePort())];
  const [first = "", ...args] = [...words, backend.operand];
  const child = new Deno.Command(first, { args, stdout: "null", stderr: "null" }).spawn();
  try {
    await eventually(() => isOpen(http), "it listens");
    assertMatch(await fetchText(http, "/metrics"), /^process_cpu_seconds_total \d/m);
    assertEquals(await fetchStatus(http, "/healthz"), 200);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

Deno.test("a grant that --http lacks is named", async () => {
  const port = freePort();
  const http = deadPort();
  const command = sourceWith(`--allow-net=0.0.0.0:${port},127.0.0.1:1`);
  const { code, stderr } = await run(["--http", http, port, REFUSED], { command });
  assertEquals(code, 71);
  assertStringIncludes(
    stderr,
    `balance: no permission to listen on 127.0.0.1:${http}, needs --allow-net=127.0.0.1:${http}\n`,
  );
});

Deno.test(
  needing(program("prlimit"), "idle connections to --http leave traffic its descriptors"),
  async () => {
    await using backend = startBackend("A", hold);
    const http = freePort();
    await using instance = await startInstance([backend.port], {
      options: ["--http", http],
      wrapper: ["prlimit", "--nofile=200"],
    });
    const idle: Deno.TcpConn[] = [];
    for (let count = 0; count < 200; count++) idle.push(await dial(http));
    const clients: HeldClient[] = [];
    for (let count = 0; count < 30; count++) clients.push(await HeldClient.open(instance.port));
    assertEquals(clients.map(({ name }) => name), Array(30).fill("A"));
    assertEquals(await fetchStatus(http, "/healthz"), 200);
    for (const client of clients) client[Symbol.dispose]();
    for (const connection of idle) connection.close();
  },
);

Deno.test(
  needing(program("prlimit"), "--http answers again after descriptors have run out"),
  async () => {
    await using backend = startBackend("A", hold);
    const http = freePort();
    await using instance = await startInstance([backend.port], {
      options: ["--http", http],
      wrapper: ["prlimit", "--nofile=100"],
    });
    const many: Deno.TcpConn[] = [];
    for (let count = 0; count < 100; count++) many.push(await dial(instance.port));
    await instance.stderr.until("out of descriptors");
    const asking = fetchStatus(http, "/healthz");
    for (const connection of many) connection.close();
    assertEquals(await asking, 200);
    assertEquals(await fetchStatus(http, "/healthz"), 200);
  },
);

Deno.test(
  needing(installed("promtool"), "promtool has nothing to say of a real instance"),
  async () => {
    await using backend = startBackend("A");
    const http = freePort();
    const options = ["--http", http, "--health", "--queue=1:1"];
    await using instance = await startInstance([`127.0.0.1:${backend.port},name=a"b\\c`], {
      options,
    });
    assertEquals(await get(instance.port), "A");
    const stdin = await fetchText(http, "/metrics");
    const { code, stdout, stderr } = await runInstalled("promtool", ["check", "metrics"], {
      stdin,
    });
    assertEquals([code, new TextDecoder().decode(stdout), stderr], [0, "", ""]);
  },
);

Deno.test(needing(installed("prometheus"), "a real Prometheus scrapes an instance"), async () => {
  await using backend = startBackend("A");
  const http = freePort();
  await using instance = await startInstance([`127.0.0.1:${backend.port},name=web "one"`], {
    options: ["--http", http],
  });
  assertEquals(await get(instance.port), "A");
  await using prometheus = await Server.start(async (port, folder) => {
    const config = `${folder}/prometheus.yml`;
    await Deno.writeTextFile(
      config,
      "global: {scrape_interval: 200ms}\nscrape_configs: [{job_name: balance, " +
        `static_configs: [{targets: ["127.0.0.1:${http}"]}]}]\n`,
    );
    return [
      "prometheus",
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
  });
  const query = async (
    text: string,
  ): Promise<{ metric: Record<string, string>; value: string }[]> => {
    const path = `/api/v1/query?query=${encodeURIComponent(text)}`;
    const { data } = JSON.parse(await fetchText(prometheus.port, path));
    return data.result.map((each: { metric: Record<string, string>; value: [number, string] }) => ({
      metric: each.metric,
      value: each.value[1],
    }));
  };
  await eventually(
    async () => await fetchStatus(prometheus.port, "/-/ready") === 200,
    "it is ready",
  );
  await eventually(async () => (await query('up{job="balance"}'))[0]?.value === "1", "a scrape");
  const [connections] = await query("balance_channel_connections_total");
  assertEquals([connections?.metric["name"], connections?.value], ['web "one"', "1"]);
  assertEquals((await query("histogram_quantile(0.99, balance_connect_seconds_bucket)")).length, 1);
  const { data } = JSON.parse(await fetchText(prometheus.port, "/api/v1/metadata"));
  assertEquals(data.balance_connections[0].type, "gauge");
  assertEquals(data.balance_channel_up[0].type, "gauge");
  assertEquals(data.balance_ends[0].type, "counter");
});
