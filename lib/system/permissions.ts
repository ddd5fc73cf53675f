/**
 * What the program may do, and how it gives up what only start-up needs.
 *
 * @module
 */

/** One grant that the binary starts with. */
export interface Grant {
  /** The flag of `deno run` and `deno compile`. */
  readonly flag: string;
  /** What for. */
  readonly reason: string;
  /** What remains of it once the instance listens. */
  readonly remains: string;
}

/** Every grant of the binary and of `deno task start`; the table in SECURITY.md is checked against it. */
export const GRANTS: readonly Grant[] = [
  {
    flag: "--allow-net",
    reason: "listen, connect to backends, look up names",
    remains: "all of it",
  },
  {
    flag: "--allow-read=/",
    reason:
      "/etc/services, the run dir, /dev/null, files of words (@FILE), a token (--http-token), " +
      "Unix sockets of servers",
    remains:
      "the run dir; the log file and its older ones with --log-file; the program's code with --workers; " +
      "/etc/hosts with --dns; the Unix sockets of the command line",
  },
  {
    flag: "--allow-write=/",
    reason: "the run dir and its control socket, the log, Unix sockets of servers",
    remains:
      "the run dir; /dev/log in the background; the service manager's socket; the log file and its older ones with --log-file; " +
      "the Unix sockets of the command line",
  },
  {
    flag: "--allow-run",
    reason: "start itself again in the background",
    remains: "nothing",
  },
  {
    flag:
      "--allow-env=POSIXLY_CORRECT,XDG_RUNTIME_DIR,TMPDIR,NOTIFY_SOCKET,WATCHDOG_USEC,WATCHDOG_PID,JOURNAL_STREAM,LISTEN_FDS,LISTEN_PID,LISTEN_FDNAMES",
    reason:
      "where the control socket goes, how options are read, what the service manager wants to be told and hands over",
    remains: "nothing",
  },
  {
    flag: "--allow-sys",
    reason: "the user id, to know whose sockets to trust; the umask, to make the own one private",
    remains: "nothing",
  },
  {
    flag: "--allow-ffi",
    reason: "the system's C library, for the native engine",
    remains: "nothing; without --engine native or auto it is given up before anything else",
  },
];

/** Whether something is granted; never asks. */
export function granted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

/** An environment variable, if it is set and may be read. */
export function variable(name: string): string | undefined {
  return granted({ name: "env", variable: name }) ? Deno.env.get(name) : undefined;
}

/** The user's id, if the system has one and it may be known. */
export function userId(): number | undefined {
  return granted({ name: "sys", kind: "uid" }) ? Deno.uid() ?? undefined : undefined;
}

/**
 * Gives up what is not needed any more.
 *
 * Reading and writing shrink to some paths when they were granted for `/`; a grant without a path (`-A`) cannot be
 * shrunk and is kept as it is.
 *
 * @param keep Paths that stay readable and writable.
 * @param keepWrite Paths that stay writable.
 * @param keepRead Paths that stay readable.
 */
export function dropPermissions(
  keep: readonly string[],
  keepWrite: readonly string[] = [],
  keepRead: readonly string[] = [],
): void {
  Deno.permissions.revokeSync({ name: "run" });
  Deno.permissions.revokeSync({ name: "env" });
  Deno.permissions.revokeSync({ name: "sys" });
  Deno.permissions.revokeSync({ name: "ffi" });
  Deno.permissions.revokeSync({ name: "import" } as unknown as Deno.PermissionDescriptor);
  shrink("read", [...keep, ...keepRead]);
  shrink("write", [...keep, ...keepWrite]);
}

function shrink(name: "read" | "write", paths: readonly string[]): void {
  // Asking for what is granted already makes an entry of its own, which outlives the wider one.
  for (const path of paths) {
    if (granted({ name, path })) Deno.permissions.requestSync({ name, path });
  }
  Deno.permissions.revokeSync({ name, path: "/" });
}
