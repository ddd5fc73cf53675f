/**
 * The kinds of active checks: what the operator writes, what is sent, and what the answer means.
 *
 * @module
 */
import { EXIT, ExitError } from "../errors.ts";
import { refuseValue } from "../option_value.ts";
import { encodeUtf8 } from "../utf8.ts";
import { parseEscapes } from "./escapes.ts";

/** What a check does: nothing, a connect, or a GET. */
export type CheckKind =
  | { readonly kind: "off" }
  | { readonly kind: "tcp" }
  | { readonly kind: "http"; readonly path: string };

/** What the bytes of an answer mean so far. The reasons fit into a log line. */
export type Judgement =
  | { readonly verdict: "more" }
  | { readonly verdict: "ok"; readonly reason: string }
  | { readonly verdict: "bad"; readonly reason: string };

/** Bytes of an answer that count; no answer is read further. */
export const ANSWER_LIMIT = 4096;

const MORE: Judgement = { verdict: "more" };
const MALFORMED: Judgement = { verdict: "bad", reason: "malformed http answer" };

/**
 * Reads `tcp`, `http:/PATH` or `off`.
 *
 * The path goes into a request line as it is, so it takes printable ASCII without blanks.
 *
 * @param text The value.
 * @param option What the value belongs to (`--check`, `check=`), for the complaint.
 * @throws {ExitError} 64, for anything else.
 */
export function parseCheckKind(text: string, option: string): CheckKind {
  if (text === "off" || text === "tcp") return { kind: text };
  const path = /^http:(\/[!-~]*)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: "http", path };
  return refuseValue(option, "tcp, http:/PATH or off", text);
}

/**
 * Reads the text of `--check-expect`.
 *
 * @param text Text with C escapes, see {@link parseEscapes}.
 * @param option The option's name, for the complaint.
 * @throws {ExitError} 64, for a bad escape, and for what can be found always or never: nothing at all, or more than
 * {@link ANSWER_LIMIT}.
 */
export function parseExpected(text: string, option: string): Uint8Array<ArrayBuffer> {
  const bytes = parseEscapes(text, option);
  if (bytes.length < 1 || bytes.length > ANSWER_LIMIT) {
    throw new ExitError(
      EXIT.usage,
      `balance: ${option} takes 1 to ${ANSWER_LIMIT} bytes, not ${bytes.length}`,
    );
  }
  return bytes;
}

/** What an HTTP check asks for, and of whom. */
export interface HttpQuestion {
  /** The path, as {@link parseCheckKind} has it. */
  readonly path: string;
  /** The destination's host name or address. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
}

/**
 * Makes the bytes of an HTTP check.
 *
 * The Host header is the destination's, an IPv6 address in brackets and without its zone, the port left out if it is
 * 80. A host that cannot stand in a header (the path of a Unix socket, say) becomes `localhost`.
 */
export function httpRequest(question: HttpQuestion): Uint8Array<ArrayBuffer> {
  return encodeUtf8(
    `GET ${question.path} HTTP/1.1\r\n` +
      `Host: ${hostHeader(question)}\r\n` +
      "Connection: close\r\n" +
      "User-Agent: balance\r\n\r\n",
  );
}

function hostHeader({ host, port }: HttpQuestion): string {
  const bare = host.replace(/%.*$/s, "");
  if (!/^[\w.:-]+$/.test(bare)) return "localhost";
  const name = bare.includes(":") ? `[${bare}]` : bare;
  return port === 80 ? name : `${name}:${port}`;
}

/**
 * Judges the answer to an HTTP check by its first line.
 *
 * 2xx and 3xx are good, every other status is bad, an interim one (1xx) too. What cannot become a status line of HTTP/1
 * is bad as soon as that is certain, so a server that speaks first in another protocol needs no timeout.
 *
 * @param answer All bytes received so far; those behind {@link ANSWER_LIMIT} are ignored.
 */
export function judgeHttp(answer: Uint8Array): Judgement {
  const head = answer.subarray(0, ANSWER_LIMIT);
  const end = head.indexOf(0x0a);
  if (end < 0) {
    const possible = head.length < ANSWER_LIMIT && mayBeStatusLine(latin1(head.subarray(0, 13)));
    return possible ? MORE : MALFORMED;
  }
  const line = latin1(head.subarray(0, end));
  const status = /^HTTP\/1\.\d (\d{3})(?: [^\r]*)?\r?$/.exec(line)?.[1];
  if (status === undefined) return MALFORMED;
  return { verdict: /^[23]/.test(status) ? "ok" : "bad", reason: `http ${status}` };
}

/** Whether a beginning, of at most 13 characters, can still become a status line. */
function mayBeStatusLine(beginning: string): boolean {
  return /^HTTP\/1\.\d \d{3}[ \r]$/.test(beginning + "HTTP/1.1 200 ".slice(beginning.length));
}

/**
 * Judges the answer to `--check-send` by `--check-expect`.
 *
 * @param answer All bytes received so far; those behind {@link ANSWER_LIMIT} are ignored.
 * @param expected What must stand somewhere in them.
 */
export function judgeExpected(answer: Uint8Array, expected: Uint8Array): Judgement {
  const last = Math.min(answer.length, ANSWER_LIMIT) - expected.length;
  for (let at = 0; at <= last; at++) {
    if (expected.every((byte, offset) => answer[at + offset] === byte)) {
      return { verdict: "ok", reason: "expected answer" };
    }
  }
  return answer.length < ANSWER_LIMIT ? MORE : { verdict: "bad", reason: "unexpected answer" };
}

/** Bytes as characters of the same numbers. */
function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
