/**
 * How many clients a backend costs that hangs: three web servers, one of them stopped while clients come.
 *
 * A stopped server still completes connects (the system does), so no failover helps: only a check that wants an answer
 * does. Clients come at an even pace; one that has no answer within its patience is lost. Every candidate is measured
 * in turn, several times, the moment of the stop moved through the check interval.
 *
 * `deno task bench:hung` after `deno task compile`; `BALANCE_REF` names a binary of balance 3.54.
 *
 * @module
 */
import { freePort } from "../kit/ports.ts";
import { sleep } from "../kit/wait.ts";
import { fileURLToPath } from "node:url";
import { Processes, type Running, untilListening } from "./processes.ts";
import { runProgram } from "./run_program.ts";
import { print } from "./terminal.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BACKENDS = 3;
const INTERVAL_MS = 1000;
const CHECK_TIMEOUT_MS = 500;
const CLIENTS_PER_SECOND = 60;
const PATIENCE_MS = 1500;
/** How long clients come after the stop. */
const AFTER_MS = 6000;
const ROUNDS = 4;

/** A program under test: its command line for a port and backends, and its configuration if it needs one. */
interface Subject {
  readonly name: string;
  command(port: number, backends: readonly number[]): { argv: string[]; config?: string };
}

/** What a stop cost. */
interface Cost {
  /** Clients without an answer. */
  readonly lost: number;
  /** From the stop to the coming of the last of them, in ms. */
  readonly untilMs: number;
}

function balanceWith(
  name: string,
  options: readonly string[],
  path = `${ROOT}dist/balance`,
): Subject {
  return {
    name,
    command: (port, backends) => ({
      argv: [
        ...[path, "-f", "-b", "127.0.0.1", ...options, `${port}`],
        ...backends.map((backend) => `127.0.0.1:${backend}`),
      ],
    }),
  };
}

const CHECK = [
  "--check",
  "http:/",
  "--check-interval",
  `${INTERVAL_MS / 1000}`,
  "--check-timeout",
  `${CHECK_TIMEOUT_MS / 1000}`,
];

function haproxyWith(path: string, fall: number): Subject {
  return {
    name: `haproxy, option httpchk inter 1s fall ${fall}`,
    command: (port, backends) => ({
      argv: [path, "-f", "{file}", "-db"],
      config: `global
  maxconn 2000
  nbthread 1
defaults
  mode tcp
  balance roundrobin
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout check ${CHECK_TIMEOUT_MS}ms
listen bench
  bind 127.0.0.1:${port}
  option httpchk GET /
${
        backends.map((backend, at) =>
          `  server s${at} 127.0.0.1:${backend} check inter ${INTERVAL_MS}ms fall ${fall} rise 1`
        ).join("\n")
      }
`,
    }),
  };
}

async function subjects(processes: Processes): Promise<Subject[]> {
  const found = await processes.run(["sh", "-c", "command -v haproxy || true"]);
  const haproxy = found.stdout.trim();
  const classic = Deno.env.get("BALANCE_REF");
  return [
    balanceWith("balance, --check http:/ --check-fall 1", [...CHECK, "--check-fall", "1"]),
    ...(haproxy === "" ? [] : [haproxyWith(haproxy, 1)]),
    balanceWith("balance, --check http:/ --check-fall 3", [...CHECK, "--check-fall", "3"]),
    ...(haproxy === "" ? [] : [haproxyWith(haproxy, 3)]),
    balanceWith("balance without checks", []),
    ...(classic === undefined ? [] : [balanceWith("classic", [], classic)]),
  ];
}

/** Whether a client gets an answer in time. */
async function isServed(port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const connection = await Deno.connect({ hostname: "127.0.0.1", port, signal });
    signal.addEventListener("abort", () => {
      try {
        connection.close();
      } catch {
        // Closed before.
      }
    });
    await connection.write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
    const count = await connection.read(new Uint8Array(1024));
    if (!signal.aborted) connection.close();
    return count !== null;
  } catch {
    return false;
  }
}

/** Stops a backend while clients come. */
async function measure(port: number, backend: Running, phaseMs: number): Promise<Cost> {
  await sleep(2 * INTERVAL_MS + phaseMs);
  Deno.kill(backend.pid, "SIGSTOP");
  const stopped = performance.now();
  const clients: Promise<{ served: boolean; atMs: number }>[] = [];
  try {
    for (let client = 0; client * 1000 / CLIENTS_PER_SECOND < AFTER_MS; client++) {
      const atMs = client * 1000 / CLIENTS_PER_SECOND;
      await sleep(Math.max(0, stopped + atMs - performance.now()));
      clients.push(isServed(port).then((served) => ({ served, atMs })));
    }
    const lost = (await Promise.all(clients)).filter(({ served }) => !served);
    return { lost: lost.length, untilMs: Math.max(0, ...lost.map(({ atMs }) => atMs)) };
  } finally {
    Deno.kill(backend.pid, "SIGCONT");
  }
}

async function startBackend(processes: Processes): Promise<{ port: number; running: Running }> {
  const port = freePort();
  const script = `${ROOT}test/bench/hung_backend.ts`;
  const running = processes.start([Deno.execPath(), "run", "-A", "--no-config", script, `${port}`]);
  await untilListening(port, running);
  return { port, running };
}

/** One run of one program. */
async function runOnce(processes: Processes, subject: Subject, round: number): Promise<Cost> {
  const backends = [];
  for (let count = 0; count < BACKENDS; count++) backends.push(await startBackend(processes));
  const port = freePort();
  const { argv, config } = subject.command(port, backends.map((backend) => backend.port));
  const file = await Deno.makeTempFile({ prefix: "balance-bench-" });
  if (config !== undefined) await Deno.writeTextFile(file, config);
  const running = processes.start(argv.map((word) => word.replace("{file}", file)));
  await untilListening(port, running);
  const [, , last] = backends;
  if (last === undefined) throw new Error("Cannot stop a backend: there is none");
  const cost = await measure(port, last.running, INTERVAL_MS * round / ROUNDS);
  await processes.stop(running);
  for (const backend of backends) await processes.stop(backend.running);
  await Deno.remove(file);
  return cost;
}

async function main(processes: Processes): Promise<void> {
  const share = CLIENTS_PER_SECOND / BACKENDS * INTERVAL_MS / 1000;
  print(
    `${CLIENTS_PER_SECOND} clients a second on ${BACKENDS} servers: a server gets ${share} in a check ` +
      `interval of ${INTERVAL_MS} ms. Check timeout ${CHECK_TIMEOUT_MS} ms; ${ROUNDS} rounds each.\n\n` +
      "| program | clients lost | the last one came after, ms |\n| --- | ---: | ---: |\n",
  );
  for (const subject of await subjects(processes)) {
    const costs: Cost[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      costs.push(await runOnce(processes, subject, round));
    }
    const lost = costs.map((cost) => cost.lost).join(", ");
    const until = costs.map((cost) => Math.round(cost.untilMs)).join(", ");
    print(`| ${subject.name} | ${lost} | ${until} |`);
  }
}

if (import.meta.main) Deno.exit(await runProgram(main));
