/**
 * The dashboard's files, as the server takes them.
 *
 * @module
 */

/** One file. */
export interface PageFile {
  /** What is in it. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Its media type. */
  readonly type: string;
  /** A quoted text that changes with the body, `"3f2a"` for one: an unchanged file is not sent again. */
  readonly etag: string;
  /** Its `Content-Security-Policy`. */
  readonly policy: string;
}

/** The file of a path, `/` or `/assets/NAME`; undefined if there is none. */
export type Page = (path: string) => PageFile | undefined;
