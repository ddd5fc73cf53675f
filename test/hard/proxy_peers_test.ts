/** PROXY headers to and from HAProxy and nginx, with TLS behind them too. */
import { runInstalled, Server } from "../kit/servers.ts";
import { readAll, send } from "../kit/streams.ts";
import { Backend } from "../kit/backends.ts";
import { startInstance } from "../kit/start.ts";
import { eventually, within } from "../kit/wait.ts";
import { formatPeer } from "../../lib/core/edge/origin.ts";
import { decodeProxyHeader } from "../../lib/core/edge/proxy_header.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { type Need, needing, program } from "../kit/needs.ts";

/** Where the distribution keeps nginx's module for TCP. */
const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

const haproxy = program("haproxy");
const openssl = program("openssl");
const nginx: Need = {
  name: "nginx with its stream module",
  package: "nginx-light libnginx-mod-stream",
  met: program("nginx").met && isFile(STREAM_MODULE),
};

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** HAProxy with one proxy. */
function startHaproxy(...lines: readonly string[]): Promise<Server> {
  return Server.start(async (port, folder) => {
    const config = [
      "defaults",
      "  mode tcp",
      "  timeout connect 5s",
      "  timeout client 20s",
      "  timeout server 20s",
      "listen proxy",
      ...lines.map((line) => `  ${line.replace("PORT", `${port}`)}`),
      "",
    ];
    await Deno.writeTextFile(`${folder}/haproxy.cfg`, config.join("\n"));
    return ["haproxy", "-db", "-f", `${folder}/haproxy.cfg`];
  });
}

/** nginx with one server for TCP, whose log has the client of the header in each line. */
function startNginx(...lines: readonly string[]): Promise<Server> {
  return Server.start(async (port, folder) => {
    await Deno.chmod(folder, 0o777);
    const config = [
      `load_module ${STREAM_MODULE};`,
      "daemon off;",
      `pid ${folder}/pid;`,
      `error_log ${folder}/error.log;`,
      "events {}",
      "stream {",
      "  log_format seen '$proxy_protocol_addr:$proxy_protocol_port';",
      `  access_log ${folder}/seen.log seen;`,
      "  server {",
      "    proxy_half_close on;",
      ...lines.map((line) => `    ${line.replace("PORT", `${port}`)}`),
      "  }",
      "}",
      "",
    ];
    await Deno.writeTextFile(`${folder}/nginx.conf`, config.join("\n"));
    return ["nginx", "-c", `${folder}/nginx.conf`, "-p", folder];
  });
}

/** What a server got: a header, and what follows it. */
interface Seen {
  readonly client: string;
  readonly to: string;
  readonly rest: string;
}

/** A server that must get a header, and answers the end of file with `done`. */
class Recorder extends Backend {
  /** What came, in the order of its ends; not those who sent nothing but a header. */
  readonly seen: Seen[];

  constructor() {
    const seen: Seen[] = [];
    super(async (connection) => {
      const bytes = await readAll(connection);
      const header = decodeProxyHeader(bytes);
      if (header.kind === "header" && header.length === bytes.length) return;
      seen.push(header.kind === "header" ? known(header, bytes) : unknown(bytes));
      await send(connection, new TextEncoder().encode("done"));
    });
    this.seen = seen;
  }
}

function known(
  { source, destination, length }: ReturnType<typeof decodeProxyHeader> & { kind: "header" },
  bytes: Uint8Array,
): Seen {
  const end = (peer: typeof source): string => peer === undefined ? "-" : formatPeer(peer);
  return { client: end(source), to: end(destination), rest: latin1(bytes.subarray(length)) };
}

