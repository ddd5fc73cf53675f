/**
 * The largest channel table: 16 groups of 64 channels. Pure.
 *
 * @module
 */

/** Groups of the full table, and channels in each: the program's limits. */
export const GROUPS = 16;
export const PER_GROUP = 64;

/** Channels per group that the command line has room for: 63 operands, 15 of them separators. */
const AT_START = 3;

/** Operands after the port: 16 groups of 3 channels, all of them the same backend. */
export function startOperands(backend: number): string[] {
  const group = Array.from({ length: AT_START }, () => `127.0.0.1:${backend}`);
  return Array.from({ length: GROUPS }, (_, i) => i === 0 ? group : ["!", ...group]).flat();
}

/** Commands that fill every group up to 64 enabled channels of maxc 1. */
export function fullTableCommands(backend: number): string {
  const lines: string[] = [];
  for (let group = 0; group < GROUPS; group++) {
    lines.push(`group ${group}`);
    for (let channel = 0; channel < PER_GROUP; channel++) {
      const isNew = channel >= AT_START;
      if (isNew) lines.push(`create 127.0.0.1 ${backend}`);
      lines.push(`maxc ${channel} 1`);
      if (isNew) lines.push(`enable ${channel}`);
    }
  }
  return [...lines, "quit", ""].join("\n");
}
