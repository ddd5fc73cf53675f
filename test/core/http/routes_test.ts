import { findRoute } from "../../../lib/core/http/routes.ts";
import { assertEquals } from "../../kit/assert.ts";

const SITE = { name: "127.0.0.1", commands: true };

for (
  const [method, target, route] of [
    ["GET", "/", { kind: "page", path: "/" }],
    ["GET", "/?x=1", { kind: "page", path: "/" }],
    ["GET", "/assets/app.3f.js", { kind: "page", path: "/assets/app.3f.js" }],
    ["HEAD", "/metrics", { kind: "metrics" }],
    ["GET", "/api/state", { kind: "document", name: "state" }],
    ["GET", "/api/conns?", { kind: "document", name: "conns" }],
    ["GET", "/api/conns/1.63", { kind: "document", name: "conns", slot: 127 }],
    ["GET", "/api/causes/0.0?x", { kind: "document", name: "causes", slot: 0 }],
    ["GET", "/api/causes/16.0", { kind: "refusal", status: 404 }],
    ["GET", "/api/causes/0.64", { kind: "refusal", status: 404 }],
    ["GET", "/api/causes/00.1", { kind: "refusal", status: 404 }],
    ["GET", "/api/health/0.0", { kind: "refusal", status: 404 }],
    ["GET", "/api/events", { kind: "events" }],
    ["GET", "/healthz", { kind: "healthz" }],
    ["POST", "/api/command", { kind: "command" }],
    ["GET", "/api/command", { kind: "refusal", status: 405, allow: "POST" }],
    ["POST", "/", { kind: "refusal", status: 405, allow: "GET, HEAD" }],
    ["OPTIONS", "/metrics", { kind: "refusal", status: 405, allow: "GET, HEAD" }],
    ["POST", "/nothing", { kind: "refusal", status: 404 }],
    ["GET", "/Metrics", { kind: "refusal", status: 404 }],
    ["GET", "/metrics/", { kind: "refusal", status: 404 }],
    ["GET", "/metrics#x", { kind: "refusal", status: 404 }],
    ["GET", "/./metrics", { kind: "refusal", status: 404 }],
    ["GET", "/assets/", { kind: "refusal", status: 404 }],
    ["GET", "/assets/..", { kind: "refusal", status: 404 }],
    ["GET", "/assets/a/b", { kind: "refusal", status: 404 }],
    ["GET", "/assets/a%2fb", { kind: "refusal", status: 404 }],
    ["GET", "", { kind: "refusal", status: 400 }],
    ["GET", "*", { kind: "refusal", status: 400 }],
    ["GET", "http://localhost/", { kind: "refusal", status: 400 }],
  ] as const
) {
  Deno.test(`findRoute() reads ${method} ${target}`, () => {
    assertEquals(findRoute({ method, target, hosts: ["localhost"] }, SITE), route);
  });
}

Deno.test("findRoute() looks at the host before all else", () => {
  const head = { method: "GET", target: "nothing", hosts: ["evil.example"] };
  assertEquals(findRoute(head, SITE), { kind: "refusal", status: 421 });
});

Deno.test("findRoute() has no place for commands where none are taken", () => {
  const head = { method: "POST", target: "/api/command", hosts: [] };
  const site = { ...SITE, commands: false };
  assertEquals(findRoute(head, site), { kind: "refusal", status: 404 });
});