function unknown(bytes: Uint8Array): Seen {
  return { client: "no header", to: "", rest: latin1(bytes) };
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** Sends a text and the end of file and waits for the answer; the client's address. */
async function ask(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await send(connection, new TextEncoder().encode(text));
  await connection.closeWrite();
  const answer = latin1(await within(readAll(connection), "the answer"));
  assertEquals(answer, "done");
  return `127.0.0.1:${connection.localAddr.port}`;
}

const LONG = "0123456789abcdef".repeat(10_000);

for (const [version, word] of [["v1", "send-proxy"], ["v2", "send-proxy-v2"]] as const) {
  Deno.test({
    ...needing(haproxy, `HAProxy's ${word} tells us the client, and its checks are served`),
    fn: async () => {
      await using recorder = new Recorder();
      await using balance = await startInstance([recorder.port], {
        options: ["--proxy-in=127.0.0.1", "--proxy-out=v1"],
      });
      const server = `server ours 127.0.0.1:${balance.port} ${word}`;
      const check = "check check-send-proxy inter 50ms";
      await using front = await startHaproxy("bind 127.0.0.1:PORT", `${server} ${check}`);
      const client = await ask(front.port, LONG);
      assertEquals(recorder.seen, [{ client, to: `127.0.0.1:${front.port}`, rest: LONG }]);
      // LOCAL in version 2, UNKNOWN in version 1: both are connections of HAProxy's own.
      const before = recorder.accepted;
      await eventually(() => recorder.accepted >= before + 3, "three checks");
      assertEquals(balance.stderr.text, "");
    },
  });

  Deno.test({
    ...needing(haproxy, `HAProxy's accept-proxy learns the client from our ${version}`),
    fn: async () => {
      await using recorder = new Recorder();
      await using back = await startHaproxy(
        "bind 127.0.0.1:PORT accept-proxy",
        `server recorder 127.0.0.1:${recorder.port} send-proxy-v2`,
      );
      const options = [`--proxy-out=${version}`];
      await using balance = await startInstance([back.port], { options });
      const client = await ask(balance.port, LONG);
      assertEquals(recorder.seen, [{ client, to: `127.0.0.1:${balance.port}`, rest: LONG }]);
    },
  });

  Deno.test({
    ...needing(nginx, `nginx's proxy_protocol learns the client from our ${version}`),
    fn: async () => {
      await using recorder = new Recorder();
      await using back = await startNginx(
        "listen 127.0.0.1:PORT proxy_protocol;",
        `proxy_pass 127.0.0.1:${recorder.port};`,
        "proxy_protocol on;",
      );
      const options = [`--proxy-out=${version}`];
      await using balance = await startInstance([back.port], { options });
      const client = await ask(balance.port, LONG);
      assertEquals(recorder.seen.map(({ rest }) => rest), [LONG]);
      const log = (): string => Deno.readTextFileSync(`${back.folder}/seen.log`);
      await eventually(() => log().split("\n").includes(client), "the client in nginx's log");
    },
  });
}

Deno.test({
  ...needing(nginx, "nginx's proxy_protocol on tells us the client"),
  fn: async () => {
    await using recorder = new Recorder();
    await using balance = await startInstance([recorder.port], {
      options: ["--proxy-in=127.0.0.1", "--proxy-out=v2"],
    });
    await using front = await startNginx(
      "listen 127.0.0.1:PORT;",
      `proxy_pass 127.0.0.1:${balance.port};`,
      "proxy_protocol on;",
    );
    const client = await ask(front.port, LONG);
    assertEquals(recorder.seen, [{ client, to: `127.0.0.1:${front.port}`, rest: LONG }]);
  },
});

Deno.test({
  ...needing(haproxy, "a client is known behind two of ours and HAProxy, and two workers"),
  fn: async () => {
    await using recorder = new Recorder();
    await using last = await startHaproxy(
      "bind 127.0.0.1:PORT accept-proxy",
      `server recorder 127.0.0.1:${recorder.port} send-proxy`,
    );
    await using second = await startInstance([last.port], {
      options: ["--proxy-in=127.0.0.0/8", "--proxy-out=v1", "--workers=2"],
    });
    await using first = await startInstance([second.port], { options: ["--proxy-out=v2"] });
    const clients = await Promise.all(Array.from({ length: 10 }, () => ask(first.port, "hello")));
    const to = `127.0.0.1:${first.port}`;
    const wanted = clients.map((client) => ({ client, to, rest: "hello" }));
    const order = (one: Seen, other: Seen): number => one.client < other.client ? -1 : 1;
    assertEquals(recorder.seen.toSorted(order), wanted.toSorted(order));
  },
});

/** A certificate and its key in a folder. */
async function makeCertificate(folder: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const { code, stderr } = await runInstalled("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...[
      "-addext",
      "basicConstraints=critical,CA:FALSE",
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost",
      "-days",
      "2",
    ],
    ...["-keyout", key, "-out", cert],
  ]);
  assertEquals(code, 0, stderr);
  return { cert, key };
}

