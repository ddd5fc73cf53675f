/**
 * Everything that an instance must have before it runs, in the classic's order, which decides the error that wins.
 *
 * @module
 */
import { type Endpoint, formatHost } from "../core/net/socket_address.ts";
import { EXIT, ExitError } from "../core/errors.ts";
import { MAX_WORKERS, type Options } from "../core/command_line/options.ts";
import { type ClientMemory, createClientMemory } from "../core/edge/client_counts.ts";
import { groupMethods, parseGroups, parsePort, type Port } from "../core/command_line/spec.ts";
import type { Services } from "../core/net/services.ts";
import { apply } from "../core/table/change.ts";
import { createTable, type Table } from "../core/table/schema.ts";
import { viewTable } from "../core/table/view.ts";
import { printable } from "../core/text.ts";
import { checkPlace, type ControlPath } from "../control/control_socket.ts";
import { type EngineConfig, engineConfigOf, type ListenAddress } from "../traffic/engine_config.ts";
import { type HttpPlace, openHttp } from "./http_place.ts";
import { chooseEngine, codeFolder, startNative } from "./engine_choice.ts";
import { checkActivation } from "./activation.ts";
import { bindOrTry } from "./port.ts";
import { type NativeStart, openSocket } from "./native_start.ts";
import { type LogFile, openLogFile } from "./log_file.ts";
import { granted, userId } from "../system/permissions.ts";
import { readIpAddress } from "../backends/addresses.ts";
import { Directory } from "../backends/directory.ts";
import { type Filled, fillTable, locate } from "../backends/fill.ts";
import { Lookups } from "../backends/lookups.ts";
import type { Backends } from "../backends/membership.ts";
import {
  type LateServices,
  openServices,
  resolveBind,
  resolverError,
} from "../backends/resolve.ts";
import type { NativeThreads } from "../workers/native_threads.ts";
import { allReadOnly, lstat, prepareRunDir, socketPath } from "../control/run_dir.ts";

/** Where the words of a start go: to the terminal, or to whoever waits for a background start. */
export interface StartOutput {
  /** One line for stdout. */
  out(line: string): void;
  /** One line for stderr. */
  err(line: string): void;
  /** The instance listens and can be controlled; nothing is said after this. */
  ready(): Promise<void>;
}

/** What {@link startUp} has made ready. */
export interface Startup {
  /** The command line, its paths absolute. */
  readonly options: Options;
  /** Where it listens. */
  readonly address: ListenAddress;
  /** The bound socket, for one worker on the runtime's sockets; several bind their own ones. */
  readonly listener: Deno.TcpListener | undefined;
  /** Where HTTP is served, bound, if it is. */
  readonly http: HttpPlace | undefined;
  /** The native engine, if that one relays. */
  readonly native: NativeStart | undefined;
  /** The channel table, filled from the command line. */
  readonly table: Table;
  /** What its engines are asked to do. */
  readonly config: EngineConfig;
  /** Where it is controlled from, if it can be. */
  readonly control: ControlPath | undefined;
  /** Names that may stand for a port. */
  readonly services: LateServices;
  /** The file of `--log-file`, open. */
  readonly logFile: LogFile | undefined;
  /** What channels are looked up and changed with. */
  readonly backends: Backends;
  /** What filling the table has left to do. */
  readonly filled: Filled;
}

/**
 * Makes an instance ready to run: its port bound, its destinations resolved, nobody at its control socket's place.
 *
 * @throws {ExitError} When it cannot be; nothing is left behind then.
 */
