/**
 * What the kernel's tables in /proc say about sockets and processes.
 *
 * @module
 */

/** A listening TCP socket. */
export interface Listening {
  /** As `inet_ntop` writes it. */
  addr: string;
  port: number;
  inode: string;
}

const LISTEN = "0A";
const ACCEPTING = "00010000";

/** All listening TCP sockets of this network, one entry a socket. */
export function listeningSockets(): Listening[] {
  return [...readTable("/proc/net/tcp"), ...readTable("/proc/net/tcp6")];
}

/** Paths of the Unix sockets that are listened on. */
export function listeningPaths(): string[] {
  return Deno.readTextFileSync("/proc/net/unix").split("\n").map((line) => line.split(/\s+/))
    .filter((fields) => fields[3] === ACCEPTING).map((fields) => fields[7] ?? "");
}

/** Descriptor number to what it is, as `readlink` says. */
export function openFiles(pid: number | "self"): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      files[entry.name] = Deno.readLinkSync(`/proc/${pid}/fd/${entry.name}`);
    } catch {
      // Closed since the directory was read.
    }
  }
  return files;
}

function readTable(path: string): Listening[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch {
    return [];
  }
  const rows = text.trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/));
  return rows.filter((fields) => fields[3] === LISTEN).map((fields) => {
    const [addr = "", port = ""] = (fields[1] ?? "").split(":");
    return { addr: formatAddress(addr), port: parseInt(port, 16), inode: fields[9] ?? "" };
  });
}

/** The tables hold 32-bit words in the machine's (little endian) order. */
function formatAddress(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((b) => parseInt(b, 16))
  );
  if (bytes.length === 4) return bytes.join(".");
  const mapped = bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return `::ffff:${bytes.slice(12).join(".")}`;
  const groups = Array.from(
    { length: 8 },
    (_, i) => ((bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return compress(groups);
}

/** Writes the longest run of zero groups as `::`. */
function compress(groups: readonly string[]): string {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(":");
  const before = groups.slice(0, best.start).join(":");
  return `${before}::${groups.slice(best.start + best.length).join(":")}`;
}