Deno.test({
  ...needing(
    [haproxy, openssl],
    "TLS passes from HAProxy through us and HAProxy to openssl s_server",
  ),
  fn: async () => {
    let certificate = "";
    await using server = await Server.start(async (port, folder) => {
      const { cert, key } = await makeCertificate(folder);
      certificate = cert;
      const accept = ["-accept", `127.0.0.1:${port}`, "-naccept", "1000000"];
      return ["openssl", "s_server", ...accept, "-cert", cert, "-key", key, "-rev", "-quiet"];
    });
    await using back = await startHaproxy(
      "bind 127.0.0.1:PORT accept-proxy",
      `server tls 127.0.0.1:${server.port}`,
    );
    await using balance = await startInstance([back.port], {
      options: ["--proxy-in=127.0.0.1", "--proxy-out=v1"],
    });
    await using front = await startHaproxy(
      "bind 127.0.0.1:PORT",
      `server ours 127.0.0.1:${balance.port} send-proxy-v2`,
    );
    const { stdout, stderr } = await runInstalled("openssl", [
      ...["s_client", "-connect", `127.0.0.1:${front.port}`, "-servername", "localhost"],
      ...["-CAfile", certificate, "-verify_return_error", "-quiet"],
      // The server leaves at the second line.
    ], { stdin: "hello\nCLOSE\n" });
    assert(/olleh/.test(latin1(stdout)), `${latin1(stdout)}${stderr}`);
  },
});

Deno.test({
  ...needing(
    openssl,
    "TLS behind our header is untouched: a server that takes the header off speaks it",
  ),
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "balance-hard-" });
    try {
      const { cert, key } = await makeCertificate(folder);
      const [certificate, secret] = [await Deno.readTextFile(cert), await Deno.readTextFile(key)];
      using secure = Deno.listenTls({
        port: 0,
        hostname: "127.0.0.1",
        cert: certificate,
        key: secret,
      });
      const clients: string[] = [];
      await using stripper = new Backend((connection) =>
        takeHeaderOff(connection, (secure.addr as Deno.NetAddr).port, clients)
      );
      await using balance = await startInstance([stripper.port], { options: ["--proxy-out=v2"] });
      const serving = answerOnce(secure);
      using tcp = await Deno.connect({ hostname: "127.0.0.1", port: balance.port });
      const from = `127.0.0.1:${tcp.localAddr.port}`;
      using tls = await Deno.startTls(tcp, { hostname: "localhost", caCerts: [certificate] });
      await send(tls, new TextEncoder().encode("hello"));
      const answer = new Uint8Array(5);
      await within(tls.read(answer), "the answer");
      await serving;
      assertEquals([latin1(answer), clients], ["olleh", [from]]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Answers five bytes of one TLS client in reverse. */
async function answerOnce(listener: Deno.TlsListener): Promise<void> {
  using connection = await listener.accept();
  const bytes = new Uint8Array(5);
  await connection.read(bytes);
  await send(connection, bytes.toReversed());
}

/** Reads a header, and passes what follows on to a port, both ways. */
async function takeHeaderOff(client: Deno.TcpConn, port: number, clients: string[]): Promise<void> {
  const buffer = new Uint8Array(65536);
  let filled = 0;
  for (;;) {
    const count = await client.read(buffer.subarray(filled));
    if (count === null) return;
    filled += count;
    const header = decodeProxyHeader(buffer.subarray(0, filled));
    if (header.kind === "need more") continue;
    assert(header.kind === "header" && header.source !== undefined);
    clients.push(formatPeer(header.source));
    using server = await Deno.connect({ hostname: "127.0.0.1", port });
    await send(server, buffer.subarray(header.length, filled));
    await Promise.race([copy(client, server), copy(server, client)]);
    return;
  }
}

async function copy(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65536);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) return;
      await send(to, buffer.subarray(0, count));
    }
  } catch {
    // The other side has gone.
  }
}
