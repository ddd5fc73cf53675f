/**
 * A small strict reader for JSON objects: every field is known, present and of
 * its type, or it is an error.
 *
 * @module
 */

/** A transcript that the player does not understand. */
export class FormatError extends Error {
  override name = "FormatError";
}

/**
 * Field name to its type: `string`, `number`, `boolean`, `strings`, `array`,
 * `object`, `map` (of strings), `user`, `signal`, `exit`, `any`, alternatives
 * with `|`, and `?` at the end where the field may be absent.
 */
export type Fields = Record<string, string>;

const CHECKS: Record<string, (value: unknown) => boolean> = {
  "string": (v) => typeof v === "string",
  "number": (v) => typeof v === "number",
  "boolean": (v) => typeof v === "boolean",
  "null": (v) => v === null,
  "strings": isStrings,
  "array": (v) => Array.isArray(v),
  "object": isObject,
  "map": (v) => isObject(v) && isStrings(Object.values(v)),
  "user": (v) => v === "nobody" || v === "root",
  "signal": (v) => typeof v === "string" && /^(SIG)?[A-Z]+[0-9]*$/.test(v),
  "exit": (v) => typeof v === "number" || (typeof v === "string" && /^signal:[A-Z0-9]+$/.test(v)),
};

/**
 * Returns `value` as an object that has exactly the fields given.
 *
 * @param where Named in the message.
 * @throws {FormatError} When it has not.
 */
export function readFields(value: unknown, fields: Fields, where: string): Record<string, unknown> {
  if (!isObject(value)) throw new FormatError(`${where}: not an object`);
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(fields, name)) throw new FormatError(`${where}: unknown field "${name}"`);
  }
  for (const [name, type] of Object.entries(fields)) {
    const optional = type.endsWith("?");
    if (!Object.hasOwn(value, name)) {
      if (!optional) throw new FormatError(`${where}: field "${name}" is missing`);
      continue;
    }
    const kinds = (optional ? type.slice(0, -1) : type).split("|");
    if (!kinds.some((kind) => CHECKS[kind]?.(value[name]))) {
      throw new FormatError(`${where}: field "${name}" is not ${kinds.join(" or ")}`);
    }
  }
  return value;
}

/** Whether a JSON value is an object, neither `null` nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((v) => typeof v === "string");
}
