/**
 * The running instances, as `--list` tells them.
 *
 * @module
 */
import { printable } from "../text.ts";
import type { StateDocument } from "./documents.ts";
import { formatTable } from "./table.ts";

/** One running instance. */
export interface RunningInstance {
  /** Folder of its control socket. */
  readonly runDir: string;
  /** The number that names it. */
  readonly port: number;
  /** Text of its `-b`, as it stands in the name of its socket. */
  readonly bind: string;
  /** Process id. */
  readonly pid: number;
  /** Its state; undefined of a version that does not tell it. */
  readonly state: StateDocument | undefined;
}

/** One instance of `--list --json`. */
export interface ListedInstance {
  /** Folder of its control socket. */
  readonly runDir: string;
  /** The number that names it, behind `-c`. */
  readonly port: number;
  /** Text of `-b`, behind `-c`. */
  readonly bind: string;
  /** Process id. */
  readonly pid: number;
  /** The address that it listens on; `null` if it does not tell. */
  readonly address: string | null;
  /** When it began, RFC 3339; `null` if it does not tell. */
  readonly started: string | null;
  /** What moves the bytes; `null` if it does not tell. */
  readonly engine: StateDocument["engine"] | null;
  /** Enabled channels that are up; `null` if it does not tell. */
  readonly up: number | null;
  /** Channels; `null` if it does not tell. */
  readonly channels: number | null;
  /** Connections now; `null` if it does not tell. */
  readonly connections: number | null;
}

/** The document of `--list --json`. */
export function listDocument(
  instances: readonly RunningInstance[],
): { readonly instances: readonly ListedInstance[] } {
  return {
    instances: instances.map(({ runDir, port, bind, pid, state }) => ({
      runDir,
      port,
      bind,
      pid,
      address: state?.bind ?? null,
      started: state?.started ?? null,
      engine: state?.engine ?? null,
      up: state?.totals.up ?? null,
      channels: state?.totals.channels ?? null,
      connections: state?.totals.connections ?? null,
    })),
  };
}

const HEADER = ["pid", "port", "address", "since", "engine", "up", "c", "run dir"];

/** The table of `--list`: a header and one line an instance; `-` stands for what it does not tell. */
export function formatList(instances: readonly RunningInstance[]): string[] {
  const rows = listDocument(instances).instances.map((each) => [
    String(each.pid),
    String(each.port),
    printable(each.bind),
    each.started ?? "-",
    each.engine ?? "-",
    each.up === null ? "-" : `${each.up} of ${each.channels}`,
    String(each.connections ?? "-"),
    printable(each.runDir),
  ]);
  return formatTable([HEADER, ...rows], ["r", "r", "", "", "", "r", "r", ""]);
}

/** Names the instances that run, behind a line that says that one does not; undefined if there is none. */
export function formatRunning(instances: readonly RunningInstance[]): string | undefined {
  if (instances.length === 0) return undefined;
  const names = instances.map(({ port, bind }) =>
    bind === "0.0.0.0" ? `${port}` : `${port} (-b ${printable(bind)})`
  );
  return `balance: running here: ${names.join(", ")}`;
}
