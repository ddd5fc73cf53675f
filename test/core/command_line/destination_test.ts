import { type Random, withSeed } from "../../kit/random.ts";
import {
  channelName,
  type Destination,
  formatDestination,
  parseDestination,
} from "../../../lib/core/command_line/destination.ts";
import { ExitError } from "../../../lib/core/errors.ts";
import { atoi32 } from "../../../lib/core/net/address.ts";
import { destinationPort } from "../../../lib/core/net/services.ts";
import { printable } from "../../../lib/core/text.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../../kit/assert.ts";
import { nastyText } from "../../fuzz/target.ts";
import { SERVICES } from "../../kit/make_table.ts";

const OWN = 8888;

function read(operand: string): Destination {
  return parseDestination(operand, OWN, SERVICES);
}

/** A destination as one line: kind and text of the address, port, maxc, attributes. */
function write({ address, port, maxc, attributes }: Destination): string {
  const words = Object.entries(attributes).map(([name, value]) => ` ${name}=${value}`);
  return `${address.kind} ${address.text} ${port} ${maxc}${words.join("")}`;
}

/** The forms of balance 3.54. */
const CLASSIC: readonly [operand: string, meaning: string][] = [
  ["h", "host h 8888 0"],
  ["h:", "host h 8888 0"],
  ["h::", "host h 8888 0"],
  ["h::12", "host h 8888 12"],
  ["h:80", "host h 80 0"],
  ["h:80:", "host h 80 0"],
  ["h:80:12", "host h 80 12"],
  ["h:mail", "host h 25 0"],
  ["h:-1", "host h -1 0"],
  ["h:80:many", "host h 80 0"],
  ["h:80:-4", "host h 80 -4"],
  ["h:80:3x", "host h 80 3"],
  ["!!", "host !! 8888 0"],
  ["!%", "host !% 8888 0"],
  ["h:smtp:4", "host h 25 4"],
  ["h:80:2:9", "host h 80 2"],
  ["h:80::5", "host h 80 0"],
  ["h:foo", "host h 0 0"],
  ["h:12x", "host h 12 0"],
  ["h:70000", "host h 70000 0"],
  ["h:-1:-4", "host h -1 -4"],
  ["", "host  8888 0"],
  ["::1", "host  8888 1"],
  ["2001:db8::1", "host 2001 0 0"],
  ["h[::1]:80", "host h[ 8888 1"],
  ["10.0.0.1:80", "host 10.0.0.1 80 0"],
  ["127.1:80", "host 127.1 80 0"],
  ["dns", "host dns 8888 0"],
  ["dns:53", "host dns 53 0"],
  ["dns:smtp:3", "host dns 25 3"],
  ["dns::7", "host dns 8888 7"],
  ["srv:80:4", "host srv 80 4"],
  ["unix:", "host unix 8888 0"],
  ["unix: 80", "host unix 80 0"],
  ["unix:-1", "host unix -1 0"],
  ["DNS:web", "host DNS 0 0"],
  ["xdns:web", "host xdns 0 0"],
];

for (const [operand, meaning] of CLASSIC) {
  Deno.test(`"${operand}" is ${meaning}, as it always was`, () => {
    assertEquals(write(read(operand)), meaning);
  });
}

const NEW: readonly [operand: string, meaning: string][] = [
  ["[::1]", "ipv6 ::1 8888 0"],
  ["[2001:db8::1]:80", "ipv6 2001:db8::1 80 0"],
  ["[2001:DB8::1]:smtp:4", "ipv6 2001:DB8::1 25 4"],
  ["[::1]::4", "ipv6 ::1 8888 4"],
  ["[fe80::1%eth0]:80", "ipv6 fe80::1%eth0 80 0"],
  ["[::ffff:10.0.0.1]:80", "ipv6 ::ffff:10.0.0.1 80 0"],
  ["unix:/run/web.sock", "unix /run/web.sock 0 0"],
  ["unix:/run/web.sock::4", "unix /run/web.sock 0 4"],
  ["unix:web.sock", "unix web.sock 0 0"],
  ["dns:web", "dns web 8888 0"],
  ["dns:web.example:80:4", "dns web.example 80 4"],
  ["dns:3.example:80", "dns 3.example 80 0"],
  ["srv:_http._tcp.example", "srv _http._tcp.example 8888 0"],
  ["srv:_http._tcp.example::4", "srv _http._tcp.example 8888 4"],
  ["h,weight=0", "host h 8888 0 weight=0"],
  ["h:80,weight=1000", "host h 80 0 weight=1000"],
  ["h:80,maxc=4", "host h 80 4"],
  ["h:80:,maxc=2147483647", "host h 80 2147483647"],
  ["h:80:4,backup", "host h 80 4 backup=true"],
  ["h:80,check=off", "host h 80 0 check=off"],
  ["h:80,check=http:/a?b=c", "host h 80 0 check=http:/a?b=c"],
  ["h:80,check=tcp,checkport=65535", "host h 80 0 check=tcp checkport=65535"],
  ["h:80,proxy=v1", "host h 80 0 proxy=v1"],
  ["h:80,proxy=off", "host h 80 0 proxy=off"],
  ["h:80,name=Web 1: left=[ü]", "host h 80 0 name=Web 1: left=[ü]"],
  ["dns:53,backup", "host dns 53 0 backup=true"],
  [",backup", "host  8888 0 backup=true"],
  [
    "[::1]:80:9,proxy=v2,name=a,backup,weight=7",
    "ipv6 ::1 80 9 proxy=v2 name=a backup=true weight=7",
  ],
];

