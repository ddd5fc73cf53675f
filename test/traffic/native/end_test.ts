/** What an end makes of its events, and when it asks for which of TCP's options. */
import { assertEquals } from "../../kit/assert.ts";
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  LEVEL,
  OPTION,
} from "../../../lib/traffic/native/abi.ts";
import { End } from "../../../lib/traffic/native/end.ts";

const FD = 7;
const NOBODY = { onEnd: () => {}, onFault: () => {} };
const ASKED = [FD, LEVEL.tcp, OPTION.tcp.noDelay, 1];

/** What is asked of a socket. */
function callsOf(act: (libc: { setOption(...call: number[]): number }) => void): number[][] {
  const calls: number[][] = [];
  act({ setOption: (...call) => calls.push(call) });
  return calls;
}

/** What is asked of the socket when messages of these lengths are sent. */
function asked(
  lengths: readonly number[],
  end: End = new End("server", FD, NOBODY),
): number[][][] {
  return lengths.map((length) => callsOf((libc) => end.beforeSend(libc, length)));
}

Deno.test("an end asks for promptness before its second message, once", () => {
  assertEquals(asked([100, 100, 100]), [[], [ASKED], []]);
});

Deno.test("an end asks for promptness at once when its first message may take two segments", () => {
  assertEquals(asked([537, 1]), [[ASKED], []]);
  assertEquals(asked([536, 1]), [[], [ASKED]]);
});

Deno.test("an end whose socket is prompt already asks for nothing", () => {
  for (const prompt of [new End("client", FD, NOBODY), new End("server", FD, NOBODY, true)]) {
    assertEquals(asked([100, 1000, 100], prompt), [[], [], []]);
  }
});

Deno.test("a connection is confirmed once, and only to a server that was sent nothing yet", () => {
  const confirmed = (end: End): number[][] =>
    callsOf((libc) => {
      for (let count = 0; count < 2; count++) end.confirm(libc);
    });
  const spoken = new End("server", FD, NOBODY);
  asked([100], spoken);
  assertEquals(confirmed(new End("server", FD, NOBODY)), [[FD, LEVEL.tcp, OPTION.tcp.quickAck, 1]]);
  assertEquals(confirmed(spoken), []);
  assertEquals(confirmed(new End("server", FD, NOBODY, true)), []);
  assertEquals(confirmed(new End("client", FD, NOBODY)), []);
});

Deno.test("bytes are whole with an end of file right behind them, and no urgent one between", () => {
  const cases: [number, boolean][] = [
    [EPOLLIN, false],
    [EPOLLIN | EPOLLRDHUP, true],
    [EPOLLIN | EPOLLPRI | EPOLLRDHUP, false],
    [EPOLLIN | EPOLLRDHUP | EPOLLHUP, false],
    [EPOLLIN | EPOLLRDHUP | EPOLLERR, false],
  ];
  for (const unix of [false, true]) {
    for (const [events, whole] of cases) {
      const end = new End("server", FD, NOBODY, unix);
      end.onEvents(events);
      assertEquals(end.whole, whole && !unix, `${events}`);
    }
  }
});

Deno.test("whatever may be the end of its peer's bytes has an end read, and room for more does not", () => {
  const cases: [number, boolean, boolean][] = [
    [EPOLLOUT, false, false],
    [EPOLLIN, true, false],
    [EPOLLIN | EPOLLRDHUP, true, true],
    [EPOLLRDHUP, true, true],
    [EPOLLHUP, true, true],
    [EPOLLERR, true, true],
  ];
  for (const [events, readable, last] of cases) {
    const end = new End("server", FD, NOBODY);
    end.onEvents(events | EPOLLOUT);
    assertEquals([end.readable, end.last], [readable, last], `${events}`);
  }
});
