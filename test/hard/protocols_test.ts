/**
 * Real protocols through the balancer: what works directly works through it, byte for byte.
 *
 * Servers and clients are the distribution's: nginx-light, curl, openssl, redis-server with redis-tools,
 * postgresql, openssh-server with openssh-client, msmtp-mta. Each part is left out when its programs are missing.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { account, findProgram, installed, type Need, needing } from "../kit/needs.ts";
import { Random } from "../kit/random.ts";
import { runInstalled, Server, startPostgres } from "../kit/servers.ts";
import { startInstance } from "../kit/start.ts";
import { digest } from "../kit/streams.ts";

function protocol(
  name: string,
  programs: readonly string[],
  fn: () => Promise<void>,
  needs: readonly Need[] = [],
): void {
  Deno.test(needing([...needs, ...programs.map(installed)], name), fn);
}

const decoder = new TextDecoder();
const FILE = new Random(7).bytes(3_000_000);

/** nginx with one file, over plain HTTP/1.1 and over TLS with HTTP/2. */
async function startNginx(tls: boolean): Promise<Server> {
  return await Server.start(async (port, folder) => {
    await Deno.writeFile(`${folder}/file`, FILE);
    const key = ["-keyout", `${folder}/key`, "-out", `${folder}/cert`];
    const made = await runInstalled("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-days", "2", "-subj", "/CN=localhost", ...key],
    ]);
    assertEquals(made.code, 0, made.stderr);
    const security = `ssl http2; ssl_certificate ${folder}/cert; ssl_certificate_key ${folder}/key`;
    await Deno.writeTextFile(
      `${folder}/conf`,
      `daemon off; master_process off; pid ${folder}/pid; error_log /dev/null;
       events {} http { access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder};
       fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
       client_max_body_size 1k;
       server { listen 127.0.0.1:${port} ${tls ? security : ""}; root ${folder}; } }`,
    );
    return ["nginx", "-p", folder, "-c", `${folder}/conf`];
  });
}

