/**
 * An instance's life: started, running, draining.
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import type { Options } from "../core/command_line/options.ts";
import { unixPaths } from "../core/table/view.ts";
import { HOSTS_FILE } from "../backends/lookups.ts";
import { ControlServer } from "../control/server.ts";
import {
  type ControlSocket,
  makeControlSocket,
  takeControlSocket,
} from "../control/control_socket.ts";
import { DescriptorWatch } from "../system/descriptors.ts";
import type { LineWriter } from "../core/events.ts";
import type { HttpService } from "./http.ts";
import { Handover } from "./handover.ts";
import { Events } from "./events.ts";
import { Log, type LogTarget } from "./log.ts";
import { dropPermissions, variable } from "../system/permissions.ts";
import { isJournalOnStderr } from "../system/journal.ts";
import { LiveSettings } from "./live_settings.ts";
import { within } from "../system/time_limit.ts";
import { type SocketWatch, watchControlSocket } from "../control/socket_watch.ts";
import { codeFolder } from "./engine_choice.ts";
import { nameChannels, watchNames } from "./names.ts";
import { FirstProcess, watchSignals } from "./signals.ts";
import { operationOf } from "./operation.ts";
import { type StartOutput, type Startup, startUp } from "./start.ts";
import { Health } from "../backends/health.ts";
import { lstat } from "../control/run_dir.ts";
import { findServiceManager, openServiceManager } from "./service_manager.ts";
import { sendSocket, startWorkers } from "./threads.ts";
import { SYSLOG_SOCKET } from "./syslog.ts";

/**
 * Runs an instance until it has been ended and drained.
 *
 * @param version The program's.
 * @returns Exit code.
 * @throws {ExitError} When it cannot start; nothing is left behind then.
 */
export async function serve(
  options: Options,
  output: StartOutput,
  version: string,
): Promise<number> {
  // The classic's liveness probe, which may come as soon as the port is bound.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGUSR1", () => {});
  const first = Deno.pid === 1 ? new FirstProcess() : undefined;
  const life = startUp(options, output).then((startup) => run(startup, output, version, first));
  const drained = life.then(() => EXIT.ok);
  return await (first === undefined ? drained : Promise.race([drained, first.ended]));
}

/** What a timer can count, in ms: 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Time that the last answer may take, in ms. */
const LAST_ANSWER_MS = 1000;

