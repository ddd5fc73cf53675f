import { withSeed } from "../../kit/random.ts";
import { ExitError } from "../../../lib/core/errors.ts";
import {
  type CheckKind,
  httpRequest,
  judgeExpected,
  judgeHttp,
  type Judgement,
  parseCheckKind,
  parseExpected,
} from "../../../lib/core/health/check_kinds.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";

/** Text as bytes of the same numbers. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function show(judgement: Judgement): string {
  return judgement.verdict === "more" ? "more" : `${judgement.verdict} ${judgement.reason}`;
}

const KINDS: readonly [text: string, kind: CheckKind][] = [
  ["off", { kind: "off" }],
  ["tcp", { kind: "tcp" }],
  ["http:/", { kind: "http", path: "/" }],
  ["http:/a/b?c=d,e&f=%20", { kind: "http", path: "/a/b?c=d,e&f=%20" }],
];

for (const [text, kind] of KINDS) {
  Deno.test(`parseCheckKind() reads ${text}`, () => {
    assertEquals(parseCheckKind(text, "--check"), kind);
  });
}

const NO_KINDS = ["", "TCP", "tcp ", "http", "http:", "http:x", "http:/a b", "https:/"];

for (const text of [...NO_KINDS, "http:/a\r\nX: y", "http:/é"]) {
  Deno.test(`parseCheckKind() refuses ${JSON.stringify(text)} in one line`, () => {
    const error = assertThrows(() => parseCheckKind(text, "--check"), ExitError);
    const shown = text.replace("\r\n", "\\x0d\\x0a");
    assertEquals(
      error.message,
      `balance: --check takes tcp, http:/PATH or off, not "${shown}"`,
    );
  });
}

Deno.test("parseExpected() refuses what is found always or never", () => {
  assertEquals(parseExpected("\\x2bPONG", "--check-expect"), bytes("+PONG"));
  assertEquals(parseExpected("x".repeat(4096), "--check-expect").length, 4096);
  for (const length of [0, 4097]) {
    assertThrows(
      () => parseExpected("x".repeat(length), "--check-expect"),
      ExitError,
      `balance: --check-expect takes 1 to 4096 bytes, not ${length}`,
    );
  }
});

const HOSTS: readonly [host: string, port: number, header: string][] = [
  ["web1.example", 8080, "web1.example:8080"],
  ["web1.example", 80, "web1.example"],
  ["192.0.2.7", 443, "192.0.2.7:443"],
  ["2001:db8::1", 8080, "[2001:db8::1]:8080"],
  ["fe80::1%eth0", 80, "[fe80::1]"],
  ["/run/app.sock", 0, "localhost"],
  ["a\r\nX: y", 80, "localhost"],
];

for (const [host, port, header] of HOSTS) {
  Deno.test(`httpRequest() asks ${JSON.stringify(host)} port ${port} as ${header}`, () => {
    const request = String.fromCharCode(...httpRequest({ path: "/up?x=1", host, port }));
    assertEquals(
      request,
      `GET /up?x=1 HTTP/1.1\r\nHost: ${header}\r\nConnection: close\r\nUser-Agent: balance\r\n\r\n`,
    );
  });
}

const ANSWERS: readonly [answer: string, judged: string][] = [
  ["", "more"],
  ["H", "more"],
  ["HTTP/1.1 200", "more"],
  ["HTTP/1.1 200 OK", "more"],
  ["HTTP/1.1 200 OK\r", "more"],
  ["HTTP/1.1 200 OK\r\n", "ok http 200"],
  ["HTTP/1.0 204\r\n", "ok http 204"],
  ["HTTP/1.1 301 Moved\r\nLocation: /", "ok http 301"],
  ["HTTP/1.1 399 \r\n", "ok http 399"],
  ["HTTP/1.1 200 OK\nbody", "ok http 200"],
  ["HTTP/1.1 200 gr\xfc\xdfe\r\n", "ok http 200"],
  ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "bad http 100"],
  ["HTTP/1.1 404 Not Found\r\n", "bad http 404"],
  ["HTTP/1.1 503 Service Unavailable\r\n", "bad http 503"],
  ["HTTP/1.1 999\r\n", "bad http 999"],
  ["SSH-2.0-OpenSSH", "bad malformed http answer"],
  ["\n", "bad malformed http answer"],
  ["HTTP/2", "bad malformed http answer"],
  ["HTTP/1.1 20x", "bad malformed http answer"],
  ["HTTP/1.1 2000 OK\r\n", "bad malformed http answer"],
  ["HTTP/1.1 200OK", "bad malformed http answer"],
  ["HTTP/1.1 20\r\n", "bad malformed http answer"],
  ["HTTP/1.1  200 OK\r\n", "bad malformed http answer"],
  ["HTTP/1.1 200 a\rb\r\n", "bad malformed http answer"],
  [" HTTP/1.1 200 OK\r\n", "bad malformed http answer"],
  ["http/1.1 200 OK\r\n", "bad malformed http answer"],
];

for (const [answer, judged] of ANSWERS) {
  Deno.test(`judgeHttp() finds ${JSON.stringify(answer)}: ${judged}`, () => {
    assertEquals(show(judgeHttp(bytes(answer))), judged);
  });
}

Deno.test("judgeHttp() reads 4 KiB of the first line and no further", () => {
  const line = (length: number): string => `HTTP/1.1 200 ${"x".repeat(length - 15)}\r\n`;
  assertEquals(show(judgeHttp(bytes(line(4096)))), "ok http 200");
  assertEquals(show(judgeHttp(bytes(line(4097)).subarray(0, 4095))), "more");
  assertEquals(show(judgeHttp(bytes(line(4097)).subarray(0, 4096))), "bad malformed http answer");
  assertEquals(show(judgeHttp(bytes(line(4097)))), "bad malformed http answer");
});

Deno.test("judgeHttp() never takes back what it found before more bytes came", () =>
  withSeed((random) => {
    for (let round = 0; round < 500; round++) {
      const [answer] = random.pick(ANSWERS);
      const all = bytes(answer);
      const at = random.between(0, all.length);
      // One wrong byte somewhere: most become malformed, at that byte or at the end of the line.
      if (random.chance(0.5) && all.length > 0) all[at % all.length] = random.between(0, 255);
      const whole = show(judgeHttp(all));
      for (let length = 0; length < all.length; length++) {
        const part = show(judgeHttp(all.subarray(0, length)));
        if (part !== "more") assertEquals(part, whole, answer);
      }
    }
  }));

const EXPECTED: readonly [answer: string, expected: string, judged: string][] = [
  ["", "+PONG", "more"],
  ["+PON", "+PONG", "more"],
  ["+PONG", "+PONG", "ok expected answer"],
  ["xx+PONG\r\n", "+PONG", "ok expected answer"],
  ["aab", "ab", "ok expected answer"],
  ["a\0b", "\0b", "ok expected answer"],
  ["-ERR", "+PONG", "more"],
  ["x".repeat(4094) + "ok", "ok", "ok expected answer"],
  ["x".repeat(4095) + "ok", "ok", "bad unexpected answer"],
  ["x".repeat(4095) + "o", "ok", "bad unexpected answer"],
  ["x".repeat(4094) + "o", "ok", "more"],
  ["x".repeat(9000), "ok", "bad unexpected answer"],
];

for (const [answer, expected, judged] of EXPECTED) {
  const shown = `${answer.slice(-8)} (${answer.length} bytes)`;
  Deno.test(`judgeExpected() looks for ${expected} in ${JSON.stringify(shown)}: ${judged}`, () => {
    assertEquals(show(judgeExpected(bytes(answer), bytes(expected))), judged);
  });
}
