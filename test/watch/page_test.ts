import { BUNDLE, makeBundle } from "../../.ci/page.ts";
import { page } from "../../lib/watch/page.ts";
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";

const text = new TextDecoder().decode(page("/")?.body);

/** The content of an element that the document has once. */
function contentOf(element: string): string {
  const parts = text.split(new RegExp(`<${element}[^>]*>|</${element}>`));
  assertEquals(parts.length, 3);
  return parts[1] ?? "";
}

async function hash(content: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(content));
  return `'sha256-${new Uint8Array(digest).toBase64()}'`;
}

Deno.test("the dashboard that is kept is the one that its sources make", async () => {
  const kept = await Deno.readTextFile(BUNDLE);
  assert(await makeBundle() === kept, "deno task page makes another one");
});

Deno.test("the dashboard is one document of less than 100 KiB", () => {
  assert((page("/")?.body.length ?? Infinity) < 100 * 1024);
  assertEquals(page("/style.css"), undefined);
  assertEquals(page("/assets/../main.ts"), undefined);
});

Deno.test("the policy lets the document's own script and style run, and nothing else", async () => {
  const directives = new Map(
    (page("/")?.policy ?? "").split("; ").map((directive) => {
      const [name = "", ...values] = directive.split(" ");
      return [name, values.join(" ")];
    }),
  );
  assertEquals(directives.get("default-src"), "'none'");
  assertEquals(directives.get("script-src"), await hash(contentOf("script")));
  assertEquals(directives.get("style-src"), await hash(contentOf("style")));
});

Deno.test("the dashboard's document has the licence of what is bundled into it", () => {
  assertStringIncludes(text, "Copyright (c) 2022 Leon Sorokin");
});
