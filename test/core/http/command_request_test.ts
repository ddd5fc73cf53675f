import { MAX_BODY, parseCommandRequest } from "../../../lib/core/http/command_request.ts";
import { MAX_LINE } from "../../../lib/core/control/protocol.ts";
import { assert, assertEquals } from "../../kit/assert.ts";

for (
  const [text, request] of [
    ['{"group":0,"line":"disable 1"}', { group: 0, line: "disable 1" }],
    ['{"line":"show","group":15,"more":[]}', { group: 15, line: "show" }],
    ['{"line":""}', { group: 0, line: "" }],
    ['{"line":"maxc 0 \\u0031"}', { group: 0, line: "maxc 0 1" }],
    ['{"group":16,"line":"show"}', undefined],
    ['{"group":-1,"line":"show"}', undefined],
    ['{"group":0.5,"line":"show"}', undefined],
    ['{"group":"0","line":"show"}', undefined],
    ['{"group":null,"line":"show"}', undefined],
    ['{"line":["show"]}', undefined],
    ['{"line":"show\\nkill"}', undefined],
    ['{"line":"show\\u0000"}', undefined],
    ['{"group":0}', undefined],
    ['"show"', undefined],
    ["null", undefined],
    ["show", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`parseCommandRequest() reads ${text}`, () => {
    assertEquals(parseCommandRequest(text), request);
  });
}

Deno.test("a body has room for the longest line", () => {
  assert(JSON.stringify({ group: 15, line: "x".repeat(MAX_LINE) }).length < MAX_BODY);
});
