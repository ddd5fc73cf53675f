/**
 * What a package consists of, for every kind of package.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { formatCompletions } from "../lib/core/command_line/completions.ts";
import { type ShellName, SHELLS } from "../lib/core/command_line/shell_name.ts";
import { COMMANDS } from "../lib/core/control/interpreter.ts";
import config from "../deno.json" with { type: "json" };
import { root } from "./compile.ts";

/** The version of everything built. */
export const VERSION: string = config.version;

/** What is said of the program where one line is wanted. */
export const SUMMARY = "TCP load balancer with failover";

/** What is said of it where there is room. */
export const DESCRIPTION = `${SUMMARY}
balance spreads the clients of a port over servers: in turn, by the fewest
connections, or by the client's address. Servers that fail are passed over, and
health checks find out before clients do. The command line is the
configuration; a running instance is looked at and changed with the same
command. It is a drop-in for balance 3.54.`;

/** Who answers for the packages. */
export const MAINTAINER: string = Deno.env.get("PACKAGE_MAINTAINER") ??
  "The balance authors <balance@users.noreply.github.com>";

/** One file of a package. */
export interface PackageFile {
  /** Where it goes, with a slash in front. */
  readonly path: string;
  /** What is in it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its mode; 0644 unless told. */
  readonly mode?: number;
  /** Whether it is the administrator's to change. */
  readonly conffile?: boolean;
}

/** The kinds of packages of Linux systems. */
export type Packager = "deb" | "rpm";

/** Where a shell looks for completions. */
function completionPath(shell: ShellName, packager: Packager): string {
  switch (shell) {
    case "bash":
      return "/usr/share/bash-completion/completions/balance";
    case "zsh":
      return `/usr/share/zsh/${
        packager === "deb" ? "vendor-completions" : "site-functions"
      }/_balance`;
    case "fish":
      return "/usr/share/fish/vendor_completions.d/balance.fish";
  }
}

/** Reads a file of the repository. */
export function source(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return Deno.readFile(`${root}/${path}`);
}

/** Compresses as packages want it: as much as can be, without a name or a time. */
export function compressed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(bytes, { level: 9 }));
}

/** The scripts for the shells, by shell. */
export function completionFiles(): [ShellName, Uint8Array<ArrayBuffer>][] {
  return SHELLS.map((shell) => [
    shell,
    new TextEncoder().encode(formatCompletions(shell, COMMANDS)),
  ]);
}

/** What every package of a Linux system has, the documents of the distribution aside. */
export async function systemFiles(
  binary: Uint8Array<ArrayBuffer>,
  packager: Packager,
): Promise<PackageFile[]> {
  const units = "/usr/lib/systemd/system";
  return [
    { path: "/usr/bin/balance", bytes: binary, mode: 0o755 },
    { path: "/usr/share/man/man1/balance.1.gz", bytes: compressed(await source("man/balance.1")) },
    ...completionFiles().map(([shell, bytes]) => ({
      path: completionPath(shell, packager),
      bytes,
    })),
    ...await Promise.all(["balance@.service", "balance@.socket"].map(async (name) => ({
      path: `${units}/${name}`,
      bytes: await source(`man/systemd/${name}`),
    }))),
    {
      path: "/usr/lib/tmpfiles.d/balance.conf",
      bytes: await source("man/systemd/balance.tmpfiles"),
    },
    {
      path: "/etc/balance/example.conf",
      bytes: await source(".ci/packaging/example.conf"),
      conffile: true,
    },
  ];
}
