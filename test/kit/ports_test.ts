/** Ports for tests. */
import { assertEquals } from "./assert.ts";
import { freePort, returningPort } from "./ports.ts";
import { Output } from "./wait.ts";

/** A process that chooses ports and says which, and stays until its stdin is closed. */
function chooser(count: number): Deno.ChildProcess {
  const script = `const { freePort } = await import("${new URL("./ports.ts", import.meta.url)}");
    console.log(JSON.stringify(Array.from({ length: ${count} }, freePort)));
    await Deno.stdin.read(new Uint8Array(1));`;
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
}

Deno.test("processes that choose ports at the same time never choose the same one", async () => {
  const choosers = Array.from({ length: 4 }, () => chooser(90));
  const outputs = choosers.map(({ stdout }) => new Output(stdout));
  const texts = await Promise.all(outputs.map((output) => output.until("\n")));
  const ports: number[] = texts.flatMap((text) => JSON.parse(text));
  for (const each of choosers) await each.stdin.close();
  await Promise.all(choosers.map(({ status }) => status));
  await Promise.all(outputs.map(({ ended }) => ended));
  assertEquals(new Set(ports).size, 360);
});

Deno.test("a port in use is not chosen, and none that is kept for those who come and go", () => {
  const first = freePort();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: first + 1 });
  assertEquals(freePort() === listener.addr.port, false);
  for (let each = 0; each < 1000; each++) {
    const [free, returning] = [freePort(), returningPort()];
    assertEquals(free < 32_000 && returning >= 32_000 && returning < 32_768, true);
  }
});
