/**
 * The dashboard's files, as the HTTP server gives them out.
 *
 * It is one document: a reader's first request paints it, and the policy names the one script and the one style that may
 * run by their hashes. That is stricter than `'self'`, by which whatever the server answers could be run as a script.
 *
 * @module
 */
import type { PageFile } from "./page_file.ts";
import { DOCUMENT, DOCUMENT_HASH, SCRIPT_HASH, STYLE_HASH } from "./page/bundle.ts";

/**
 * The `Content-Security-Policy` that the document needs, and no more.
 *
 * The icon is an image that the page draws itself (`data:`). Styles that code sets on elements one by one are allowed
 * anyway. Trusted types forbid code to turn text into markup.
 */
export const CONTENT_SECURITY_POLICY: string = [
  "default-src 'none'",
  `script-src '${SCRIPT_HASH}'`,
  `style-src '${STYLE_HASH}'`,
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const INDEX: PageFile = {
  body: new TextEncoder().encode(DOCUMENT),
  type: "text/html; charset=utf-8",
  etag: `"${DOCUMENT_HASH}"`,
  policy: CONTENT_SECURITY_POLICY,
};

/** The file at a path; undefined if there is none. */
export function page(path: string): PageFile | undefined {
  return path === "/" ? INDEX : undefined;
}
