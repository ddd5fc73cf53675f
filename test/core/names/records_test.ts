import { type ServiceRecord } from "../../../lib/core/names/answer.ts";
import { wantedAddresses, wantedServices } from "../../../lib/core/names/records.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ip } from "./addresses.ts";

function keys(
  addresses: string[],
  failed: ("ipv4" | "ipv6")[] = [],
  present: string[] = [],
): string {
  const answer = { addresses: addresses.map(ip), failed };
  return wantedAddresses(answer, present.map(ip)).map(({ key }) => key).join(" ");
}

Deno.test("wantedAddresses() is each address once, in the order of the answer", () => {
  assertEquals(keys(["10.0.0.2", "::1", "10.0.0.2", "10.0.0.1"]), "10.0.0.2 ::1 10.0.0.1");
});

Deno.test("wantedAddresses() keeps channels of a family of which nothing is known", () => {
  const present = ["10.0.0.9", "::9", "10.0.0.1"];
  assertEquals(keys(["10.0.0.1"], ["ipv6"], present), "10.0.0.1 ::9");
  assertEquals(keys(["::1"], ["ipv4"], present), "::1 10.0.0.9 10.0.0.1");
  assertEquals(keys(["::1"], [], present), "::1");
});

Deno.test("wantedAddresses() is nothing for an answer without addresses, whatever there was", () => {
  assertEquals(keys([], [], ["10.0.0.1"]), "");
  assertEquals(keys([], ["ipv4", "ipv6"], ["10.0.0.1"]), "");
});

function record(text: string): ServiceRecord {
  const [priority, weight, port, target = ""] = text.split(" ");
  return { priority: Number(priority), weight: Number(weight), port: Number(port), target };
}

const SERVICES: readonly [name: string, records: string[], wanted: string[]][] = [
  ["port and weight", ["0 5 8080 web1."], ["web1:8080 5"]],
  ["weight 0 as 1", ["0 0 80 web1"], ["web1:80 1"]],
  [
    "the lowest priority as ordinary, first, and others as backups",
    ["20 1 80 c", "10 1 80 a", "30 1 80 d", "10 1 80 b"],
    ["a:80 1", "b:80 1", "c:80 1 backup", "d:80 1 backup"],
  ],
  ["weights above 1000 shrunk alike", ["0 65535 80 a", "0 32768 80 b", "0 0 80 c"], [
    "a:80 1000",
    "b:80 500",
    "c:80 1",
  ]],
  ["a weight of 1000 as it is", ["0 1000 80 a", "0 1 80 b"], ["a:80 1000", "b:80 1"]],
  ["one target with two ports as two", ["0 1 80 a", "0 1 81 a"], ["a:80 1", "a:81 1"]],
  ["the same record twice as one", ["0 1 80 Web.", "0 9 80 web"], ["web:80 1"]],
  ["a target of . as none", ["0 1 80 ."], []],
  ["no records as none", [], []],
];

for (const [name, records, wanted] of SERVICES) {
  Deno.test(`wantedServices() reads ${name}`, () => {
    const found = wantedServices(records.map(record)).map(({ key, weight, backup }) =>
      `${key} ${weight}${backup ? " backup" : ""}`
    );
    assertEquals(found, wanted);
  });
}

Deno.test("wantedServices() takes any number of records", () => {
  const records = Array.from({ length: 10_000 }, (_, at) => record(`${at % 3} ${at} 80 h${at}`));
  assertEquals(wantedServices(records).length, 10_000);
});
