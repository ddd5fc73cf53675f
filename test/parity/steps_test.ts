/**
 * The steps and backends of the player, held against each other without a
 * balancer in between: what README.md of `golden/` says of them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assertEquals } from "../kit/assert.ts";
import { needing } from "../kit/needs.ts";
import { world } from "./world_need.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const PORT = "<B1>";
const dial = { op: "connect", id: "a", port: PORT, expect: "connected" };

/** Backend kind to steps that hold for it. */
const STEPS: Record<string, unknown[]> = {
  banner: [
    { op: "gets", port: PORT, from_each: ["127.0.0.9", "127.0.0.8"], expect: ["B1", "B1"] },
    { op: "backend_peers", name: "B1", expect: ["127.0.0.9", "127.0.0.8"] },
    { op: "backend_stop", name: "B1" },
    { op: "get", port: PORT, expect_error: "ECONNREFUSED" },
    { op: "backend_start", name: "B1" },
    { op: "get", port: PORT, expect: "B1\n" },
  ],
  hold: [
    dial,
    { op: "recv", id: "a", expect: "B1\n" },
    { op: "send", id: "a", data: "ü\n" },
    { op: "backend_got", name: "B1", expect: "ü\n" },
    { op: "half_close", id: "a" },
    { op: "recv_all", id: "a", expect: "" },
    { op: "close", id: "a" },
  ],
  echo: [
    dial,
    { op: "send", id: "a", data: "x" },
    { op: "recv", id: "a", expect: "x" },
    { op: "recv", id: "a", timeout: 0.2, expect_error: "timeout" },
    { op: "reset", id: "a" },
  ],
  late: [{
    op: "get",
    port: PORT,
    send: "hello",
    half_close: true,
    expect: "5 bytes received\n",
    timed: true,
    expect_seconds: 0.2,
  }],
  early: [{ op: "get", port: PORT, send: "hello", expect: "early answer" }],
  crlf: [
    dial,
    { op: "send", id: "a", data: "hello" },
    { op: "recv", id: "a", expect: "220 ready\r\n500 unknown\r\n" },
    { op: "send", id: "a", data: "QUIT\r\n" },
    { op: "recv_all", id: "a", expect: "221 bye\r\n" },
  ],
  pump: [{ op: "get", port: PORT, expect: "200000 bytes" }],
  firstclose: [{ op: "get", port: PORT, send: "x", expect: "" }],
  rst: [{ op: "get", port: PORT, send: "x", expect_error: "ECONNRESET" }],
  duplex: [
    dial,
    { op: "upload_strict", id: "a", bytes: 20_000_000, expect: "sent" },
    { op: "recv_all", id: "a", expect: "20000000 bytes" },
  ],
  blackhole: [{ op: "get", port: PORT, timeout: 0.3, expect_error: "timeout" }],
  sink: [
    { op: "sh", cmd: "touch /run/balance/file" },
    { op: "ls", expect: ["file"] },
    { op: "stat", path: "/var/run/balance/file", expect: "100644 0" },
    { op: "sh", cmd: "getent hosts nosuch.invalid", expect_exit: 2 },
  ],
};

Deno.test(
  needing(await world(), "every kind of backend and the steps for it do what the format says"),
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      for (const [name, steps] of Object.entries(STEPS)) {
        const backends = [{ name: "B1", port: PORT, kind: name }];
        const text = JSON.stringify({
          name,
          category: "test",
          argv: [],
          stdin: null,
          setup: { backends, steps },
          exit: 64,
          stdout: "",
          stderr: "<USAGE>\n",
          disposition: "keep",
        });
        await Deno.writeTextFile(`${folder}/${name}.json`, text);
      }
      const fake = `${Deno.execPath()} run -A --no-lock ${HERE}fake_balance.ts`;
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--unstable-net", `${HERE}play.ts`, "--balance", fake, folder],
        stderr: "inherit",
      }).output();
      assertEquals(new TextDecoder().decode(stdout), "12 passed, 0 failed, 0 skipped\n");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
