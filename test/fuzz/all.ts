/**
 * Every property that is fuzzed.
 *
 * @module
 */
import { targets as addresses } from "./addresses.ts";
import { targets as commands } from "./commands.ts";
import { targets as dump } from "./dump.ts";
import { targets as edge } from "./edge.ts";
import { targets as engines } from "./engines.ts";
import { targets as options } from "./options.ts";
import { targets as program } from "./program.ts";
import { targets as relay } from "./relay.ts";
import { targets as scheduler } from "./scheduler.ts";
import type { Target } from "./target.ts";

/** All targets, the fast ones first. */
export const all: readonly Target[] = [
  ...addresses,
  ...options,
  ...commands,
  ...dump,
  ...edge,
  ...scheduler,
  ...relay,
  ...engines,
  ...program,
];
