import { formatServiceStatus } from "../../../lib/core/report/service_status.ts";
import { viewTable } from "../../../lib/core/table/view.ts";
import { assertEquals } from "../../kit/assert.ts";
import { makeTable } from "../../kit/make_table.ts";

Deno.test("the status counts channels that clients could get, and all connections", () => {
  const [web, spare] = viewTable(makeTable("127.0.0.1:1 127.0.0.1:2"));
  if (web === undefined || spare === undefined) throw new Error("Two channels are wanted");
  const status = formatServiceStatus([
    { ...web, c: 14 },
    { ...web, observed: "down", c: 2 },
    { ...web, enabled: false },
    { ...spare, leaving: true, c: 1 },
  ], false);
  assertEquals(status, "1 of 3 channels up, 17 connections");
  assertEquals(formatServiceStatus([web], false), "1 of 1 channel up, 0 connections");
});

Deno.test("the status of a drain is what it waits for", () => {
  const views = viewTable(makeTable("127.0.0.1:1")).map((view) => ({ ...view, c: 1 }));
  assertEquals(formatServiceStatus(views, true), "draining, 1 connection left");
});