async function run(
  startup: Startup,
  output: StartOutput,
  version: string,
  first: FirstProcess | undefined,
): Promise<void> {
  const { options, control, native } = startup;
  const takeover = native?.takeover;
  const log = await openLog(startup);
  const events = new Events(log);
  if (options.debug) await log.open();
  // A start that fails takes its socket away.
  using closing = new DisposableStack();
  const makeSocket = async (): Promise<ControlSocket | undefined> => {
    if (control === undefined) return undefined;
    return closing.use(
      takeover === undefined
        ? await makeControlSocket(control)
        : await takeControlSocket(control, takeover.pid),
    );
  };
  // Where another instance has it, it is taken when everything else is ready.
  const early = takeover === undefined ? await makeSocket() : undefined;
  using descriptors = new DescriptorWatch(
    nameChannels(events, startup.backends.directory),
    control?.dir,
  );
  using health = openHealth(startup, events);
  const names = watchNames(startup, events, health);
  descriptors.connectFailed = (slot) => names.connectFailed(slot);
  descriptors.seen = (sight) => health.seen(sight);
  const { workers, begin, reclaim } = await startWorkers(startup, descriptors);
  descriptors.guard(workers);
  using settings = new LiveSettings({ startup, workers, health, names, log: events });
  let server: ControlServer | undefined;
  let http: HttpService | undefined;
  let watch: SocketWatch | undefined;
  using manager = openServiceManager(startup, events);
  let stopping = false;
  const stop = async (): Promise<void> => {
    stopping = true;
    manager?.stopping();
    watch?.[Symbol.dispose]();
    names[Symbol.dispose]();
    const released = server?.close();
    const { drain } = settings;
    if (drain !== undefined) {
      setTimeout(() => workers.endAll(), Math.min(drain * 1000, LONGEST_TIMER_MS));
    }
    await Promise.all([released, workers.stopListening()]);
  };
  const kill = (): Promise<void> => {
    // An operator who ends an instance makes room for the next one, which may have the same places.
    http?.close();
    return stop();
  };
  const handover = new Handover({
    send: (offer) => sendSocket(startup, offer, manager),
    expect: () => watch?.pause(),
    release: () => http?.close(),
    restore: () => {
      reclaim();
      watch?.resume();
      http?.reopen();
    },
    finish: () => {
      manager?.handOver();
      return kill();
    },
    leave: async (pid) => await manager?.succeeded(pid),
    log: events,
  });
  const operation = operationOf({
    startup,
    version,
    workers,
    health,
    names,
    settings,
    events,
    kill,
    successor: () => handover.successor(),
  });
  if (startup.http !== undefined) {
    // Loaded for whoever wants it: with the dashboard it is a third of the program.
    const { HttpService } = await import("./http.ts");
    if (startup.http.listener === undefined) await takeover?.release();
    http = new HttpService(startup.http, operation, events);
  }
  const socket = early ?? await makeSocket();
  if (socket !== undefined) server = new ControlServer(socket, operation);
  const controlled = server?.run();
  if (control !== undefined && server !== undefined && socket !== undefined) {
    watch = watchControlSocket(control, { server, socket }, events);
  }
  const reopenLog = (): void => {
    manager?.reloading();
    log.reopen();
    manager?.ready();
  };
  watchSignals(options, {
    reopenLog,
    stop: () => {
      server?.dropOthers();
      http?.drain();
      return stop();
    },
    first,
  });
  logFaults(log);
  if (!options.foreground) Deno.chdir("/");
  // Operators may name ports for as long as the instance runs.
  startup.services.load();
  dropStartPermissions(startup);
  health.start(workers);
  settings.watchRefusals();
  await begin();
  await output.ready();
  await takeover?.leave(options.foreground);
  manager?.ready();
  await workers.done;
  await handover.settled;
  const died = !stopping;
  if (died) await stop();
  settings.tellRefusals();
  http?.close();
  // The operator who ended the instance gets the answer.
  await within(Promise.all([controlled, http?.served]), LAST_ANSWER_MS);
  await manager?.flush();
  await log.close();
  if (died) throw new ExitError(EXIT.software, "balance: no worker is left");
}

function openHealth({ options, table, backends, config }: Startup, log: LineWriter): Health {
  const { directory } = backends;
  const { source, edge: { proxyOut } } = config;
  return new Health({ table, directory, options: options.health, source, proxyOut, log });
}

async function openLog(startup: Startup): Promise<Log> {
  const { options } = startup;
  const asked = options.logFile !== undefined || options.logConnections;
  const threshold = options.foreground || asked ? "info" : "notice";
  const trace = options.debug && options.foreground;
  return new Log(await logTarget(startup), threshold, trace, options.logFormat);
}

async function logTarget({ options, control, logFile }: Startup): Promise<LogTarget> {
  if (logFile !== undefined) return { kind: "file", file: logFile };
  if (options.foreground) {
    const journal = await isJournalOnStderr(variable("JOURNAL_STREAM"));
    return { kind: journal ? "journal" : "stderr" };
  }
  if (control === undefined || lstat(SYSLOG_SOCKET) === undefined) return { kind: "none" };
  return { kind: "syslog", folder: control.dir, path: SYSLOG_SOCKET };
}

function dropStartPermissions(startup: Startup): void {
  const { options, control, logFile, table, native } = startup;
  const kept = [...(control === undefined ? [] : [control.dir]), ...(logFile?.paths ?? [])];
  // A worker that takes a dead one's place is loaded anew.
  const code = options.workers === 1 || native !== undefined ? [] : [codeFolder()];
  const hosts = options.dns === undefined ? [] : [HOSTS_FILE];
  const manager = findServiceManager(startup)?.path;
  dropPermissions(
    [...kept, ...unixPaths(table)],
    [
      ...(options.foreground ? [] : [SYSLOG_SOCKET]),
      ...(manager === undefined ? [] : [manager]),
    ],
    [...code, ...hosts],
  );
}

/** A fault in one task or timer is logged, and the others go on. */
function logFaults(log: Log): void {
  const report = (event: Event, reason: unknown): void => {
    event.preventDefault();
    log.log("error", "internal error", { reason: String(reason) });
  };
  globalThis.addEventListener("unhandledrejection", (event) => report(event, event.reason));
  globalThis.addEventListener("error", (event) => report(event, event.error ?? event.message));
}
