/** What differs between machines, and what the numbers mean. */
import { assertEquals } from "../../kit/assert.ts";
import { epollLayout, ERRNO, errorText } from "../../../lib/traffic/native/abi.ts";
import { connectFailure, isExhausted } from "../../../lib/traffic/native/failures.ts";

Deno.test("an epoll event is packed on x64 and aligned on arm64", () => {
  assertEquals(epollLayout("x86_64"), { words: 3, data: 1 });
  assertEquals(epollLayout("aarch64"), { words: 4, data: 2 });
});

Deno.test("want of descriptors and of ports are no refusals", () => {
  for (const errno of [ERRNO.EMFILE, ERRNO.ENFILE, ERRNO.ENOBUFS, ERRNO.ENOMEM]) {
    assertEquals([connectFailure(errno), isExhausted(errno)], ["exhausted", true]);
  }
  for (const errno of [ERRNO.EADDRNOTAVAIL, ERRNO.EADDRINUSE, ERRNO.EAGAIN]) {
    assertEquals(connectFailure(errno), "out of ports");
  }
  // ECONNREFUSED, EHOSTUNREACH.
  for (const errno of [111, 113]) assertEquals(connectFailure(errno), "refused");
});

Deno.test("errors of binding are told as the classic tells them", () => {
  assertEquals(errorText(ERRNO.EADDRINUSE), "Address already in use");
  assertEquals(errorText(12345), "error 12345");
});
