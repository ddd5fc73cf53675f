import {
  copyEndpoint,
  EndpointReader,
  makeEndpointCopy,
  writeEndpoint,
} from "../../../lib/core/table/endpoint.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { ipv4Place, makeTable } from "../../kit/make_table.ts";

Deno.test("copyEndpoint() copies the bytes that were written, and how many count", () => {
  const table = makeTable("10.0.0.1 10.0.0.2");
  for (const length of [16, 28, 110, 1]) {
    const address = Uint8Array.from({ length }, (_, at) => at + length);
    writeEndpoint(table, 1, address);
    const copy = makeEndpointCopy();
    copyEndpoint(table, 1, copy);
    assertEquals(copy.bytes.slice(0, copy.length), address);
  }
});

Deno.test("copyEndpoint() never sees half a change that another thread makes", async () => {
  const table = makeTable("10.0.0.1");
  writeEndpoint(table, 0, new Uint8Array(28).fill(1));
  const writer = new Worker(new URL("./endpoint_writer.ts", import.meta.url), { type: "module" });
  const writing = new Promise((resolve) => writer.addEventListener("message", resolve));
  writer.postMessage(table.memory);
  await writing;
  const copy = makeEndpointCopy();
  const seen = new Set<string>();
  for (let round = 0; round < 200_000; round++) {
    copyEndpoint(table, 0, copy);
    const bytes = copy.bytes.subarray(0, copy.length);
    const first = bytes[0] ?? 0;
    seen.add(`${copy.length}:${bytes.every((byte) => byte === first) ? first : "mixed"}`);
  }
  writer.terminate();
  assertEquals([...seen].toSorted(), ["110:2", "28:1"]);
});

Deno.test("EndpointReader decodes an endpoint once, and again after a change", () => {
  const table = makeTable("10.0.0.1:81");
  const reader = new EndpointReader(table);
  const first = reader.read(0);
  assertEquals(first, { family: "ipv4", address: 0x0a000001, port: 81 });
  assert(reader.read(0) === first, "the same object");
  writeEndpoint(table, 0, ipv4Place(0x0a000002, 82).address);
  assertEquals(reader.read(0), { family: "ipv4", address: 0x0a000002, port: 82 });
});
