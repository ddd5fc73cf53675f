/**
 * The secret that whoever changes something by HTTP has to know.
 *
 * @module
 */

/** What a token may have, as RFC 6750 says. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Most characters of a token. */
const MAX_TOKEN = 1024;

/**
 * Reads the file of a token: one line, blanks around it left out.
 *
 * @returns The token, or what is wrong, as it follows "the file".
 */
export function parseToken(
  text: string,
): { readonly kind: "token"; readonly token: string } | {
  readonly kind: "fault";
  readonly reason: string;
} {
  const token = text.trim();
  if (token === "") return { kind: "fault", reason: "it is empty" };
  if (token.length > MAX_TOKEN) {
    return { kind: "fault", reason: `it has more than ${MAX_TOKEN} characters` };
  }
  if (TOKEN.test(token)) return { kind: "token", token };
  return {
    kind: "fault",
    reason: "a token is one word of letters, digits, and - . _ ~ + / with = at its end",
  };
}

/** The token of a header `Authorization`; undefined if it has none. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
}