protocol(
  "HTTP/1.1: files, keep-alive and a refused upload",
  ["nginx", "curl", "openssl"],
  async () => {
    await using server = await startNginx(false);
    await using balance = await startInstance([server.port]);
    const url = `http://127.0.0.1:${balance.port}/file`;
    const twice = await runInstalled("curl", ["-sS", "--max-time", "10", url, url]);
    assertEquals(twice.stdout.length, 2 * FILE.length, twice.stderr);
    assertEquals(await digest(twice.stdout.slice(FILE.length)), await digest(FILE));
    assertEquals((await balance.show())[0]?.totalc, 1, "keep-alive");
    const upload = await runInstalled("curl", [
      ...["-sS", "--max-time", "10", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Expect:"],
      ...["--data-binary", `@${server.folder}/file`, url],
    ]);
    assertEquals(decoder.decode(upload.stdout), "413", upload.stderr);
    await balance.idle();
  },
);

protocol("HTTP/2 over TLS: many streams at once", ["nginx", "curl", "openssl"], async () => {
  await using server = await startNginx(true);
  await using balance = await startInstance([server.port]);
  const url = `https://127.0.0.1:${balance.port}/file`;
  const args = [
    "-sSk",
    "--max-time",
    "20",
    "--http2",
    "--parallel",
    "-w",
    "%{http_version} %{size_download}\n",
  ];
  const many = Array.from({ length: 8 }, () => ["-o", "/dev/null", url]).flat();
  const { stdout, stderr } = await runInstalled("curl", [...args, ...many]);
  assertEquals(decoder.decode(stdout), `2 ${FILE.length}\n`.repeat(8), stderr);
  const one = await runInstalled("curl", ["-sSk", "--max-time", "10", url]);
  assertEquals(await digest(one.stdout), await digest(FILE), one.stderr);
});

protocol("TLS: handshake, session and end as openssl sees them", ["nginx", "openssl"], async () => {
  await using server = await startNginx(true);
  await using balance = await startInstance([server.port]);
  const { code, stdout } = await runInstalled(
    "openssl",
    ["s_client", "-connect", `127.0.0.1:${balance.port}`, "-quiet", "-ign_eof"],
    { stdin: "GET / HTTP/1.0\r\n\r\n" },
  );
  assertEquals(code, 0);
  assertStringIncludes(decoder.decode(stdout), "HTTP/1.1 403");
});

protocol(
  "Redis: pipelines, binary values, blocking calls",
  ["redis-server", "redis-cli"],
  async () => {
    await using server = await Server.start((port, folder) =>
      Promise.resolve([
        ...["redis-server", "--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
        ...["--save", "", "--appendonly", "no"],
      ])
    );
    await using balance = await startInstance([server.port]);
    const cli = (args: string[], stdin = ""): ReturnType<typeof runInstalled> =>
      runInstalled("redis-cli", ["-p", String(balance.port), ...args], { stdin });
    const value = "v\\x00\n".repeat(20_000);
    assertEquals(decoder.decode((await cli(["-x", "set", "big"], value)).stdout), "OK\n");
    assertEquals(decoder.decode((await cli(["strlen", "big"])).stdout), `${value.length}\n`);
    const lines = Array.from({ length: 5000 }, (_, at) => `INCR counter\r\nSET k${at} ${at}\r\n`);
    const piped = await cli(["--pipe"], lines.join(""));
    assertStringIncludes(decoder.decode(piped.stdout), "errors: 0, replies: 10000");
    assertEquals(decoder.decode((await cli(["get", "counter"])).stdout), "5000\n");
    const blocked = cli(["blpop", "list", "5"]);
    await cli(["rpush", "list", "item"]);
    assertEquals(decoder.decode((await blocked).stdout), "list\nitem\n");
  },
);

protocol(
  "PostgreSQL: queries, bulk copy both ways",
  ["initdb", "postgres", "psql", "setpriv"],
  async () => {
    await using server = await startPostgres();
    await using balance = await startInstance([server.port]);
    const psql = (args: string[], stdin = ""): ReturnType<typeof runInstalled> =>
      runInstalled("psql", [
        ...["-h", "127.0.0.1", "-p", String(balance.port), "-U", "postgres", "-qAtX", "-v"],
        ...["ON_ERROR_STOP=1", ...args],
      ], { stdin });
    const rows = Array.from({ length: 20_000 }, (_, at) => `${at}\trow ${at * 7919}\n`).join("");
    const made = await psql(
      ["-c", "create table t (n int, s text)", "-c", "copy t from stdin"],
      rows,
    );
    assertEquals([made.code, made.stderr], [0, ""]);
    const back = await psql(["-c", "copy (select * from t order by n) to stdout"]);
    assertEquals(decoder.decode(back.stdout), rows);
  },
  [account()],
);

protocol("SMTP: a mail with attachment arrives as it was sent", ["msmtpd", "curl"], async () => {
  await using server = await Server.start((port, folder) =>
    Promise.resolve([
      ...["msmtpd", "--interface=127.0.0.1", `--port=${port}`],
      // The recipients are put behind the command.
      `--command=cat > ${folder}/mail; true`,
    ])
  );
  await using balance = await startInstance([server.port]);
  const mail = `Subject: test\r\n\r\n${"0123456789abcdef\r\n".repeat(50_000)}.. dots\r\n`;
  await Deno.writeTextFile(`${server.folder}/out`, mail);
  const sent = await runInstalled("curl", [
    ...["-sS", "--max-time", "20", `smtp://127.0.0.1:${balance.port}`, "--mail-from", "a@b.c"],
    ...["--mail-rcpt", "d@e.f", "--upload-file", `${server.folder}/out`],
  ]);
  assertEquals([sent.code, sent.stderr], [0, ""]);
  const got = (await Deno.readTextFile(`${server.folder}/mail`)).replaceAll("\r\n", "\n");
  assert(got.endsWith(mail.replaceAll("\r\n", "\n")), got.slice(0, 200));
});

protocol(
  "SSH: a command with input and output in bulk",
  ["sshd", "ssh", "ssh-keygen"],
  async () => {
    await using server = await Server.start(async (port, folder) => {
      for (const name of ["host", "user"]) {
        await runInstalled("ssh-keygen", [
          "-q",
          "-t",
          "ed25519",
          "-N",
          "",
          "-f",
          `${folder}/${name}`,
        ]);
      }
      await Deno.copyFile(`${folder}/user.pub`, `${folder}/authorized`);
      await Deno.mkdir("/run/sshd", { recursive: true }).catch(() => {});
      const options = {
        ListenAddress: "127.0.0.1",
        Port: String(port),
        HostKey: `${folder}/host`,
        AuthorizedKeysFile: `${folder}/authorized`,
        PidFile: "none",
        StrictModes: "no",
        UsePAM: "no",
        PermitRootLogin: "yes",
      };
      const words = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
      return [findProgram("sshd") ?? "", "-D", "-f", "/dev/null", ...words];
    });
    await using balance = await startInstance([server.port]);
    const input = "0123456789abcde\n".repeat(100_000);
    const { code, stdout, stderr } = await runInstalled("ssh", [
      ...["-F", "/dev/null", "-p", String(balance.port), "-i", `${server.folder}/user`],
      ...[
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "LogLevel=ERROR",
      ],
      ...["-o", "BatchMode=yes", "127.0.0.1", "cat; exit 7"],
    ], { stdin: input });
    assertEquals([code, stderr, stdout.length], [7, "", input.length]);
    assertEquals(decoder.decode(stdout) === input, true);
  },
  [account()],
);
