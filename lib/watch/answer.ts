/**
 * Answers: a status, what every answer says to browsers, and a body.
 *
 * @module
 */
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";

/**
 * What browsers are told of everything: to run and load nothing, to show it in no frame, to give it to no other page, and to
 * keep nothing. The dashboard's files say what they need besides.
 */
const HEADERS: OutgoingHttpHeaders = {
  "Content-Security-Policy":
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/** Body of an answer. */
export interface Body {
  /** Its media type. */
  readonly type: string;
  /** The bytes, or text. */
  readonly content: string | Uint8Array;
}

/** What refusals say: their names in HTTP and no more. */
const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  421: "Misdirected Request",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Text as a body. */
export function plainText(content: string): Body {
  return { type: "text/plain; charset=utf-8", content };
}

/** A JSON text as a body. */
export function json(content: string): Body {
  return { type: "application/json", content };
}

/** Begins an answer; the connection is closed behind it, so that no request can hide behind another one. */
export function begin(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders = {},
): void {
  response.shouldKeepAlive = false;
  response.writeHead(status, { ...HEADERS, ...headers });
}

/** Answers with a body; to HEAD without it. */
export function send(
  response: ServerResponse,
  status: number,
  { type, content }: Body,
  headers: OutgoingHttpHeaders = {},
): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  begin(response, status, { "Content-Type": type, "Content-Length": bytes.length, ...headers });
  response.end(bytes);
}

/** Answers with a status alone. */
export function refuse(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders = {},
): void {
  send(response, status, plainText(`${REASONS[status] ?? status}\n`), headers);
}