export async function startUp(given: Options, output: StartOutput): Promise<Startup> {
  const options = withAbsolutePaths(given);
  const services = openServices();
  const port = parsePort(options.port, services);
  const control = findControlPath(options, port, output);
  traceStart(options, port, control?.path, output);
  if (!port.valid) throw resolverError("Servname not supported for ai_socktype");
  const workers = workerCount(options, output);
  const engine = chooseEngine(options);
  checkActivation(engine.name);
  if (engine.notice !== undefined) output.err(engine.notice);
  const start = (): NativeThreads | undefined =>
    startNative(engine, workers, unixSockets(options, port.number, services));
  // Before the first stranger is heard: a name server, or who has the port. Else behind the port, for which clients wait.
  const hears = options.takeover ||
    (options.bind !== undefined && readIpAddress(options.bind) === undefined);
  const early = hears ? start() : undefined;
  const address = { hostname: await resolveBind(options.bind, options.ipv6), port: port.number };
  if (options.debug) output.err(`using ${options.ipv6 ? "AF_INET6" : "AF_UNSPEC"}`);
  const socket = engine.name === "native"
    ? await openSocket(engine.libc, { options, address, control })
    : undefined;
  const threads = hears ? early : start();
  const native = engine.name === "native" && socket !== undefined && threads !== undefined
    ? { libc: engine.libc, threads, ...socket }
    : undefined;
  const takeover = native?.takeover;
  const http = options.http && await openHttp(options.http, takeover !== undefined);
  const listener = native === undefined ? bindOrTry(address, workers === 1) : undefined;
  const groups = parseGroups(options.destinations, port.number, services);
  if (control !== undefined && takeover === undefined) await checkPlace(control.path, control.uid);
  const table = createTable(workers);
  for (const [group, method] of groupMethods(groups, options.methods).entries()) {
    apply(table, [{ kind: "method", group, method }]);
  }
  const backends = { table, directory: new Directory(), lookups: new Lookups(options.dns) };
  const filled = await fillTable(groups, backends, options.startUnresolved);
  const config = await engineConfig(options, workers);
  const logFile = options.logFile === undefined ? undefined : openLogFile(options.logFile);
  if (options.debug) traceChannels(table, output);
  return {
    options,
    address,
    listener,
    http,
    native,
    table,
    config,
    control,
    services,
    logFile,
    backends,
    filled,
  };
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
function findControlPath(
  options: Options,
  port: Port,
  output: StartOutput,
): ControlPath | undefined {
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
  const { foreground, runDir } = options;
  if (foreground && runDir === undefined && allReadOnly(uid)) {
    output.err("balance: no control socket: the file system is read-only");
    return undefined;
  }
  const dir = prepareRunDir(runDir, uid);
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
  for (const { group, channel, endpoint, port, maxc } of viewTable(table)) {
    const numbers = `${String(group).padStart(3)} ${String(channel).padStart(2)}`;
    output.err(`${numbers} ${formatHost(endpoint)}:${port}:${maxc}`);
  }
}

/** The Unix sockets among the destinations that may be connected to; what is wrong with the others is told later. */
function unixSockets(
  { destinations }: Options,
  port: number,
  services: Services,
): string[] {
  try {
    return parseGroups(destinations, port, services).flatMap((group) => group.destinations)
      .flatMap(({ address: { kind, text } }) => kind === "unix" ? [text] : [])
      .filter((path) => granted({ name: "read", path }) && granted({ name: "write", path }));
  } catch {
    return [];
  }
}

function workerCount(options: Options, output: StartOutput): number {
  const wanted = options.workers === 0
    ? Math.min(navigator.hardwareConcurrency, MAX_WORKERS)
    : options.workers;
  if (wanted === 1) return 1;
  const why = Deno.build.os !== "linux"
    ? "the system does not share a port among threads"
    : options.packetdump
    ? "the packet dump (-p) uses one"
    : !granted({ name: "read", path: codeFolder() })
    ? "workers need --allow-read"
    : undefined;
  if (why === undefined) return wanted;
  output.err(`balance: one worker instead of ${wanted}: ${why}`);
  return 1;
}

/** Where connections by client are counted; nobody outside knows which ones share a set. */
function clientMemory(workers: number): ClientMemory {
  const [secret = 0] = crypto.getRandomValues(new Int32Array(1));
  return createClientMemory(workers, secret);
}

async function engineConfig(options: Options, workers: number): Promise<EngineConfig> {
  const { source, logConnections, edge: { timeouts } } = options;
  return engineConfigOf(options, {
    source: source === undefined ? undefined : formatHost(await resolveSource(source)),
    logConnections,
    edge: { timeouts, clients: clientMemory(workers) },
  });
}

/** The address of `-B`, which no name server of one's own is asked for. */
async function resolveSource(text: string): Promise<Endpoint> {
  const endpoint = readIpAddress(text) ?? await locate({ kind: "host", text }, new Lookups());
  if (endpoint !== undefined) return endpoint;
  throw new ExitError(EXIT.data, `unknown or invalid address [${printable(text)}]`);
}
