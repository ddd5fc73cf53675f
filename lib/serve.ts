/**
 * An instance's life: start-up in the classic's order (it decides which error wins), running, draining.
 *
 * @module
 */
import { formatIpv4 } from "./core/address.ts";
import { EXIT, ExitError } from "./core/errors.ts";
import type { Options } from "./core/options.ts";
import { type GroupSpec, MAX_CHANNELS, parseGroups, parsePort, type Port } from "./core/spec.ts";
import { apply, createTable, type Table, viewTable } from "./core/table.ts";
import { printable } from "./core/text.ts";
import { ControlServer, listenControl } from "./control.ts";
import { type Crew, SoloCrew, WorkerCrew } from "./crew.ts";
import type { EngineConfig } from "./engine.ts";
import { bind, type ListenAddress } from "./listen.ts";
import { Log, type LogTarget } from "./log.ts";
import { granted, narrow, userId } from "./permissions.ts";
import {
  type LateServices,
  openServices,
  requireNet,
  resolveBind,
  resolveIpv4,
  resolverError,
} from "./resolve.ts";
import { clearPlace, lstat, prepareRunDir, socketPath } from "./run_dir.ts";
import { SYSLOG_SOCKET } from "./syslog.ts";

/** Where the words of a start go: to the terminal, or to whoever waits for a background start. */
export interface StartOutput {
  /** One line for stdout. */
  out(line: string): void;
  /** One line for stderr. */
  err(line: string): void;
  /** The instance listens and can be controlled; nothing is said after this. */
  ready(): Promise<void>;
}

/** Where an instance is controlled from; undefined where it cannot be. */
interface ControlPlace {
  readonly path: string;
  readonly dir: string;
  readonly uid: number;
}

/**
 * Runs an instance until it has been ended and drained.
 *
 * @throws {ExitError} When it cannot start; nothing is left behind then.
 */
export async function serve(given: Options, output: StartOutput): Promise<void> {
  const options = withAbsolutePaths(given);
  const services = openServices();
  const port = parsePort(options.port, services);
  const control = placeControl(options, port, output);
  traceStart(options, port, control?.path, output);
  if (!port.valid) throw resolverError("Servname not supported for ai_socktype");
  const address = { hostname: await resolveBind(options.bind, options.ipv6), port: port.number };
  if (options.debug) output.err(`using ${options.ipv6 ? "AF_INET6" : "AF_UNSPEC"}`);
  const workers = workerCount(options, output);
  const listener = bind(address, false);
  const groups = parseGroups(options.destinations, port.number, services);
  const table = createTable(workers);
  await fillTable(table, groups);
  const config = await engineConfig(options);
  if (options.logFile !== undefined) requireWritable(options.logFile);
  if (control !== undefined) await clearPlace(control.path, control.uid);
  if (options.debug) traceChannels(table, output);
  await run(options, { address, listener, table, config, control, services, output });
}

interface Prepared {
  readonly address: ListenAddress;
  readonly listener: Deno.TcpListener;
  readonly table: Table;
  readonly config: EngineConfig;
  readonly control: ControlPlace | undefined;
  readonly services: LateServices;
  readonly output: StartOutput;
}

async function run(options: Options, prepared: Prepared): Promise<void> {
  const { table, control, output } = prepared;
  const log = openLog(options, control?.dir);
  if (options.debug) await log.open();
  const crew = await startCrew(options, prepared, log);
  let server: ControlServer | undefined;
  const stop = async (): Promise<void> => {
    server?.close();
    if (options.drain !== undefined) setTimeout(() => crew.endAll(), options.drain * 1000);
    await crew.stopListening();
  };
  if (control !== undefined) {
    server = new ControlServer(listenControl(control.path), {
      table,
      services: prepared.services,
      workers: () => crew.views(),
      resolve: resolveForOperator,
      kill: stop,
    });
  }
  const serving = server?.run();
  watchSignals(options, stop);
  watchMishaps(log);
  if (!options.foreground) Deno.chdir("/");
  // Operators may name ports for as long as the instance runs.
  prepared.services.load();
  narrowPermissions(options, control);
  await output.ready();
  await crew.done;
  server?.dropOthers();
  await serving;
}

function startCrew(options: Options, prepared: Prepared, log: Log): Promise<Crew> | Crew {
  const { address, listener, table, config } = prepared;
  if (table.workers === 1) {
    const dumpTo = options.packetdump && options.foreground ? Deno.stdout : undefined;
    return new SoloCrew(listener, config, table, log, dumpTo);
  }
  // The workers' own listeners share the address, which this one does not: it has done its duty as the lock.
  listener.close();
  const crew = new WorkerCrew(address, config, table, log);
  return crew.start().then(() => crew);
}

/** A background instance leaves the folder that relative paths are meant from. */
function withAbsolutePaths(options: Options): Options {
  const { runDir, logFile } = options;
  return {
    ...options,
    runDir: runDir === undefined ? undefined : absolute(runDir),
    logFile: logFile === undefined ? undefined : absolute(logFile),
  };
}

function absolute(path: string): string {
  return path.startsWith("/") || Deno.build.os === "windows" ? path : `${Deno.cwd()}/${path}`;
}

