/**
 * Words of a file that stands for operands (`@FILE`), read as a shell reads them, and words written for a shell.
 *
 * | in the file | means |
 * | --- | --- |
 * | blank, tab, end of line | end of a word |
 * | `'…'` | as it stands |
 * | `"…"` | as it stands, but for a backslash before `"`, `\`, `$`, a backquote or the end of a line |
 * | `\x` | x; at the end of a line the line goes on |
 * | `#` where a word could begin | a comment, to the end of the line |
 * | `@` where a word could begin | an error: files do not name files |
 *
 * Nothing is expanded: `$`, `*`, `~` and backquotes are letters. A byte order mark, and a CR that ends a line, do not count.
 *
 * @module
 */

/** One word of a file. */
export interface Word {
  /** The word without its quotes. */
  readonly text: string;
  /** The line on which it begins, from 1. */
  readonly line: number;
}

/** What reading a file came to. */
export type ParsedWords =
  | {
    /** The file was understood. */
    readonly kind: "words";
    /** Its words in order. */
    readonly words: readonly Word[];
  }
  | {
    /** The file was not understood. */
    readonly kind: "malformed";
    /** The line that is wrong, from 1. */
    readonly line: number;
    /** What is wrong: one line. */
    readonly reason: string;
  };

/**
 * Reads the text of a file.
 *
 * A quoted word may begin with `@`: it is an ordinary word, which whoever expands files must not take for another one.
 */
export function parseWords(text: string): ParsedWords {
  const nul = text.indexOf("\0");
  if (nul >= 0) return malformed(1 + lineEnds(text.slice(0, nul)), "a NUL, which no word has");
  const inside = new RegExp(PIECE, "y");
  const outside = new RegExp(`#[^\\n]*|${PIECE}`, "y");
  const words: Word[] = [];
  let word: Word | undefined;
  let line = 1;
  for (let at = text.startsWith("\ufeff") ? 1 : 0; at < text.length;) {
    const pattern = word === undefined ? outside : inside;
    pattern.lastIndex = at;
    const [piece = ""] = pattern.exec(text) ?? [];
    const fault = faultOf(piece, word === undefined);
    if (fault !== undefined) return malformed(line, fault);
    if (GAP.test(piece)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (!CONTINUATION.test(piece) && (word !== undefined || !piece.startsWith("#"))) {
      word = { text: (word?.text ?? "") + unquote(piece), line: word?.line ?? line };
    }
    at += piece.length;
    line += lineEnds(piece);
  }
  if (word !== undefined) words.push(word);
  return { kind: "words", words };
}

/** Blanks; a backslash with what it stands before; quoted text; other letters; what is left open. */
const PIECE = String
  .raw`(?:[ \t\n]|\r(?=\n))+|\\(?:\r\n|[^])|'[^']*'|"[^"\\]*(?:\\[^][^"\\]*)*"|(?:[^ \t\n\r'"\\]|\r(?!\n))+|[^]`;

const GAP = /^(?:[ \t\n]|\r\n)/;

/** A backslash at the end of a line. */
const CONTINUATION = /^\\\r?\n/;

/** What is wrong with a part; `starts` tells whether a word would begin with it. */
function faultOf(piece: string, starts: boolean): string | undefined {
  if (piece === "'" || piece === '"') return `a quote ${piece} that is not closed`;
  if (piece === "\\") return "a backslash at the end of the file";
  if (!starts || !piece.startsWith("@")) return undefined;
  return "a file inside a file is not read; quote a word that begins with @";
}

/** Writes words so that `sh`, and {@link parseWords}, read the same words again; there must be no NUL in them. */
export function quoteForSh(words: readonly string[]): string {
  return words.map((word) => PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
    .join(" ");
}

/** Words that no shell, interactive or not, takes for anything else. */
const PLAIN = /^[A-Za-z0-9_.,:/%+-][A-Za-z0-9_.,:/%+=@-]*$/;

function unquote(piece: string): string {
  if (piece.startsWith("'")) return piece.slice(1, -1);
  if (piece.startsWith("\\")) return piece.slice(1);
  if (!piece.startsWith('"')) return piece;
  return piece.slice(1, -1).replace(/\\(?:\r?\n|(["\\$`]))/g, (_, letter?: string) => letter ?? "");
}

function malformed(line: number, reason: string): ParsedWords {
  return { kind: "malformed", line, reason };
}

function lineEnds(text: string): number {
  return text.split("\n").length - 1;
}
