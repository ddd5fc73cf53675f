/**
 * The programs that are compared, and how each is started. Pure.
 *
 * @module
 */

/** Name of our program in tables. */
export const OURS = "balance";
/** Name of our program with its native engine. */
export const NATIVE = "native";
/** Name of balance 3.54. */
export const CLASSIC = "classic";
/** Name of the connection without a proxy. */
export const DIRECT = "direct";

/** What a candidate is started with. */
export interface Setup {
  /** Port to listen on, of 127.0.0.1. */
  readonly port: number;
  /** Port of the backend, of 127.0.0.1. */
  readonly backend: number;
  /** Worker threads; only our program knows them. */
  readonly workers: number;
}

/** How a candidate is started for one setup. */
export interface Launch {
  /** Command line; `{file}` stands for the path of the configuration file. */
  readonly argv: readonly string[];
  /** Text of the configuration file; undefined: none is needed. */
  readonly config?: string;
}

/** A program that is measured. */
export interface Candidate {
  readonly name: string;
  readonly version: string;
  /** Most idle connections at once that it is asked to hold. */
  readonly maxPairs: number;
  /** Whether {@link Setup.workers} has an effect. */
  readonly hasWorkers: boolean;
  /** Whether it answers `-c show`. */
  readonly hasControl: boolean;
  launch(setup: Setup): Launch;
}

/** Our program: the compiled binary at `path`. */
export function ours(path: string, version: string): Candidate {
  return {
    name: OURS,
    version,
    maxPairs: Infinity,
    hasWorkers: true,
    hasControl: true,
    launch: ({ port, backend, workers }) => ({
      argv: [
        path,
        "-f",
        "-b",
        "127.0.0.1",
        ...(workers > 1 ? ["--workers", `${workers}`] : []),
        `${port}`,
        `127.0.0.1:${backend}`,
      ],
    }),
  };
}

/**
 * A program given as a command with `{port}`, `{backend}` and `{workers}`.
 *
 * @param name {@link OURS} for a stand-in, another name for one more candidate.
 */
export function custom(name: string, command: string): Candidate {
  return {
    name,
    version: command,
    maxPairs: Infinity,
    hasWorkers: command.includes("{workers}"),
    hasControl: false,
    launch: ({ port, backend, workers }) => ({
      argv: command.split(/\s+/).map((word) =>
        word.replace("{port}", `${port}`).replace("{backend}", `${backend}`)
          .replace("{workers}", `${workers}`)
      ),
    }),
  };
}

/** Balance 3.54: a process for each connection, so few idle ones. */
export function classic(path: string): Candidate {
  return {
    name: CLASSIC,
    version: path,
    maxPairs: 1000,
    hasWorkers: false,
    hasControl: true,
    launch: ({ port, backend }) => ({
      argv: [path, "-f", "-b", "127.0.0.1", `${port}`, `127.0.0.1:${backend}`],
    }),
  };
}

/** Our program with its native engine. */
export function native(path: string, version: string): Candidate {
  return {
    ...custom(NATIVE, `${path} --engine native -f -b 127.0.0.1 {port} 127.0.0.1:{backend}`),
    version,
  };
}

/**
 * HAProxy: one thread, TCP mode, splicing where it sees fit.
 *
 * @param descriptors Limit of open files; a connection may take more than two of them.
 */
export function haproxy(path: string, version: string, descriptors: number): Candidate {
  const maxconn = Math.min(7000, Math.floor(descriptors / 2.75));
  return {
    name: "haproxy",
    version,
    maxPairs: maxconn,
    hasWorkers: false,
    hasControl: false,
    launch: ({ port, backend }) => ({
      argv: [path, "-f", "{file}", "-db"],
      config: `global
  maxconn ${maxconn}
  nbthread 1
defaults
  mode tcp
  option splice-auto
  balance roundrobin
  timeout connect 5s
  timeout client 600s
  timeout server 600s
listen bench
  bind 127.0.0.1:${port} backlog 4096
  server s1 127.0.0.1:${backend}
`,
    }),
  };
}

/**
 * nginx with its stream module: one worker.
 *
 * @param module Path of the module when it has to be loaded; undefined: it is built in.
 */
export function nginx(
  path: string,
  version: string,
  module: string | undefined,
  descriptors: number,
): Candidate {
  const connections = Math.min(19_900, descriptors - 100);
  return {
    name: "nginx",
    version,
    maxPairs: Math.floor(connections / 2) - 10,
    hasWorkers: false,
    hasControl: false,
    launch: ({ port, backend }) => ({
      argv: [path, "-c", "{file}", "-g", "pid {file}.pid;"],
      config: `${module === undefined ? "" : `load_module ${module};\n`}daemon off;
worker_processes 1;
error_log /dev/null;
events { worker_connections ${connections}; }
stream {
  upstream bench { server 127.0.0.1:${backend}; }
  server { listen 127.0.0.1:${port} backlog=4096; proxy_pass bench; }
}
`,
    }),
  };
}

/** pen: without its tracking of clients. */
export function pen(path: string, version: string, descriptors: number): Candidate {
  const most = Math.min(9900, Math.floor(descriptors / 2) - 50);
  return {
    name: "pen",
    version,
    maxPairs: most,
    hasWorkers: false,
    hasControl: false,
    launch: ({ port, backend }) => ({
      argv: [
        path,
        "-f",
        "-r",
        "-c",
        `${most * 2}`,
        "-x",
        `${most}`,
        `127.0.0.1:${port}`,
        `127.0.0.1:${backend}`,
      ],
    }),
  };
}
