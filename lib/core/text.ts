/**
 * Text for people, that of strangers made safe to print.
 *
 * @module
 */

/** Replaces control characters, which could drive a terminal, by `\xHH` (or `\u{H}`). */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** Names what may be chosen: `a, b or c`. */
export function listed(words: readonly string[]): string {
  return words.join(", ").replace(/, (?=[^,]*$)/, " or ");
}

/**
 * Writes a log line: `{name}` in the message becomes the field's value, other fields follow as `name=value`.
 *
 * Values are made {@link printable}; one with blanks is quoted when it follows as `name=value`.
 */
export function formatLogLine(
  message: string,
  fields: Readonly<Record<string, unknown>>,
): string {
  const used = new Set<string>();
  const text = fillIn(message, fields, used);
  const rest = Object.entries(fields).filter(([name]) => !used.has(name)).map(([name, value]) => {
    const shown = printable(String(value));
    return ` ${name}=${/[\s"]/.test(shown) ? JSON.stringify(shown) : shown}`;
  });
  return text + rest.join("");
}

/**
 * Writes a log line as one JSON object: `time`, `level`, `message` with its fields filled in, then every field by its name.
 *
 * Characters that are not {@link printable} are escaped as JSON has it, so that nothing is lost.
 *
 * @param time As RFC 3339 has it.
 */
export function formatJsonLine(
  { time, level }: { readonly time: string; readonly level: string },
  message: string,
  fields: Readonly<Record<string, unknown>>,
): string {
  const text = message.replace(PLACEHOLDER, (_, name: string) => String(fields[name]));
  return formatJson({ time, level, message: text, ...fields });
}

/** Writes a value as JSON on one line; characters that are not {@link printable} are escaped, so that nothing is lost. */
export function formatJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}

/** A field's place in a message. */
const PLACEHOLDER = /\{(\w+)\}/g;

function fillIn(
  message: string,
  fields: Readonly<Record<string, unknown>>,
  used: Set<string>,
): string {
  return message.replace(PLACEHOLDER, (_, name: string) => {
    used.add(name);
    return printable(String(fields[name]));
  });
}
