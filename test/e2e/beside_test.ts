/** The README's table of other balancers, held against the real programs, with their settings as they come. */
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { Backend, banner } from "../kit/backends.ts";
import { get, gets } from "../kit/clients.ts";
import { tableOf } from "../kit/markdown.ts";
import { exists, installed, type Need, needing } from "../kit/needs.ts";
import { deadPort, freePort } from "../kit/ports.ts";
import { commandLine, ROOT } from "../kit/programs.ts";
import { runInstalled, Server } from "../kit/servers.ts";
import { receiveAll, send } from "../kit/streams.ts";
import { eventually, sleep } from "../kit/wait.ts";

const HEADER = ["what", "balance", "HAProxy", "nginx stream", "pen", "balance 3.54"];
const TABLE = tableOf(Deno.readTextFileSync(`${ROOT}README.md`), ...HEADER);
const MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";
const ANSWER = "x".repeat(200_000);

/** Who is compared, by the head of its column. */
type Name = "balance" | "HAProxy" | "nginx stream" | "pen";

const NEEDS: Readonly<Record<Name, readonly Need[]>> = {
  "balance": [],
  "HAProxy": [installed("haproxy")],
  "nginx stream": [
    installed("nginx"),
    {
      name: "nginx's stream module",
      package: "libnginx-mod-stream",
      met: exists(MODULE),
    },
  ],
  "pen": [installed("pen")],
};

/** What the table says of somebody. */
function cell(row: string, name: Name): string {
  const found = TABLE.find(([head]) => head === row);
  if (found === undefined) throw new Error(`no row: ${row}`);
  return found[HEADER.indexOf(name)] ?? "";
}

/** A configuration of HAProxy. */
function haproxyFile(port: number, servers: readonly string[], more = "", all = ""): string {
  const lines = servers.map((server, at) => `  server s${at} ${server}`).join("\n");
  const timeouts = ["connect", "client", "server"].map((what) => `  timeout ${what} 5s`);
  return `global\n  maxconn 100\n  nbthread 1\n  ${all}\ndefaults\n  mode tcp\n  balance roundrobin\n  ${more}\n${
    timeouts.join("\n")
  }\n` +
    `listen l\n  bind 127.0.0.1:${port}\n${lines}\n`;
}

/** A configuration of nginx. */
function nginxFile(port: number, servers: readonly string[], more = "", folder = "/tmp"): string {
  return `load_module ${MODULE}; daemon off; pid ${folder}/pid; error_log /dev/null; events {}
    stream { upstream u { ${servers.map((server) => `server ${server};`).join(" ")} }
      server { listen 127.0.0.1:${port}; proxy_pass u; ${more} } }`;
}

/** Starts somebody in front of servers, with a setting more if wanted. */
function start(name: Name, servers: readonly string[], more = ""): Promise<Server> {
  return Server.start(async (port, folder) => {
    switch (name) {
      case "balance":
        return commandLine(["-f", "-b", "127.0.0.1", port, ...servers], { runDir: folder });
      case "HAProxy":
        await Deno.writeTextFile(`${folder}/conf`, haproxyFile(port, servers, more));
        return ["haproxy", "-db", "-f", `${folder}/conf`];
      case "nginx stream":
        await Deno.writeTextFile(`${folder}/conf`, nginxFile(port, servers, more, folder));
        return ["nginx", "-c", `${folder}/conf`];
      case "pen":
        // Turn by turn, as all others do.
        return ["pen", "-f", "-r", `127.0.0.1:${port}`, ...servers];
    }
  });
}

/** Whether somebody takes a configuration. */
async function accepts(name: Name, text: string): Promise<boolean> {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, text);
  const check = name === "HAProxy"
    ? runInstalled("haproxy", ["-c", "-f", file])
    : runInstalled("nginx", ["-t", "-q", "-c", file]);
  const { code } = await check;
  await Deno.remove(file);
  return code === 0;
}

/** A test of one row, for everybody that it can be tried with. */
function row(head: string, names: readonly Name[], tryOut: (name: Name) => Promise<string>): void {
  for (const name of names) {
    const title = `beside others: ${head}: ${name} as the README says`;
    Deno.test(needing(NEEDS[name], title), async () => {
      assertEquals(await tryOut(name), cell(head, name));
    });
  }
}

/** The outcome of a trial with settings as they come, and with one more if there is one that changes it. */
async function both(
  name: Name,
  outcome: (more?: string) => Promise<string>,
  settings: Partial<Record<Name, readonly [string, string]>>,
): Promise<string> {
  const plain = await outcome();
  const [more, shown] = settings[name] ?? [];
  return more === undefined ? plain : `${plain}; ${await outcome(more)} with \`${shown}\``;
}

