/** What the paths answer. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { Watch } from "./fixture.ts";

const TOKEN = "correct-horse";

/** Commands that are carried out by telling what they were. */
function echoing(): {
  token: string;
  execute: (line: string, group: number) => Promise<{ lines: string[]; status: number }>;
} {
  return {
    token: TOKEN,
    execute: (line, group) => Promise.resolve({ lines: [`${group} ${line}`], status: 75 }),
  };
}

for (
  const [path, key] of [
    ["/api/state", "groups"],
    ["/api/conns", "connections"],
    ["/api/causes", "causes"],
    ["/api/health", "channels"],
  ] as const
) {
  Deno.test(`GET ${path} is the document as JSON`, async () => {
    await using watch = new Watch();
    const { status, headers, body } = await watch.get(path);
    assertEquals([status, headers.get("content-type")], [200, "application/json"]);
    assert(key in JSON.parse(body));
  });
}

Deno.test("GET /api/conns/1.2 is about that channel alone", async () => {
  await using watch = new Watch();
  const bodies = ["/api/conns", "/api/conns/1.2", "/api/conns/0.2", "/api/conns/1.2"].map(
    async (path) => JSON.parse((await watch.get(path)).body),
  );
  const omitted = (await Promise.all(bodies)).map(({ omitted }) => omitted);
  assertEquals(omitted, [0, 66, 2, 66]);
});

