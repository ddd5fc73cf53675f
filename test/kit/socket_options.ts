/**
 * Looks at the socket options of another process's connections (Linux).
 *
 * `ss` shows no TCP_NODELAY, so the descriptors are copied with `pidfd_getfd(2)` and asked.
 *
 * @module
 */

const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;
const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const ESTABLISHED = "01";

/** The options of one connection. */
export interface SocketOptions {
  readonly noDelay: boolean;
  readonly keepAlive: boolean;
}

/** The options of every established TCP connection of a process. */
export function socketOptions(pid: number): SocketOptions[] {
  const libc = Deno.dlopen("libc.so.6", {
    syscall: { parameters: ["i64", "i64", "i64", "i64"], result: "i64" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  using stack = new DisposableStack();
  stack.defer(() => libc.close());
  const { syscall, getsockopt, close } = libc.symbols;
  const read = (fd: number, level: number, option: number): boolean => {
    const value = new Int32Array(1);
    if (getsockopt(fd, level, option, value, new Int32Array([4])) !== 0) {
      throw new Error(`Cannot read socket option ${option}`);
    }
    return value[0] !== 0;
  };
  const pidfd = Number(syscall(BigInt(PIDFD_OPEN), BigInt(pid), 0n, 0n));
  const options = descriptors(pid).map((theirs) => {
    const fd = Number(syscall(BigInt(PIDFD_GETFD), BigInt(pidfd), BigInt(theirs), 0n));
    if (fd < 0) throw new Error(`Cannot copy descriptor ${theirs} of ${pid}`);
    const noDelay = read(fd, IPPROTO_TCP, TCP_NODELAY);
    const keepAlive = read(fd, SOL_SOCKET, SO_KEEPALIVE);
    close(fd);
    return { noDelay, keepAlive };
  });
  close(pidfd);
  return options;
}

/** Descriptors of established TCP connections. */
function descriptors(pid: number): number[] {
  const established = new Set(
    ["tcp", "tcp6"].flatMap((name) => Deno.readTextFileSync(`/proc/net/${name}`).split("\n"))
      .map((line) => line.trim().split(/\s+/))
      .filter((words) => words[3] === ESTABLISHED)
      .map((words) => `socket:[${words[9]}]`),
  );
  const folder = `/proc/${pid}/fd`;
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => established.has(readLink(`${folder}/${name}`))).map(Number);
}

function readLink(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return "";
  }
}
