import { decodeUtf8, encodeUtf8 } from "../../lib/core/utf8.ts";
import { assertEquals } from "../kit/assert.ts";
import { nastyText } from "../fuzz/target.ts";
import { withSeed } from "../kit/random.ts";

Deno.test("encodeUtf8() and decodeUtf8() do what TextEncoder and a strict TextDecoder do", () =>
  withSeed((random) => {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const strictly = (bytes: Uint8Array): string | undefined => {
      try {
        return decoder.decode(bytes);
      } catch {
        return undefined;
      }
    };
    for (let round = 0; round < 2000; round++) {
      const text = nastyText(random, 12);
      const bytes = encodeUtf8(text);
      assertEquals(bytes, new TextEncoder().encode(text), JSON.stringify(text));
      assertEquals(decodeUtf8(bytes), text.toWellFormed());
      for (let edits = random.between(1, 3); edits > 0 && bytes.length > 0; edits--) {
        bytes[random.between(0, bytes.length - 1)] = random.between(0, 255);
      }
      assertEquals(decodeUtf8(bytes), strictly(bytes), bytes.toHex());
    }
  }));