Deno.test("GET /metrics is the Prometheus format", async () => {
  await using watch = new Watch();
  const { status, headers, body } = await watch.get("/metrics");
  assertEquals(status, 200);
  assertEquals(headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assertStringIncludes(body, 'balance_build_info{version="1.1.0",engine="deno"} 1\n');
  assertMatch(body, /^process_resident_memory_bytes \d+$/m);
});

Deno.test("GET /metrics is OpenMetrics for whoever asks for it", async () => {
  await using watch = new Watch();
  const { headers, body } = await watch.get("/metrics", {
    Accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
  });
  assertEquals(
    headers.get("content-type"),
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  assert(body.endsWith("# EOF\n"));
});

Deno.test("GET / without a dashboard lists the paths", async () => {
  await using watch = new Watch();
  const { status, body } = await watch.get("/");
  assertEquals(status, 200);
  assertStringIncludes(body, "/metrics\n");
});

Deno.test("the dashboard's files are served, and not again while they are the same", async () => {
  const file = {
    body: new TextEncoder().encode("let a;"),
    type: "text/javascript",
    etag: '"1"',
    policy: "default-src 'none'",
  };
  await using watch = new Watch({ page: (path) => path === "/assets/a.js" ? file : undefined });
  const first = await watch.get("/assets/a.js");
  assertEquals([first.status, first.body, first.headers.get("etag")], [200, "let a;", '"1"']);
  assertEquals(first.headers.get("content-type"), "text/javascript");
  assertEquals(first.headers.get("cache-control"), "no-cache");
  assertEquals(first.headers.get("content-security-policy"), "default-src 'none'");
  const second = await watch.get("/assets/a.js", { "If-None-Match": '"1"' });
  assertEquals([second.status, second.body], [304, ""]);
  assertEquals((await watch.get("/assets/b.js")).status, 404);
  assertEquals((await watch.get("/")).status, 404);
});

Deno.test("/healthz says whether a client could be served", async () => {
  await using watch = new Watch();
  assertEquals((await watch.get("/healthz")).status, 200);
  watch.view.canServe = false;
  assertEquals((await watch.get("/healthz")).status, 503);
});

Deno.test("/healthz is 503 as soon as the instance drains", async () => {
  await using watch = new Watch();
  watch.server.drain();
  assertEquals((await watch.get("/healthz")).status, 503);
  assertEquals((await watch.get("/api/state")).status, 200);
});

Deno.test("HEAD is like GET, without the body", async () => {
  await using watch = new Watch();
  for (const path of ["/", "/metrics", "/api/state", "/api/events", "/healthz"]) {
    const { status, body } = await watch.get(path, {}, "HEAD");
    assertEquals([path, status, body], [path, 200, ""]);
  }
});

Deno.test("every answer tells browsers to keep it to themselves", async () => {
  await using watch = new Watch();
  for (const path of ["/", "/metrics", "/api/state", "/nothing", "/healthz"]) {
    const { headers } = await watch.get(path);
    assertMatch(headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert(!headers.get("content-security-policy")?.includes("unsafe"));
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("x-frame-options"), "DENY");
    assertEquals(headers.get("cache-control"), "no-store");
    assertEquals(headers.get("access-control-allow-origin"), undefined);
    assertEquals(headers.get("server"), undefined);
  }
});

Deno.test("a fault in a document is a 500 that does not say what it is", async () => {
  await using watch = new Watch();
  watch.view.state = () => {
    throw new Error("the inside");
  };
  const { status, body } = await watch.get("/api/state");
  assertEquals([status, body], [500, "Internal Server Error\n"]);
  assertEquals(watch.faults.length, 1);
  assertEquals((await watch.get("/api/health")).status, 200);
});

Deno.test("POST /api/command carries out a line of whoever has the token", async () => {
  await using watch = new Watch({ commands: echoing() });
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const { status, body } = await watch.post('{"group":1,"line":"disable 1"}', headers);
  assertEquals([status, JSON.parse(body)], [200, { lines: ["1 disable 1"], status: 75 }]);
  const chunked = await watch.say(
    "POST /api/command HTTP/1.1\r\nHost: [::1]:9\r\nTransfer-Encoding: chunked\r\n" +
      `authorization: bearer ${TOKEN}\r\n\r\n` +
      '8\r\n{"line":\r\n7\r\n"show"}\r\n0\r\n\r\n',
  );
  assertStringIncludes(chunked, '{"lines":["0 show"],"status":75}');
});

for (
  const authorization of ["", "Bearer", "Bearer wrong", `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, TOKEN]
) {
  Deno.test(`POST /api/command with "${authorization}" for a token is 401`, async () => {
    await using watch = new Watch({ commands: echoing() });
    const given = authorization === "" ? {} : { Authorization: authorization };
    const { status, headers, body } = await watch.post('{"line":"show"}', given);
    assertEquals([status, body], [401, "Unauthorized\n"]);
    assertEquals(headers.get("www-authenticate"), "Bearer");
  });
}

Deno.test("POST /api/command is not there without a token of the server's", async () => {
  await using watch = new Watch();
  assertEquals((await watch.post('{"line":"show"}')).status, 404);
});

for (
  const body of ["", "x", "[]", "null", '{"group":0}', '{"line":1}', '{"line":"a\\nb"}']
    .concat('{"group":16,"line":"show"}', '{"group":-1,"line":"show"}', '{"group":"0","line":""}')
) {
  Deno.test(`POST /api/command with ${body || "nothing"} is 400`, async () => {
    await using watch = new Watch({ commands: echoing() });
    const { status } = await watch.post(body, { Authorization: `Bearer ${TOKEN}` });
    assertEquals(status, 400);
  });
}

Deno.test("a command is told when whoever asked has left", async () => {
  const asked = Promise.withResolvers<AbortSignal>();
  const over = Promise.withResolvers<void>();
  await using watch = new Watch({
    commands: {
      token: TOKEN,
      execute: async (_line, _group, signal) => {
        asked.resolve(signal);
        signal.addEventListener("abort", () => over.resolve());
        await over.promise;
        return { lines: [], status: 0 };
      },
    },
  });
  using connection = await Deno.connect({ port: watch.port });
  await connection.write(new TextEncoder().encode(
    "POST /api/command HTTP/1.1\r\nHost: localhost\r\nContent-Length: 18\r\n" +
      `Authorization: Bearer ${TOKEN}\r\n\r\n{"line":"drain 1"}`,
  ));
  const signal = await asked.promise;
  assertEquals(signal.aborted, false);
  connection.close();
  await over.promise;
});
