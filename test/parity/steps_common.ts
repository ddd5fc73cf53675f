/**
 * What the handlers of steps have in common.
 *
 * @module
 */
import type { Context } from "./context.ts";
import type { Step } from "./steps_format.ts";

/** Plays one step; problems go into the context, an exception ends the case. */
export type Handler = (context: Context, step: Step) => void | Promise<void>;

type TextField = {
  [K in keyof Step]-?: NonNullable<Step[K]> extends string ? K : never;
}[keyof Step];

/** A field that the validation has found present. */
export function need(step: Step, field: TextField): string {
  const value = step[field];
  if (value === undefined) throw new Error(`step ${step.op} has no ${field}`);
  return value;
}

/** A value as a list of strings, or `undefined`. */
export function strings(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.map(String) : undefined;
}
