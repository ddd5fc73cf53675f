/**
 * The C library for tests: raw sockets whose every byte a test moves itself, and calls that fail when it says so.
 *
 * @module
 */
import { proxyPeer, readPeer } from "../../lib/traffic/native/peer.ts";
import { ERRNO, FAMILY } from "../../lib/traffic/native/abi.ts";
import { type Libc, loadLibc } from "../../lib/traffic/native/libc.ts";
import { makeTarget } from "../../lib/traffic/native/targets.ts";

const LOOPBACK = 0x7f000001;

/** Names of the calls that give a number. */
type CallName = {
  [Name in keyof Libc]: Libc[Name] extends (...args: never[]) => number ? Name : never;
}[keyof Libc];

/** What is done in place of a call, by its name: gives its result, or `undefined` to have the real one made. */
export type Faults = {
  [Name in CallName]?: (...args: Parameters<Libc[Name]>) => number | undefined;
};

/** Defines a test that needs the native engine's system. */
export function nativeTest(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}

// Before any test, which would have to unload it.
const loaded = Deno.build.os === "linux" ? loadLibc() : undefined;

/** What the engine never does. */
const own = Deno.build.os === "linux"
  ? Deno.dlopen("libc.so.6", {
    send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  }).symbols
  : undefined;
const MSG_OOB = 1;

/** The library, which is loaded once in a thread. */
export function systemLibc(): Libc {
  if (loaded?.kind !== "loaded") throw new Error(loaded?.reason);
  return loaded.libc;
}

/**
 * The library with faults.
 *
 * @param faults Asked anew at each call, so that a test plants and removes them as it goes.
 */
export function faultyLibc(libc: Libc, faults: Faults): Libc {
  return new Proxy(libc, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        const fault: unknown = Reflect.get(faults, name);
        const answer: unknown = typeof fault === "function"
          ? Reflect.apply(fault, undefined, args)
          : undefined;
        return answer ?? Reflect.apply(value, target, args);
      };
    },
  });
}

/** A socket of a test's own, which never waits. */
export class Wire implements Disposable {
  /** Its descriptor. */
  readonly fd: number;
  /** What has come so far, a character a byte. */
  text = "";
  /** Bytes that have come so far. */
  received = 0;
  /** What became of it: the end of file, a reset, or an error number. */
  end: "open" | "end of file" | "reset" | number = "open";
  readonly #libc = systemLibc();
  readonly #buffer = new Uint8Array(65536);
  /** Whether bytes are counted only. */
  readonly #countOnly: boolean;
  #open = true;

  /** @param countOnly Whether {@link text} stays empty. */
  constructor(fd: number, countOnly = false) {
    if (fd < 0) throw new Error(`no socket: error ${-fd}`);
    this.fd = fd;
    this.#countOnly = countOnly;
  }

  /** Connects to a port of 127.0.0.1, or begins to. */
  static connect(port: number): Wire {
    const libc = systemLibc();
    const wire = new Wire(libc.socket(FAMILY.ipv4));
    const { address, length } = makeTarget({ family: "ipv4", address: LOOPBACK, port });
    const result = libc.connect(wire.fd, address, length);
    if (result < 0 && result !== -ERRNO.EINPROGRESS) throw new Error(`connect: ${-result}`);
    return wire;
  }

  /** Sends as much of a text as there is room for; gives how many bytes that was. */
  send(text: string): number {
    return this.sendBytes(new TextEncoder().encode(text));
  }

  /** As {@link send}. */
  sendBytes(bytes: Uint8Array<ArrayBuffer>): number {
    const count = this.#libc.send(this.fd, bytes, bytes.length);
    if (count < 0 && count !== -ERRNO.EAGAIN) throw new Error(`send: ${-count}`);
    return Math.max(0, count);
  }

  /** Sends an urgent byte (RFC 6093): one out of turn, which receivers get only when they ask for it. */
  sendUrgent(byte: string): void {
    const sent = own?.send(this.fd, new TextEncoder().encode(byte), 1n, MSG_OOB);
    if (sent !== 1n) throw new Error("an urgent byte was not sent");
  }

  /** Sends zeros until there is no room; gives how many. */
  fill(): number {
    let sum = 0;
    for (;;) {
      const count = this.sendBytes(this.#buffer);
      if (count === 0) return sum;
      sum += count;
    }
  }

  /**
   * Takes what has come.
   *
   * @param most About how many bytes at most.
   */
  receive(most = Infinity): this {
    const end = this.received + most;
    while (this.end === "open" && this.received < end) {
      const count = this.#libc.recv(this.fd, this.#buffer, this.#buffer.length);
      if (count === -ERRNO.EAGAIN) break;
      if (count === 0) this.end = "end of file";
      else if (count === -ERRNO.ECONNRESET) this.end = "reset";
      else if (count < 0) this.end = -count;
      else this.#take(this.#buffer.subarray(0, count));
    }
    return this;
  }

  /** Whether it has received so much of a text. */
  has(text: string): boolean {
    return this.receive().text === text;
  }

  /** Sends the end of file. */
  shut(): void {
    this.#libc.shutdown(this.fd);
  }

  /** Resets the connection. */
  reset(): void {
    this.#libc.resetOnClose(this.fd);
    this[Symbol.dispose]();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    if (this.#open) this.#libc.close(this.fd);
    this.#open = false;
  }

  #take(bytes: Uint8Array): void {
    this.received += bytes.length;
    if (!this.#countOnly) this.text += String.fromCharCode(...bytes);
  }
}

/** A listening socket of a test's own. */
export class RawListener implements Disposable {
  /** Its port of 127.0.0.1. */
  readonly port: number;
  readonly #libc = systemLibc();
  readonly #fd: number;

  /** @param backlog Clients that may wait, and one more. */
  constructor(backlog = 1000) {
    this.#fd = this.#libc.socket(FAMILY.ipv4);
    const any = makeTarget({ family: "ipv4", address: LOOPBACK, port: 0 });
    this.#libc.bind(this.#fd, any.address, any.length);
    this.#libc.localAddress(this.#fd);
    this.port = proxyPeer(readPeer(this.#libc.address)).port;
    if (this.#libc.listen(this.#fd, backlog) < 0) throw new Error("cannot listen");
  }

  /** Accepts a client; undefined if none waits. */
  accept(): Wire | undefined {
    const fd = this.#libc.accept4(this.#fd);
    return fd < 0 ? undefined : new Wire(fd);
  }

  /** As {@link accept}, with a client that must be there. */
  accepted(): Wire {
    const wire = this.accept();
    if (wire === undefined) throw new Error("nobody waits");
    return wire;
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
  }
}

/** A port that answers no further SYN, as its queue is full: a connect there never ends by itself. */
export class BlackHole implements Disposable {
  /** Its port of 127.0.0.1. */
  readonly port: number;
  readonly #stack = new DisposableStack();

  /** Makes one, its queue filled. */
  constructor() {
    const listener = this.#stack.use(new RawListener(0));
    this.port = listener.port;
    for (let client = 0; client < 3; client++) this.#stack.use(Wire.connect(this.port));
  }

  /** Gives it up. */
  [Symbol.dispose](): void {
    this.#stack[Symbol.dispose]();
  }
}

/** Two sockets that are connected to each other. */
export function wirePair(): [Wire, Wire] {
  using listener = new RawListener();
  const near = Wire.connect(listener.port);
  return [near, listener.accepted()];
}
