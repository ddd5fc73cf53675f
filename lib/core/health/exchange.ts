/**
 * What is said on the connection of a check: what is sent, and what the answer means.
 *
 * @module
 */
import {
  type CheckKind,
  httpRequest,
  judgeExpected,
  judgeHttp,
  type Judgement,
} from "./check_kinds.ts";

/** The talk of a check. */
export interface Exchange {
  /** What the check is called in tables. */
  readonly name: "tcp" | "http" | "dialogue";
  /** What is sent after the connect, if anything. */
  readonly send: Uint8Array<ArrayBuffer> | undefined;
  /** What the bytes received so far mean; without it a connect and a send that succeed are all. */
  readonly judge: ((answer: Uint8Array) => Judgement) | undefined;
  /** Whether the server closes when it has answered, so that it should be left to do so. */
  readonly serverCloses: boolean;
}

/** What a `tcp` check says, and what it wants to hear. */
export interface Dialogue {
  /** What is sent, if anything. */
  readonly send: Uint8Array<ArrayBuffer> | undefined;
  /** What must come, if anything. */
  readonly expect: Uint8Array<ArrayBuffer> | undefined;
}

/** The server as its destination names it. */
export interface Target {
  /** Host name or address. */
  readonly host: string;
  /** Port. */
  readonly port: number;
}

/** Makes the talk of a check; nothing for a channel that is not checked. */
export function exchangeFor(
  kind: CheckKind,
  { send, expect }: Dialogue,
  target: Target,
): Exchange | undefined {
  if (kind.kind === "off") return undefined;
  if (kind.kind === "http") {
    const request = httpRequest({ path: kind.path, ...target });
    return { name: "http", send: request, judge: judgeHttp, serverCloses: true };
  }
  const name = send === undefined && expect === undefined ? "tcp" : "dialogue";
  const judge = expect === undefined
    ? undefined
    : (answer: Uint8Array): Judgement => judgeExpected(answer, expect);
  return { name, send, judge, serverCloses: false };
}
