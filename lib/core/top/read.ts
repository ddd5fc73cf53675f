/**
 * Answers of an instance as documents.
 *
 * Root may look at another user's instance, and versions may differ: what is no document of the kind is refused here, and
 * a value that is missing inside one is drawn as not known.
 *
 * @module
 */
import type { EventDocument, StateDocument } from "../report/documents.ts";
import type { Answer, Page, View } from "./view.ts";

/** Reads an answer of `show json`; `undefined` if it is something else. */
export function readState(text: string): StateDocument | undefined {
  const value = readObject(text);
  const { now, totals, groups, workers } = value as Partial<Record<keyof StateDocument, unknown>>;
  const whole = typeof now === "string" && isObject(totals) && Array.isArray(workers) &&
    Array.isArray(groups) && groups.every((group) => isObject(group) && hasList(group, "channels"));
  return whole ? value as unknown as StateDocument : undefined;
}

/** Reads a line of `watch json`; `undefined` if it is something else. */
export function readEvent(text: string): EventDocument | undefined {
  const value = readObject(text);
  const { at, text: said } = value as Partial<Record<keyof EventDocument, unknown>>;
  return typeof at === "string" && typeof said === "string"
    ? value as unknown as EventDocument
    : undefined;
}

/** Reads the answer for a page; nothing if it is something else. */
export function readAnswer(page: Page, text: string): Answer {
  const value = readObject(text);
  const as = <Name extends keyof View>(): View[Name] => value as unknown as View[Name];
  if (page === "health" && hasList(value, "channels")) return { health: as<"health">() };
  if (page === "ends" && hasList(value, "causes")) return { causes: as<"causes">() };
  if (page === "connections" && hasList(value, "connections")) {
    return { connections: as<"connections">() };
  }
  return {};
}

function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function hasList(value: Record<string, unknown>, name: string): boolean {
  const list = value[name];
  return Array.isArray(list) && list.every(isObject);
}
