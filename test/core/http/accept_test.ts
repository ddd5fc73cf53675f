import { chooseFormat } from "../../../lib/core/http/accept.ts";
import { assertEquals } from "../../kit/assert.ts";

const OPEN = "application/openmetrics-text";

for (
  const [accept, format] of [
    [undefined, "prometheus"],
    ["", "prometheus"],
    ["*/*", "prometheus"],
    ["text/plain", "prometheus"],
    ["text/html,application/xhtml+xml,*/*;q=0.8", "prometheus"],
    [OPEN, "openmetrics"],
    [`${OPEN};version=1.0.0`, "openmetrics"],
    [`${OPEN}; version="1.0.0"; charset=utf-8`, "openmetrics"],
    [`${OPEN.toUpperCase()} ; VERSION=1.0.0`, "openmetrics"],
    [`${OPEN};version=0.0.1`, "prometheus"],
    [`${OPEN};version=2.0.0,text/plain`, "prometheus"],
    [`${OPEN};q=0`, "prometheus"],
    [`${OPEN};q=0.5,text/plain;q=0.4`, "openmetrics"],
    [`${OPEN};q=0.5,text/plain;q=0.6`, "prometheus"],
    [`${OPEN};q=0.001,*/*`, "openmetrics"],
    [`${OPEN};q=none,text/plain;q=0.5`, "openmetrics"],
    [
      `${OPEN};version=1.0.0,${OPEN};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`,
      "openmetrics",
    ],
    [`${OPEN};version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.2`, "openmetrics"],
  ] as const
) {
  Deno.test(`chooseFormat() gives ${format} for ${accept}`, () => {
    assertEquals(chooseFormat(accept), format);
  });
}
