/** A descriptor goes from hand to hand with its text, and to nobody else. */
import { assert, assertEquals, assertThrows } from "../../kit/assert.ts";
import { NOBODY } from "../../kit/needs.ts";
import { FAMILY } from "../../../lib/traffic/native/abi.ts";
import { type Libc, loadLibc } from "../../../lib/traffic/native/libc.ts";
import { ListeningSocket } from "../../../lib/traffic/native/listening_socket.ts";
import { Reception, sendTo } from "../../../lib/traffic/native/passing.ts";
import { freePort } from "../../kit/ports.ts";

const ignore = Deno.build.os !== "linux";
// Once for all tests: it stays loaded.
const loaded = ignore ? undefined : loadLibc();
const ME = Deno.uid() ?? 0;

function test(name: string, body: (libc: Libc) => void): void {
  Deno.test({
    name,
    ignore,
    fn: () => {
      if (loaded?.kind !== "loaded") throw new Error("No C library");
      body(loaded.libc);
    },
  });
}

/** A socket that listens, which is closed with the test. */
function listening(libc: Libc): ListeningSocket & Disposable {
  const made = ListeningSocket.bind(libc, { hostname: "127.0.0.1", port: freePort() });
  if ("failure" in made) throw new Error(made.failure);
  return Object.assign(made.socket, { [Symbol.dispose]: () => made.socket.close() });
}

test("a descriptor comes with its text, and is the same socket under another number", (libc) => {
  using socket = listening(libc);
  using reception = new Reception(libc);
  for (const text of ["", " told", "x".repeat(60)]) {
    const passed = { descriptor: socket.fd, text };
    assertEquals(sendTo(libc, reception.offer, passed, ME), undefined);
    const come = reception.take();
    assert(come !== undefined && come.descriptor !== socket.fd);
    assertEquals(come.text, text);
    assertEquals(libc.localAddress(come.descriptor), 0);
    const its = libc.address.slice(0, 8);
    assertEquals(libc.localAddress(socket.fd), 0);
    assertEquals(libc.address.slice(0, 8), its);
    assertEquals(libc.close(come.descriptor), 0);
  }
  assertEquals(reception.take(), undefined);
});

test("what comes without the secret is closed, and the right one behind it is taken", (libc) => {
  using socket = listening(libc);
  using reception = new Reception(libc);
  const wrong = { ...reception.offer, secret: crypto.randomUUID() };
  assertEquals(sendTo(libc, wrong, { descriptor: socket.fd, text: "" }, ME), undefined);
  assertEquals(reception.take(), undefined);
  assertEquals(sendTo(libc, wrong, { descriptor: socket.fd, text: "" }, ME), undefined);
  const right = { descriptor: socket.fd, text: " managed" };
  assertEquals(sendTo(libc, reception.offer, right, ME), undefined);
  const come = reception.take();
  assertEquals(come?.text, " managed");
  if (come !== undefined) libc.close(come.descriptor);
});

test("somebody who connects and says nothing, or sends no descriptor, is passed over", (libc) => {
  using socket = listening(libc);
  using reception = new Reception(libc);
  const { name, secret } = reception.offer;
  const address = Uint8Array.of(FAMILY.unix, 0, 0, ...new TextEncoder().encode(name));
  const strangers = [1, 2].map(() => libc.socket(FAMILY.unix));
  for (const fd of strangers) assertEquals(libc.connect(fd, address, address.length), 0);
  const bytes = new TextEncoder().encode(secret);
  assertEquals(libc.send(strangers[1] ?? -1, bytes, bytes.length), bytes.length);
  const passed = { descriptor: socket.fd, text: "" };
  assertEquals(sendTo(libc, reception.offer, passed, ME), undefined);
  const come = reception.take();
  assert(come !== undefined);
  for (const fd of [come.descriptor, ...strangers]) libc.close(fd);
});

test("nothing is sent to a place that is not there, or is another user's", (libc) => {
  using socket = listening(libc);
  const passed = { descriptor: socket.fd, text: "" };
  const nowhere = { name: `balance-${crypto.randomUUID()}`, secret: "s" };
  const why = "its end cannot be reached, as from another network namespace";
  assertEquals(sendTo(libc, nowhere, passed, ME), why);
  // For somebody else's process this user is the stranger; what root has opened is good for everybody.
  using reception = new Reception(libc);
  const refused = ME === 0 ? undefined : "its end is another user's";
  assertEquals(sendTo(libc, reception.offer, passed, NOBODY), refused);
});

test("a text that has no room is refused before the call", (libc) => {
  using socket = listening(libc);
  assertThrows(() => libc.sendDescriptor(-1, socket.fd, ""), RangeError);
  assertThrows(() => libc.sendDescriptor(-1, socket.fd, "x".repeat(129)), RangeError);
  assert(libc.sendDescriptor(-1, socket.fd, "x".repeat(128)) < 0);
});
