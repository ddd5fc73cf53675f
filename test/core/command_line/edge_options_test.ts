import { OPTIONS, parseOptions } from "../../../lib/core/command_line/options.ts";
import { ExitError, UsageError } from "../../../lib/core/errors.ts";
import { formatNetworks } from "../../../lib/core/net/cidr.ts";
import { assert, assertEquals, assertThrows } from "../../kit/assert.ts";

Deno.test("without an option of the edge nothing is limited, and the log is text", () => {
  const { edge, logFormat } = parseOptions(["80"]);
  assertEquals([edge, logFormat], [
    {
      proxies: undefined,
      proxyOut: undefined,
      lists: { allow: undefined, deny: undefined },
      limits: { connections: 0, rate: undefined },
      maxClients: 0,
      queue: undefined,
      timeouts: { probes: undefined, userTimeout: 0 },
    },
    "text",
  ]);
});

Deno.test("every option of the edge is read", () => {
  const { edge, logFormat } = parseOptions([
    ...["--proxy-in", "10.0.0.0/8,2001:db8::7", "--proxy-out=v2", "--allow=192.0.2.0/24"],
    ...["--deny", "192.0.2.9", "--max-conns=100", "--max-conns-per-client=5"],
    ...["--rate-per-client=20/10", "--queue=50:5", "--log-format=json", "80"],
  ]);
  const { proxies, lists: { allow, deny } } = edge;
  assert(proxies !== undefined && allow !== undefined && deny !== undefined);
  assertEquals([proxies, allow, deny].map(formatNetworks), [
    "10.0.0.0/8,2001:db8::7",
    "192.0.2.0/24",
    "192.0.2.9",
  ]);
  assertEquals([edge.proxyOut, edge.maxClients, edge.limits, edge.queue, logFormat], [
    "v2",
    100,
    { connections: 5, rate: { count: 20, seconds: 10 } },
    { most: 50, seconds: 5 },
    "json",
  ]);
});

const LIKE = "10.0.0.0/8, 192.0.2.7, 2001:db8::/32 or 2001:db8::7";
const NETS = "takes networks and addresses with commas between:";
const RATE = "takes a rate:";
const PER = "is not N/SEC: 1 to 1000000 connections in 1 to 86400 seconds, like 20/10";
const COUNT = "takes a number from 1 to 1000000, not";
const QUEUE = "takes N:SEC, 1 to 10000 clients for 1 to 86400 seconds, not";
const KEEPALIVE =
  "takes IDLE,INTERVAL,COUNT: seconds, seconds (1 to 32767) and a number (1 to 127), not";
const NATIVE = "needs --engine native";

const WRONG: readonly [option: string, value: string, complaint: string][] = [
  ["proxy-in", "", `${NETS} an entry is empty`],
  ["proxy-in", "proxy.example", `${NETS} proxy.example is not like ${LIKE}`],
  [
    "proxy-in",
    "10.0.0.0/33",
    `${NETS} 10.0.0.0/33 does not end in the length of an IPv4 network, 0 to 32`,
  ],
  ["allow", "10.0.0.1,", `${NETS} an entry is empty`],
  ["allow", "0x7f.1", `${NETS} 0x7f.1 is not like ${LIKE}`],
  ["deny", "::1/129", `${NETS} ::1/129 does not end in the length of an IPv6 network, 0 to 128`],
  ["deny", "\x1b[2J", `${NETS} \\x1b[2J is not like ${LIKE}`],
  ["proxy-out", "", 'takes v1 or v2, not ""'],
  ["proxy-out", "v3", 'takes v1 or v2, not "v3"'],
  ["proxy-out", "off", 'takes v1 or v2, not "off"'],
  ["max-conns", "0", `${COUNT} "0"`],
  ["max-conns", "1000001", `${COUNT} "1000001"`],
  ["max-conns", "-1", `${COUNT} "-1"`],
  ["max-conns-per-client", "1.5", `${COUNT} "1.5"`],
  ["max-conns-per-client", "ten", `${COUNT} "ten"`],
  ["rate-per-client", "20", `${RATE} 20 ${PER}`],
  ["rate-per-client", "0/1", `${RATE} 0/1 ${PER}`],
  ["queue", "10", `${QUEUE} "10"`],
  ["queue", "0:5", `${QUEUE} "0:5"`],
  ["queue", "10:0", `${QUEUE} "10:0"`],
  ["queue", "10001:1", `${QUEUE} "10001:1"`],
  ["queue", "10:5:1", `${QUEUE} "10:5:1"`],
  ["log-format", "xml", 'takes text or json, not "xml"'],
  ["keepalive", "10", `${KEEPALIVE} "10"`],
  ["keepalive", "10,0,3", `${KEEPALIVE} "10,0,3"`],
  ["keepalive", "10,5,128", `${KEEPALIVE} "10,5,128"`],
  ["keepalive", "32768,5,3", `${KEEPALIVE} "32768,5,3"`],
  ["keepalive", "10,5,3,1", `${KEEPALIVE} "10,5,3,1"`],
  ["keepalive", "10,5,3", NATIVE],
  ["user-timeout", "0", 'takes seconds from 1 to 86400, not "0"'],
  ["user-timeout", "30", NATIVE],
];

for (const [option, value, complaint] of WRONG) {
  Deno.test(`--${option} ${JSON.stringify(value)} is refused in one line with exit code 64`, () => {
    const error = assertThrows(() => parseOptions([`--${option}=${value}`, "80"]), ExitError);
    assertEquals([error.code, error.message], [64, `balance: --${option} ${complaint}`]);
    // The usage text would be more than one line.
    assertEquals(error instanceof UsageError, false);
  });
}

Deno.test("every option of the edge that takes a value has a bad value in the table", () => {
  const tried = new Set(WRONG.map(([option]) => option));
  const edge = OPTIONS.filter(({ topic, value }) => topic === "edge" && value !== undefined);
  assertEquals(edge.filter(({ name }) => !tried.has(name)), []);
});