/** Finds the control socket's place; without the permissions an instance runs uncontrolled, and says so. */
function placeControl(
  options: Options,
  port: Port,
  output: StartOutput,
): ControlPlace | undefined {
  const uid = userId();
  if (
    uid === undefined || !granted({ name: "read", path: "/" }) ||
    !granted({ name: "write", path: "/" })
  ) {
    output.err(
      Deno.build.os === "windows"
        ? "balance: no control socket on this platform"
        : "balance: no control socket and no background without " +
          "--allow-read=/ --allow-write=/ --allow-sys --allow-run --allow-env",
    );
    return undefined;
  }
  const dir = prepareRunDir(options.runDir, uid);
  return { dir, uid, path: socketPath(dir, port.number, options.bind) };
}

function traceStart(
  options: Options,
  port: Port,
  path: string | undefined,
  output: StartOutput,
): void {
  if (!options.debug) return;
  output.out("argv[0]=balance");
  output.out(`bindhost=${options.bind === undefined ? "NULL" : printable(options.bind)}`);
  output.err(`source port ${port.number}`);
  if (path === undefined) return;
  output.err(`file ${printable(path)} ${lstat(path) === undefined ? "created" : "already exists"}`);
}

function traceChannels(table: Table, output: StartOutput): void {
  output.err("the following channels are active:");
  for (const { group, channel, address, port, maxc } of viewTable(table)) {
    const numbers = `${String(group).padStart(3)} ${String(channel).padStart(2)}`;
    output.err(`${numbers} ${formatIpv4(address)}:${port}:${maxc}`);
  }
}

function workerCount(options: Options, output: StartOutput): number {
  const wanted = options.workers === 0
    ? Math.min(navigator.hardwareConcurrency, MAX_CHANNELS)
    : options.workers;
  if (wanted === 1) return 1;
  const why = Deno.build.os !== "linux"
    ? "the system does not share a port among threads"
    : options.packetdump
    ? "the packet dump (-p) uses one"
    : undefined;
  if (why === undefined) return wanted;
  output.err(`balance: one worker instead of ${wanted}: ${why}`);
  return 1;
}

async function fillTable(table: Table, groups: readonly GroupSpec[]): Promise<void> {
  const known = new Map<string, number>();
  for (const [group, { type, destinations }] of groups.entries()) {
    apply(table, [{ kind: "type", group, type }]);
    for (const { host, port, maxc } of destinations) {
      const address = known.get(host) ?? await resolveOrFail(host);
      known.set(host, address);
      requireNet(host, formatIpv4(address), port);
      apply(table, [{ kind: "create", group, address, port, maxc, enabled: true }]);
    }
  }
}

async function resolveOrFail(host: string): Promise<number> {
  const address = await resolveIpv4(host);
  if (address !== undefined) return address;
  throw new ExitError(EXIT.data, `unknown or invalid address [${printable(host)}]`);
}

/** A host that an operator names: one that may not be connected to is as good as unknown. */
async function resolveForOperator(host: string): Promise<number | null> {
  const address = await resolveIpv4(host);
  if (address === undefined || !granted({ name: "net", host: formatIpv4(address) })) return null;
  return address;
}

async function engineConfig(options: Options): Promise<EngineConfig> {
  const { connectTimeout, idleTimeout, autodisable, hashFailover, source, logConnections } =
    options;
  const address = source === undefined ? undefined : formatIpv4(await resolveOrFail(source));
  return {
    connectTimeout,
    idleTimeout,
    autodisable,
    hashFailover,
    logConnections,
    source: address,
  };
}

function openLog(options: Options, runDir: string | undefined): Log {
  const asked = options.logFile !== undefined || options.logConnections;
  const threshold = options.foreground || asked ? "info" : "notice";
  return new Log(logTarget(options, runDir), threshold, options.debug && options.foreground);
}

function logTarget(options: Options, runDir: string | undefined): LogTarget {
  if (options.logFile !== undefined) return { kind: "file", path: options.logFile };
  if (options.foreground) return { kind: "stderr" };
  if (runDir === undefined || lstat(SYSLOG_SOCKET) === undefined) return { kind: "none" };
  return { kind: "syslog", folder: runDir };
}

function requireWritable(file: string): void {
  try {
    Deno.openSync(file, { append: true, create: true }).close();
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/ \(os error.*$/s, "") : "";
    throw new ExitError(EXIT.os, `balance: cannot write log file ${printable(file)}: ${why}`);
  }
}

function narrowPermissions(options: Options, control: ControlPlace | undefined): void {
  const folders = control === undefined ? [] : [control.dir];
  if (options.logFile !== undefined) folders.push(parentOf(options.logFile));
  narrow(folders, options.foreground ? [] : [SYSLOG_SOCKET]);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

/** SIGQUIT drains, with `--drain` SIGTERM too; SIGUSR1, the classic's liveness probe, does nothing. */
function watchSignals(options: Options, stop: () => Promise<void>): void {
  if (Deno.build.os === "windows") return;
  Deno.addSignalListener("SIGUSR1", () => {});
  Deno.addSignalListener("SIGQUIT", stop);
  if (options.drain !== undefined) Deno.addSignalListener("SIGTERM", stop);
}

/** The last net: a mistake in one task is logged, and the others go on. */
function watchMishaps(log: Log): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.log("error", "internal error", { reason: String(event.reason) });
  });
}
