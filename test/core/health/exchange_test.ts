import { exchangeFor } from "../../../lib/core/health/exchange.ts";
import { assert, assertEquals, assertStringIncludes } from "../../kit/assert.ts";

const TARGET = { host: "web", port: 81 };
const SILENT = { send: undefined, expect: undefined };
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

Deno.test("a check that is off says nothing at all", () => {
  assertEquals(exchangeFor({ kind: "off" }, SILENT, TARGET), undefined);
});

Deno.test("a tcp check sends nothing and waits for nothing", () => {
  const exchange = exchangeFor({ kind: "tcp" }, SILENT, TARGET);
  assertEquals(exchange, { name: "tcp", send: undefined, judge: undefined, serverCloses: false });
});

Deno.test("a tcp check with words is a dialogue", () => {
  const exchange = exchangeFor({ kind: "tcp" }, {
    send: bytes("PING\r\n"),
    expect: bytes("+PONG"),
  }, TARGET);
  assertEquals([exchange?.name, exchange?.send], ["dialogue", bytes("PING\r\n")]);
  assertEquals(exchange?.judge?.(bytes("x+PONG\r\n")).verdict, "ok");
});

Deno.test("an http check asks the destination by its name, and leaves the closing to the server", () => {
  const exchange = exchangeFor({ kind: "http", path: "/up" }, SILENT, TARGET);
  assert(exchange?.send !== undefined && exchange.serverCloses);
  assertStringIncludes(new TextDecoder().decode(exchange.send), "GET /up HTTP/1.1\r\nHost: web:81");
  assertEquals(exchange.judge?.(bytes("HTTP/1.1 503 No\r\n")).verdict, "bad");
});
