/**
 * What the program says of its own command line.
 *
 * @module
 */
import { OPTIONS, type OptionSpec } from "./options.ts";

/** The usage text that follows a complaint. */
export const USAGE = `usage: balance [options] port [host[:port[:maxc]] | ! | %] ...
       balance [-b addr] -i port
       balance [-b addr] -c cmd port
       balance [-b addr] --top port
       balance --list [--json]
       balance --try [options] port host...
       balance --help`;

/**
 * The text of `--help`.
 *
 * @param commands The shell's commands, for the list at the end.
 */
export function formatHelp(commands: readonly string[]): string {
  return [
    "balance - a TCP load balancer with failover",
    "",
    USAGE,
    "",
    "options:",
    ...formatOptions(undefined),
    "",
    "control:",
    ...formatOptions("control"),
    "",
    "health:",
    ...formatOptions("health"),
    "",
    "clients and proxies:",
    ...formatOptions("edge"),
    "",
    "destinations:",
    "  host:port:maxc       one channel; without port the own one, maxc 0 is no limit",
    "  [IPv6]:port          one channel; unix:path is one too",
    "  dns:name:port        a channel for each address; srv:name for each SRV record",
    "  ...,weight=2,backup  attributes: weight maxc backup check checkport proxy name",
    "  @file                the words in this file, options too",
    "  !                    ends a group of channels, used round robin or by --method",
    "  %                    ends a group of channels, chosen by the client's address",
    "",
    "shell commands (-i, -c):",
    ...wrapped(commands),
    "",
    "The manual page balance(1) says more.",
  ].join("\n");
}

/** Width of an option and its value. */
const HEAD_WIDTH = 24;

/** One line for each option about something. */
function formatOptions(about: OptionSpec["topic"]): string[] {
  const listed = OPTIONS.filter(({ summary, topic }) => summary !== undefined && topic === about);
  return listed.map((option) => {
    const letters = option.short === undefined
      ? `--${option.name}`
      : [option.short, ...(option.aliases ?? "")].map((letter) => `-${letter}`).join(", ");
    const head = option.value === undefined ? letters : `${letters} ${option.value}`;
    return `  ${head.padEnd(HEAD_WIDTH)} ${option.summary}`;
  });
}

/** Words as an indented list, no line longer than a terminal. */
function wrapped(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    const longer = `${last}, ${word}`;
    if (last === undefined || longer.length >= 80) lines.push(`  ${word}`);
    else lines.splice(-1, 1, longer);
  }
  return lines.map((line, at) => at < lines.length - 1 ? `${line},` : line);
}
