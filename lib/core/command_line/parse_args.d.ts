/** What {@link parseArgs} gives back here: named strings and flags, and the operands behind `--`. */
export interface ParsedArgs {
  /** Operands. */
  _: string[];
  /** The value of an option. */
  [name: string]: unknown;
}

/** Reads `--name=value` words and flags; the part of `@std/cli`'s `parseArgs` that is used. */
export function parseArgs(
  args: readonly string[],
  options: { string: readonly string[]; boolean: readonly string[] },
): ParsedArgs;
