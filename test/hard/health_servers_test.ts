/**
 * Checks of real servers: they are seen to fail and to come back, and none of them logs a reset because of us.
 *
 * Servers are the distribution's: nginx-light, redis-server, postgresql, msmtp-mta. Each part is left out when its programs
 * are missing.
 *
 * @module
 */
import { runInstalled, Server, startPostgres } from "../kit/servers.ts";
import type { Instance } from "../kit/instance.ts";
import { startInstance } from "../kit/start.ts";
import { eventually } from "../kit/wait.ts";
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { account, installed, needing } from "../kit/needs.ts";

function withServers(name: string, programs: readonly string[], fn: () => Promise<void>): void {
  const needs = programs.includes("initdb") ? [account()] : [];
  Deno.test(needing([...needs, ...programs.map(installed)], name), fn);
}

/** Quick checks: the tests wait for what they find. */
const QUICK = ["--check-interval", "0.2", "--check-fall", "2"];
const decoder = new TextDecoder();

/** Waits until the S column of the first channels reads as wanted. */
async function shows(balance: Instance, ...wanted: string[]): Promise<void> {
  await eventually(
    async () => {
      const lines = (await balance.ask("show")).trimEnd().split("\n").slice(1);
      const states = lines.map((line) => line.trim().split(/\s+/)[3]);
      return wanted.join() === states.join();
    },
    `show with ${wanted.join(" ")}`,
    20_000,
  );
}

function startNginx(name: string): Promise<Server> {
  return Server.start(async (port, folder) => {
    await Deno.writeTextFile(
      `${folder}/conf`,
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/log info;
       events {} http { access_log ${folder}/access; client_body_temp_path ${folder}; proxy_temp_path ${folder};
       fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
       server { listen 127.0.0.1:${port}; location / {
         if (-f ${folder}/ill) { return 503; } return 200 ${name}; } } }`,
    );
    return ["nginx", "-p", folder, "-c", `${folder}/conf`];
  });
}

for (const workers of [1, 2]) {
  withServers(
    `nginx answers 200, then 503, then 200: its clients go elsewhere meanwhile (--workers ${workers})`,
    ["nginx", "curl"],
    async () => {
      await using one = await startNginx("one");
      await using two = await startNginx("two");
      await using balance = await startInstance([one.port, two.port], {
        options: ["--check", "http:/up", ...QUICK, "--workers", String(workers)],
      });
      const ask = async (): Promise<string> => {
        const url = `http://127.0.0.1:${balance.port}/`;
        return decoder.decode(
          (await runInstalled("curl", ["-sS", "--max-time", "10", url])).stdout,
        );
      };
      const several = async (): Promise<string> => {
        const answers = new Set<string>();
        for (let client = 0; client < 6; client++) answers.add(await ask());
        return [...answers].toSorted().join(" ");
      };
      assertEquals(await several(), "one two");
      await Deno.writeTextFile(`${one.folder}/ill`, "");
      await shows(balance, "down", "ENA");
      assertEquals(await several(), "two");
      await Deno.remove(`${one.folder}/ill`);
      await shows(balance, "ENA", "ENA");
      assertEquals(await several(), "one two");
      const lines = balance.stderr.text.trim().split("\n");
      assert(
        /^channel 0\.0 \S+ down: http 503 \(2 of 2\), was up \d+s$/.test(lines[0] ?? ""),
        lines[0],
      );
      assert(
        /^channel 0\.0 \S+ up: http 200 \(2 of 2\), was down \d+s$/.test(lines[1] ?? ""),
        lines[1],
      );
      for (const { folder } of [one, two]) {
        const said = await Deno.readTextFile(`${folder}/log`);
        assert(!/reset|prematurely|broken pipe/i.test(said), said);
        assertStringIncludes(await Deno.readTextFile(`${folder}/access`), '"GET /up HTTP/1.1" 200');
      }
    },
  );
}

