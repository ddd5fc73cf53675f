/**
 * What a terminal sends, as keys.
 *
 * @module
 */

/** A key with a name; any other is its character. */
export type NamedKey =
  | "up"
  | "down"
  | "page up"
  | "page down"
  | "home"
  | "end"
  | "enter"
  | "escape"
  | "ctrl-c"
  | "ctrl-l"
  | "ctrl-z";

/** A key that was pressed. */
export type Key = NamedKey | { readonly character: string };

/** Sequences behind ESC, in the two forms of the terminals. */
const SEQUENCES: Readonly<Record<string, NamedKey>> = {
  "[A": "up",
  "OA": "up",
  "[B": "down",
  "OB": "down",
  "[5~": "page up",
  "[6~": "page down",
  "[H": "home",
  "OH": "home",
  "[1~": "home",
  "[7~": "home",
  "[F": "end",
  "OF": "end",
  "[4~": "end",
  "[8~": "end",
};

const CONTROLS: Readonly<Record<string, NamedKey>> = {
  "\r": "enter",
  "\n": "enter",
  "\x03": "ctrl-c",
  "\x0c": "ctrl-l",
  "\x1a": "ctrl-z",
};

/** A control sequence, or the beginning of one, at the start of a text. */
// deno-lint-ignore no-control-regex -- that is what terminals send
const SEQUENCE = /^\x1b(?:\[[0-?]*[ -/]*[@-~]?|O[ -~]?)/;
// deno-lint-ignore no-control-regex -- as above
const COMPLETE = /^\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~])$/;

/** Keys, and the beginning of one whose rest is still to come. */
export interface Parsed {
  /** The keys that are complete. */
  readonly keys: readonly Key[];
  /** To be put before what comes next. */
  readonly rest: string;
}

/** Reads keys; sequences that mean nothing here are passed over. */
export function parseKeys(text: string): Parsed {
  const keys: Key[] = [];
  let left = text;
  while (left !== "") {
    const [sequence] = SEQUENCE.exec(left) ?? [];
    if (sequence !== undefined) {
      if (!COMPLETE.test(sequence) && sequence === left) return { keys, rest: left };
      const key = SEQUENCES[sequence.slice(1)];
      if (key !== undefined) keys.push(key);
      left = left.slice(sequence.length);
      continue;
    }
    const [character = ""] = left;
    left = left.slice(character.length);
    const key = character === "\x1b" ? "escape" : CONTROLS[character];
    if (key !== undefined) keys.push(key);
    else if (character >= " ") keys.push({ character });
  }
  return { keys, rest: "" };
}