for (const [operand, meaning] of NEW) {
  Deno.test(`"${operand}" is ${meaning}`, () => {
    assertEquals(write(read(operand)), meaning);
  });
}

const BRACKETS = "brackets are for an IPv6 address, like [2001:db8::1]:80";
const ALL = "there are weight, maxc, backup, check, checkport, proxy, name";

const WRONG: readonly [operand: string, reason: string][] = [
  ["[::1", BRACKETS],
  ["[]", BRACKETS],
  ["[::1]80", BRACKETS],
  ["[::1] :80", BRACKETS],
  ["[10.0.0.1]:80", BRACKETS],
  ["[web]:80", BRACKETS],
  ["[1::2::3]", BRACKETS],
  ["[fe80::1%]", BRACKETS],
  ["[fe80::1%a b]", BRACKETS],
  ["unix:/run/x:80", "a Unix socket has no port"],
  ["unix:/run/a:b", "a Unix socket has no port"],
  [`unix:/${"x".repeat(107)}`, "the path has at most 107 bytes"],
  ["srv:_http._tcp.example:80", "the port of srv: comes from the records"],
  ["h:80,", "an attribute is missing at a comma"],
  ["h:80,,backup", "an attribute is missing at a comma"],
  ["h:80,=1", "an attribute is missing at a comma"],
  ["h:80,wieght=2", "no attribute wieght; did you mean weight?"],
  ["h:80,Weight=2", "no attribute Weight; did you mean weight?"],
  ["h:80,chekport=2", "no attribute chekport; did you mean checkport?"],
  ["h:80,backups", "no attribute backups; did you mean backup?"],
  ["h:80,colour=red", `no attribute colour; ${ALL}`],
  ["h:80, backup", "no attribute  backup; did you mean backup?"],
  ["h:80,toString=1", `no attribute toString; ${ALL}`],
  ["h:80,__proto__=1", `no attribute __proto__; ${ALL}`],
  ["h:80,x\x1b[2J", `no attribute x\\x1b[2J; ${ALL}`],
  ["h:80,weight=1001", 'weight takes a number from 0 to 1000, not "1001"'],
  ["h:80,weight=-1", 'weight takes a number from 0 to 1000, not "-1"'],
  ["h:80,weight=1.5", 'weight takes a number from 0 to 1000, not "1.5"'],
  ["h:80,weight=", 'weight takes a number from 0 to 1000, not ""'],
  ["h:80,weight", "weight takes a number from 0 to 1000, not nothing"],
  ["h:80,weight=1e2", 'weight takes a number from 0 to 1000, not "1e2"'],
  ["h:80,weight=٣", 'weight takes a number from 0 to 1000, not "٣"'],
  ["h:80,maxc=2147483648", 'maxc takes a number from 0 to 2147483647, not "2147483648"'],
  ["h:80,backup=yes", 'backup takes no value, not "yes"'],
  ["h:80,backup=", 'backup takes no value, not ""'],
  ["h:80,check=on", 'check takes off, tcp or http:/PATH, not "on"'],
  ["h:80,check=http:a", 'check takes off, tcp or http:/PATH, not "http:a"'],
  ["h:80,check=http:/a b", 'check takes off, tcp or http:/PATH, not "http:/a b"'],
  ["h:80,checkport=0", 'checkport takes a number from 1 to 65535, not "0"'],
  ["h:80,checkport=65536", 'checkport takes a number from 1 to 65535, not "65536"'],
  ["h:80,proxy=v3", 'proxy takes v1, v2 or off, not "v3"'],
  ["h:80,proxy", "proxy takes v1, v2 or off, not nothing"],
  ["h:80,name=", 'name takes printable text, not ""'],
  ["h:80,name= ", 'name takes printable text, not " "'],
  ["h:80,name=a\nb", 'name takes printable text, not "a\\x0ab"'],
  ["h:80,weight=1,weight=1", "weight is given twice"],
  ["h:80,backup,backup", "backup is given twice"],
  [
    "h:80:4,maxc=4",
    "maxc stands behind the second colon and as an attribute; give it once",
  ],
];