const EVERYBODY: readonly Name[] = ["balance", "HAProxy", "nginx stream", "pen"];

row(
  "clients lost while one of two servers refuses",
  EVERYBODY,
  (name) =>
    both(name, async (more) => {
      await using server = new Backend(banner, { name: "A" });
      const servers = [`127.0.0.1:${deadPort()}`, server.operand];
      await using balancer = await start(name, servers, more);
      let lost = 0;
      for (let client = 0; client < 6; client++) {
        // Some of them reset the client.
        if (await get(balancer.port).catch(() => "") !== "A") lost++;
      }
      return lost === 0 ? "none" : lost === 3 ? "half" : `${lost} of 6`;
    }, { HAProxy: ["option redispatch 1", "option redispatch 1"] }),
);

row("an answer that comes after the client's end", EVERYBODY, (name) =>
  both(name, async (more) => {
    await using server = new Backend(async (connection) => {
      await receiveAll(connection);
      await sleep(300);
      await send(connection, ANSWER);
    });
    await using balancer = await start(name, [server.operand], more);
    let least = ANSWER.length;
    for (let client = 0; client < 6; client++) {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: balancer.port });
      await send(connection, "hello");
      await connection.closeWrite();
      least = Math.min(least, (await receiveAll(connection).catch(() => "")).length);
    }
    return least === ANSWER.length ? "arrives" : least === 0 ? "is lost" : "its end is lost";
  }, { "nginx stream": ["proxy_half_close on;", "proxy_half_close"] }));

row(
  "servers are checked, whether clients come or no",
  ["HAProxy", "nginx stream"],
  async (name) => {
    if (name === "nginx stream") {
      return await accepts(name, nginxFile(1, ["127.0.0.1:2"], "health_check;")) ? "yes" : "no";
    }
    await using server = new Backend(banner);
    // A check by a bare connect is gone before the server accepts it.
    await using _balancer = await start(
      name,
      [`${server.operand} check inter 100ms`],
      "option httpchk",
    );
    await eventually(() => server.accepted > 5, "checks");
    return "yes";
  },
);

row("servers go out and in at run time", ["HAProxy"], async () => {
  await using one = new Backend(banner, { name: "A" });
  await using two = new Backend(banner, { name: "B" });
  await using balancer = await Server.start(async (port, folder) => {
    const all = `stats socket ${folder}/control level admin`;
    const text = haproxyFile(port, [one.operand, two.operand], "", all);
    await Deno.writeTextFile(`${folder}/conf`, text);
    return ["haproxy", "-db", "-f", `${folder}/conf`];
  });
  const path = `${balancer.folder}/control`;
  // It has its name a moment after the port is open.
  await eventually(() => exists(path), "HAProxy's control socket");
  using control = await Deno.connect({ transport: "unix", path });
  await control.write(new TextEncoder().encode("disable server l/s0\n"));
  await new Response(control.readable).text();
  return await gets(3, balancer.port) === "B B B" ? "yes" : "no";
});

row("names of servers are looked up again", ["HAProxy", "nginx stream"], async (name) => {
  const accepted = name === "HAProxy"
    ? await accepts(
      name,
      `${
        haproxyFile(1, ["localhost:2 resolvers r init-addr none"])
      }resolvers r\n  nameserver n 127.0.0.1:3\n`,
    )
    : await accepts(name, nginxFile(1, ["localhost:2 resolve"]));
  return accepted ? "yes" : "no";
});

row("PROXY headers to servers", ["HAProxy", "nginx stream"], async (name) => {
  const [one, two] = name === "HAProxy"
    ? [haproxyFile(1, ["[::1]:2 send-proxy"]), haproxyFile(1, ["[::1]:2 send-proxy-v2"])]
    : ["proxy_protocol on;", "proxy_protocol on; proxy_protocol_version 2;"]
      .map((more) => nginxFile(1, ["127.0.0.1:2"], more));
  const versions = [await accepts(name, one ?? ""), await accepts(name, two ?? "")];
  return ["v1", "v2"].filter((_, at) => versions[at]).join(", ");
});

row("metrics for Prometheus", ["HAProxy"], async () => {
  const metrics = freePort();
  await using _balancer = await Server.start(async (port, folder) => {
    const own = `frontend m\n  mode http\n  bind 127.0.0.1:${metrics}\n` +
      "  http-request use-service prometheus-exporter\n";
    await Deno.writeTextFile(`${folder}/conf`, haproxyFile(port, ["127.0.0.1:1"]) + own);
    return ["haproxy", "-db", "-f", `${folder}/conf`];
  });
  const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
  assertStringIncludes(text, "# TYPE ");
  return "yes";
});
