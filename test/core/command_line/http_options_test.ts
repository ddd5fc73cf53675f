import { parseOptions } from "../../../lib/core/command_line/options.ts";
import { ExitError, UsageError } from "../../../lib/core/errors.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";

for (
  const [value, host, port] of [
    ["9000", "127.0.0.1", 9000],
    ["1", "127.0.0.1", 1],
    ["65535", "127.0.0.1", 65535],
    ["0.0.0.0:9000", "0.0.0.0", 9000],
    ["192.0.2.1:80", "192.0.2.1", 80],
    ["[::]:9000", "::", 9000],
    ["[2001:db8::1]:9000", "2001:db8::1", 9000],
    ["[::ffff:192.0.2.1]:9000", "::ffff:192.0.2.1", 9000],
    ["localhost:9000", "localhost", 9000],
    ["lb-1.example.net:9000", "lb-1.example.net", 9000],
    ["1a:9000", "1a", 9000],
  ] as const
) {
  Deno.test(`--http ${value} listens on port ${port} of ${host}`, () => {
    const { http } = parseOptions(["--http", value, "80"]);
    assertEquals(http, { host, port, tokenFile: undefined });
  });
}

for (
  const value of ["", "x", "0", "65536", "009000", "9000x", " 9000", "-1", "+1", "127.0.0.1"]
    .concat("127.0.0.1:", ":9000", "127.1:9000", "127.0.0.256:9000", "1234:9000", "::1:9000")
    .concat("[::1]", "[x]:9000", "[127.0.0.1]:9000", "[::1%1]:9000", "[]:9000", "a b:9000")
    .concat("1.2.3.4:5:6", "a/b:9000", "-a:9000", "unix:/run/x", "http://a:9000", "*:9000")
) {
  Deno.test(`--http refuses "${value}" in one line`, () => {
    const error = assertThrows(() => parseOptions([`--http=${value}`, "80"]), ExitError);
    assertEquals(error instanceof UsageError, false);
    assertEquals([error.code, error.message.split("\n").length], [64, 1]);
    assertEquals(error.message.endsWith(`, not "${value}"`), true);
  });
}

Deno.test("without --http nothing is served, and no token is taken", () => {
  assertEquals(parseOptions(["80"]).http, undefined);
  for (const [option, said] of [["x", "needs --http"], ["", "takes a file"]]) {
    const error = assertThrows(() => parseOptions([`--http-token=${option}`, "80"]), ExitError);
    assertEquals([error.code, error.message], [64, `balance: --http-token ${said}`]);
  }
});

Deno.test("--http-token names a file", () => {
  const { http } = parseOptions(["--http=9000", "--http-token", "/etc/balance/token", "80"]);
  assertEquals(http?.tokenFile, "/etc/balance/token");
});