for (const [operand, reason] of WRONG) {
  const shown = JSON.stringify(operand.slice(0, 40));
  Deno.test(`parseDestination() refuses ${shown} with exit code 64: ${reason}`, () => {
    const error = assertThrows(() => read(operand), ExitError);
    assertEquals([error.code, error.stream], [64, "stderr"]);
    assertEquals(error.message, `balance: destination ${printable(operand)}: ${reason}`);
    assertMatch(error.message, /^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
  });
}

const NAMES: readonly [operand: string, name: string][] = [
  ["web1:80", "web1:80"],
  ["web1:smtp:4", "web1:smtp"],
  ["web1", "web1:8888"],
  ["[::1]:80,weight=2", "[::1]:80"],
  ["unix:/run/x::4", "unix:/run/x"],
  ["dns:web:80", "dns:web:80"],
  ["srv:_http._tcp.example", "srv:_http._tcp.example"],
  ["web1:80,name=left", "left"],
];

for (const [operand, name] of NAMES) {
  Deno.test(`a channel of "${operand}" is called ${name}`, () => {
    assertEquals(channelName(read(operand)), name);
  });
}

const WRITTEN: readonly [operand: string, text: string][] = [
  ["h", "h"],
  ["h::", "h"],
  ["h:smtp:", "h:smtp"],
  ["h::4", "h::4"],
  ["h:80,maxc=4,weight=2", "h:80:4,weight=2"],
  ["[::1]:80,name=a,backup", "[::1]:80,backup,name=a"],
  ["unix:/run/x,maxc=3", "unix:/run/x::3"],
  ["dns:web:80", "dns:web:80"],
  ["dns:53", "dns:53"],
];

for (const [operand, text] of WRITTEN) {
  Deno.test(`formatDestination() writes "${operand}" as ${text}`, () => {
    assertEquals(formatDestination(read(operand)), text);
  });
}

/** `host[:port[:maxc]]` as balance 3.54 splits it. */
function parseClassic(operand: string): { host: string; port: number; maxc: number } {
  const [host = "", port = "", ...maxc] = operand.split(":");
  return {
    host,
    port: port === "" ? OWN : destinationPort(port, SERVICES),
    maxc: atoi32(maxc.join(":")),
  };
}

Deno.test("without a comma, a bracket or a prefix every text reads as it always did", () =>
  withSeed((random) => {
    for (let round = 0; round < 3000; round++) {
      const text = random.chance(0.2)
        ? `${random.pick(["dns", "srv", "unix"])}${random.pick(["", ":", ":25", ":imap:2", "::3"])}`
        : nastyText(random, 8).replaceAll(",", "");
      if (/^\[|^(?:dns|srv|unix):[^:]*[^\d:]/.test(text) && !text.includes("imap")) continue;
      const { host, port, maxc } = parseClassic(text);
      const { address, attributes, ...fields } = read(text);
      assertEquals(address, { kind: "host", text: host }, text);
      assertEquals([fields.port, fields.maxc, attributes], [port, maxc, {}], text);
    }
  }));

function randomAttributes(random: Random): string {
  const words = [
    `weight=${random.between(0, 1000)}`,
    "backup",
    `check=${random.pick(["off", "tcp", "http:/", "http:/a?b=c:d"])}`,
    `checkport=${random.between(1, 65535)}`,
    `proxy=${random.pick(["v1", "v2", "off"])}`,
    `name=${random.pick(["a", "web 1", "ü:=[]", "__proto__", "x".repeat(300)])}`,
  ].filter(() => random.chance(0.4));
  return words.sort(() => random.next() - 0.5).map((word) => `,${word}`).join("");
}

function randomOperand(random: Random): string {
  const unix = `unix:/${nastyText(random, 5).replace(/[:,\0]/g, "/")}`;
  const address = random.pick([
    nastyText(random, 3).replace(/[:,]|^\[/g, ""),
    random.pick(["h", "10.0.0.1", "dns", "srv", "unix", "127.1"]),
    random.pick(["[::1]", "[fe80::1%eth0]", "[2001:DB8::]"]),
    unix,
    "dns:web.example",
    "srv:_http._tcp.example",
  ]);
  const port = /^unix:\/|^srv:_/.test(address)
    ? ""
    : random.pick(["", "80", "smtp", "-1", "70000"]);
  const maxc = random.pick(["", "0", "4", "-4", "2147483647", "12x"]);
  const fields = random.pick(["", `:${port}`, `:${port}:${maxc}`]);
  const named = fields.length < 2 && random.chance(0.3) ? ",maxc=5" : "";
  return `${address}${fields}${named}${randomAttributes(random)}`;
}

Deno.test("every destination that is written is read again", () =>
  withSeed((random) => {
    for (let round = 0; round < 3000; round++) {
      const operand = randomOperand(random);
      const destination = read(operand);
      const text = formatDestination(destination);
      assertEquals(read(text), destination, `${operand} written as ${text}`);
      assertEquals(formatDestination(read(text)), text);
    }
  }));

Deno.test("parseDestination() answers any text with a destination, or one printable line and 64", () =>
  withSeed((random) => {
    const words = ["[", "]", ",", "unix:", "dns:", "srv:", "weight=", "name=", "backup", "maxc="];
    for (let round = 0; round < 5000; round++) {
      const text = Array.from(
        { length: random.between(0, 6) },
        () => random.chance(0.6) ? random.pick(words) : nastyText(random, 2),
      ).join("");
      try {
        const { port, maxc } = read(text);
        assert((port | 0) === port && (maxc | 0) === maxc);
      } catch (error) {
        assert(error instanceof ExitError && error.code === 64, text);
        assertMatch(error.message, /^balance: destination [^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u);
      }
    }
  }));