withServers("Redis is asked PING: one that wants a password first is down", [
  "redis-server",
  "redis-cli",
], async () => {
  await using server = await Server.start((port, folder) =>
    Promise.resolve([
      ...["redis-server", "--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
      ...["--save", "", "--appendonly", "no", "--loglevel", "debug", "--logfile", `${folder}/log`],
    ])
  );
  const cli = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await runInstalled("redis-cli", ["-p", String(server.port), ...args]);
    assertEquals(code, 0, stderr);
  };
  await using balance = await startInstance([server.port], {
    options: [
      ...["--check-send", "PING\\r\\n", "--check-expect", "+PONG\\r\\n", "--check-timeout", "0.3"],
      ...QUICK,
    ],
  });
  await eventually(
    async () => (await balance.ask("health")).includes("expected answer"),
    "a good check",
  );
  await cli("config", "set", "requirepass", "secret");
  await shows(balance, "down");
  await cli("-a", "secret", "config", "set", "requirepass", "");
  await shows(balance, "ENA");
  assertStringIncludes(balance.stderr.text, "down: timed out (2 of 2), was up ");
  const said = await Deno.readTextFile(`${server.folder}/log`);
  assert(!/reset by peer|broken pipe/i.test(said), said);
});

withServers(
  "PostgreSQL that is stopped is down, and --cut-down ends its connections; continued it comes back",
  ["initdb", "postgres", "psql"],
  async () => {
    await using server = await startPostgres((folder) => [
      "logging_collector=on",
      `log_directory=${folder}`,
      "log_filename=log",
      "log_min_messages=debug1",
    ]);
    // Its answer to the question for TLS, which it has not: one letter, before anybody logs in.
    const question = "\\0\\0\\0\\x08\\x04\\xd2\\x16\\x2f";
    await using balance = await startInstance([server.port], {
      options: [
        ...[
          "--check-send",
          question,
          "--check-expect",
          "N",
          "--check-timeout",
          "0.3",
          "--cut-down",
        ],
        ...[...QUICK, "--when-down", "close"],
      ],
    });
    await eventually(
      async () => (await balance.ask("health")).includes("expected answer"),
      "a good check",
    );
    const url = `postgresql://postgres@127.0.0.1:${balance.port}/postgres`;
    const sleeping = runInstalled("psql", [url, "-qAtXc", "select pg_sleep(60)"]);
    await eventually(async () => (await balance.show())[0]?.c === 1, "the connection");
    Deno.kill(server.pid, "SIGSTOP");
    try {
      await shows(balance, "down");
      const { code, stderr } = await sleeping;
      assertEquals(code, 2, stderr);
      assertStringIncludes(stderr, "server closed the connection unexpectedly");
    } finally {
      Deno.kill(server.pid, "SIGCONT");
    }
    await shows(balance, "ENA");
    const back = await runInstalled("psql", [url, "-qAtXc", "select 7"]);
    assertEquals(decoder.decode(back.stdout), "7\n", back.stderr);
    const said = await Deno.readTextFile(`${server.folder}/log`);
    const ours = said.split("\n").filter((line) => /reset by peer|broken pipe/i.test(line));
    // The connection that was cut is not a check's.
    assert(ours.length <= 1, ours.join("\n"));
  },
);

withServers("SMTP is known by its greeting", ["msmtpd"], async () => {
  await using server = await Server.start((port) =>
    Promise.resolve([
      "msmtpd",
      "--interface=127.0.0.1",
      `--port=${port}`,
      "--command=cat >/dev/null; true",
    ])
  );
  await using balance = await startInstance([server.port], {
    options: ["--check-expect", "220 ", ...QUICK],
  });
  await eventually(
    async () => (await balance.ask("health")).includes("expected answer"),
    "a good check",
  );
  await shows(balance, "ENA");
  assertStringIncludes(await balance.ask("health"), "dialogue");
});
