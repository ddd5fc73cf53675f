/** What an end makes of its events, and when it asks for `TCP_NODELAY`, which a connection with one short message does not need. */
import { assertEquals } from "../../kit/assert.ts";
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  LEVEL,
  OPTION,
} from "../../../lib/traffic/native/abi.ts";
import { End } from "../../../lib/traffic/native/end.ts";

const FD = 7;
const NOBODY = { onEnd: () => {}, onFault: () => {} };
const ASKED = [FD, LEVEL.tcp, OPTION.tcp.noDelay, 1];

/** What is asked of the socket when messages of these lengths are sent. */
function asked(lengths: readonly number[], prompt?: boolean): number[][][] {
  const end = new End("server", FD, NOBODY, prompt);
  return lengths.map((length) => {
    const calls: number[][] = [];
    const setOption = (...call: number[]): number => calls.push(call);
    end.beforeSend({ setOption }, length);
    return calls;
  });
}

Deno.test("an end asks for promptness before its second message, once", () => {
  assertEquals(asked([100, 100, 100], false), [[], [ASKED], []]);
});

Deno.test("an end asks for promptness at once when its first message may take two segments", () => {
  assertEquals(asked([537, 1], false), [[ASKED], []]);
  assertEquals(asked([536, 1], false), [[], [ASKED]]);
});

Deno.test("an end whose socket is prompt already asks for nothing", () => {
  assertEquals(asked([100, 1000, 100]), [[], [], []]);
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
