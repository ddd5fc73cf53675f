/** `deno task demo --watch`, as a newcomer runs it. */
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { ROOT } from "../kit/programs.ts";
import { Output, within } from "../kit/wait.ts";

Deno.test("demo --watch goes on after the tour with a dashboard, until Ctrl-C ends all of it", async () => {
  const demo = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `${ROOT}test/demo.ts`, "--watch"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const [stdout, stderr] = [new Output(demo.stdout), new Output(demo.stderr)];
  try {
    await within(stdout.until("--top"), "the dashboard", 60_000);
    const [address = ""] = /http:\/\/127\.0\.0\.1:\d+\//.exec(stdout.text) ?? [];
    const page = await fetch(address);
    assertStringIncludes(await page.text(), "<!DOCTYPE html>");
    const state = await (await fetch(`${address}api/state`)).json();
    assertEquals(state.totals.channels, 3);
  } finally {
    demo.kill("SIGINT");
    await within(demo.status, "the end of the demo", 30_000);
  }
  const { code } = await demo.status;
  await Promise.all([stdout.ended, stderr.ended]);
  assertEquals([code, stderr.text], [0, ""]);
  assertStringIncludes(stdout.text, "Nothing is left.");
});
