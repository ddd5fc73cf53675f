import { bearerToken, parseToken } from "../../../lib/core/http/token.ts";
import { assertEquals } from "../../kit/assert.ts";

for (
  const [text, result] of [
    ["secret\n", "secret"],
    ["  s3c-r_e.t~/+==\r\n", "s3c-r_e.t~/+=="],
    ["", "it is empty"],
    [" \n\n", "it is empty"],
    ["x".repeat(1024), "x".repeat(1024)],
    ["x".repeat(1025), "it has more than 1024 characters"],
  ] as const
) {
  Deno.test(`parseToken() reads ${JSON.stringify(text.slice(0, 20))}, ${text.length} characters`, () => {
    const parsed = parseToken(text);
    assertEquals(parsed.kind === "token" ? parsed.token : parsed.reason, result);
  });
}

for (const text of ["two words", "two\nlines", 'quo"te', "schlüssel", "=x", "a\0"]) {
  Deno.test(`parseToken() refuses ${JSON.stringify(text)}`, () => {
    assertEquals(parseToken(text).kind, "fault");
  });
}

for (
  const [header, token] of [
    ["Bearer abc", "abc"],
    ["bearer   abc ", "abc"],
    ["Bearer", undefined],
    ["Bearer ", undefined],
    ["Bearer a b", undefined],
    ["Basic abc", undefined],
    ["abc", undefined],
    [undefined, undefined],
  ] as const
) {
  Deno.test(`bearerToken() reads ${header}`, () => assertEquals(bearerToken(header), token));
}
