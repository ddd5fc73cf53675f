/**
 * The system's C library: the only module that reaches out of the runtime's sandbox.
 *
 * Every wrapper checks each length against its buffer before the call, so that no caller can have the kernel write or read
 * beside it. Buffers that only one call needs belong to the wrappers. Calls give what they give in C, and the negated error
 * number where that is -1.
 *
 * Lengths are passed as 32-bit numbers, which the runtime hands over much faster than 64-bit ones. They are small and not
 * negative whenever a call is made, so the upper half of the register is zero.
 *
 * {@link loadLibc} needs the permission `ffi`; what it has loaded stays usable when that is given up. The error number has a
 * place of its own in each thread: whoever calls must have loaded in the same thread.
 *
 * @module
 */
import { granted } from "../../system/permissions.ts";
import {
  CLOEXEC,
  EFD_NONBLOCK,
  epollLayout,
  ERRNO,
  FIOCLEX,
  FIONBIO,
  LEVEL,
  MSG_CMSG_CLOEXEC,
  MSG_NOSIGNAL,
  OPTION,
  SHUT_RD,
  SHUT_WR,
  SIOCOUTQ,
  SOCK_NONBLOCK_CLOEXEC,
  SOCK_STREAM,
} from "./abi.ts";
import { Message } from "./message.ts";

/** Names under which a C library may be found. */
const NAMES = ["libc.so.6", "libc.so"] as const;

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Bytes of a `struct sockaddr_storage`. */
const ADDRESS_BYTES = 128;

/** What loading came to. */
export type Loaded =
  | { readonly kind: "loaded"; readonly libc: Libc }
  /** Why it cannot be had, in few words. */
  | { readonly kind: "failed"; readonly reason: string };

/** Loads the library for the calling thread. */
export function loadLibc(): Loaded {
  if (Deno.build.os !== "linux") return { kind: "failed", reason: "it needs Linux" };
  if (!granted({ name: "ffi" })) return { kind: "failed", reason: "it needs --allow-ffi" };
  const symbols = open();
  if (symbols === undefined) return { kind: "failed", reason: "no C library is found" };
  const place = symbols.__errno_location();
  if (place === null) return { kind: "failed", reason: "the C library has no errno" };
  // A view of the memory itself, which outlives the permission; a view of the pointer does not.
  const errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(place, 4));
  const message = Message.make((bytes) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
  const libc = new Libc(symbols, errno, message);
  const reason = libc.trial();
  return reason === undefined ? { kind: "loaded", libc } : { kind: "failed", reason };
}

function open(): Symbols | undefined {
  for (const name of NAMES) {
    try {
      return Deno.dlopen(name, SYMBOLS).symbols;
    } catch {
      // Not under this name.
    }
  }
  return undefined;
}

/** The calls, for one thread. */
export class Libc {
  /** The address of the last {@link accept4} or {@link localAddress}; valid until the next one. */
  readonly address: Uint8Array<ArrayBuffer> = new Uint8Array(ADDRESS_BYTES);
  readonly #c: Symbols;
  readonly #errno: Int32Array;
  readonly #message: Message;
  readonly #addressLength = new Uint32Array(1);
  readonly #value = new Int32Array(1);
  readonly #valueLength = new Uint32Array(1);
  readonly #credentials = new Uint32Array(3);
  readonly #linger = Int32Array.of(1, 0);
  readonly #one = BigUint64Array.of(1n);
  readonly #eventBytes = epollLayout(Deno.build.arch).words * 4;

  /**
   * Wraps loaded symbols; see {@link loadLibc}.
   *
   * @param errno The error number of this thread.
   * @param message For descriptors that go from process to process.
   */
  constructor(symbols: Symbols, errno: Int32Array, message: Message) {
    this.#c = symbols;
    this.#errno = errno;
    this.#message = message;
  }

  /** Bytes of the last {@link address}. */
  get addressLength(): number {
    return this.#addressLength[0] ?? 0;
  }

  /** Tries the calls that a system may forbid; why they fail, if they do. */
  trial(): string | undefined {
    for (const name of ["epoll_create1", "eventfd"] as const) {
      const fd = name === "eventfd" ? this.eventfd() : this.epollCreate();
      if (fd < 0) return `the system refuses ${name} (${-fd})`;
      this.close(fd);
    }
    return undefined;
  }

  /** A socket for streams that does not block. */
  socket(family: number): number {
    return this.#result(this.#c.socket(family, SOCK_STREAM | SOCK_NONBLOCK_CLOEXEC, 0));
  }

  /** Binds to an address of so many bytes. */
  bind(fd: number, address: Uint8Array<ArrayBuffer>, length: number): number {
    checkAddress(address, length);
    return this.#result(this.#c.bind(fd, address, length));
  }

  /** Listens. */
  listen(fd: number, backlog: number): number {
    return this.#result(this.#c.listen(fd, backlog));
  }

  /** Accepts a client; its address is then in {@link address}. */
  accept4(fd: number): number {
    this.#addressLength[0] = ADDRESS_BYTES;
    const { address } = this;
    return this.#result(
      this.#c.accept4(fd, address, this.#addressLength, SOCK_NONBLOCK_CLOEXEC),
    );
  }

  /** Begins to connect to an address of so many bytes. */
  connect(fd: number, address: Uint8Array<ArrayBuffer>, length: number): number {
    checkAddress(address, length);
    return this.#result(this.#c.connect(fd, address, length));
  }

  /** Receives at most so many bytes at the beginning of a buffer. */
  recv(fd: number, into: Uint8Array<ArrayBuffer>, most: number): number {
    checkLength(into, most);
    const count = this.#c.recv(fd, into, most, 0);
    return count < 0 ? -(this.#errno[0] ?? ERRNO.EPERM) : count;
  }

  /** Sends the first so many bytes of a buffer, as many as there is room for. */
  send(fd: number, from: Uint8Array<ArrayBuffer>, count: number): number {
    checkLength(from, count);
    const sent = this.#c.send(fd, from, count, MSG_NOSIGNAL);
    return sent < 0 ? -(this.#errno[0] ?? ERRNO.EPERM) : sent;
  }

  /** Sends the end of file. */
  shutdown(fd: number): number {
    return this.#result(this.#c.shutdown(fd, SHUT_WR));
  }

  /** Ends the listening of a socket, which keeps its address: it may {@link listen} again. */
  stopListening(fd: number): number {
    return this.#result(this.#c.shutdown(fd, SHUT_RD));
  }

  /** Sends a descriptor, and a text, to the other end of a Unix socket. */
  sendDescriptor(fd: number, descriptor: number, text: string): number {
    this.#message.write(descriptor, text);
    return this.#result(this.#c.sendmsg(fd, this.#message.bytes, MSG_NOSIGNAL));
  }

  /**
   * Receives what {@link sendDescriptor} has sent.
   *
   * @returns The text and the descriptor, if there is one; or a negated error number.
   */
  receiveDescriptor(
    fd: number,
  ): { readonly descriptor: number | undefined; readonly text: string } | number {
    this.#message.expect();
    const count = this.#result(this.#c.recvmsg(fd, this.#message.bytes, MSG_CMSG_CLOEXEC));
    return count < 0 ? count : this.#message.read(count);
  }

  /** The user at the other end of a Unix socket, or a negated error number. */
  peerUser(fd: number): number {
    this.#valueLength[0] = 12;
    const { peerCredentials } = OPTION.socket;
    const result = this.#c.getsockopt(
      fd,
      LEVEL.socket,
      peerCredentials,
      this.#credentials,
      this.#valueLength,
    );
    return result < 0 ? this.#result(result) : this.#credentials[1] ?? -ERRNO.EPERM;
  }

  /** Makes a descriptor that came from elsewhere like one of ours: it does not block, and nobody inherits it. */
  adopt(fd: number): number {
    this.#value[0] = 1;
    const result = this.#c.ioctl(fd, FIONBIO, this.#value);
    return result < 0
      ? this.#result(result)
      : this.#result(this.#c.ioctl(fd, FIOCLEX, this.#value));
  }

  /** Closes a descriptor. */
  close(fd: number): number {
    return this.#result(this.#c.close(fd));
  }

  /** Asks for a socket's own address, which is then in {@link address}. */
  localAddress(fd: number): number {
    this.#addressLength[0] = ADDRESS_BYTES;
    return this.#result(this.#c.getsockname(fd, this.address, this.#addressLength));
  }

  /** The error that a socket has met; 0 is none. It is asked for once. */
  socketError(fd: number): number {
    this.#valueLength[0] = 4;
    const { socket } = LEVEL;
    const result = this.#c.getsockopt(
      fd,
      socket,
      OPTION.socket.error,
      this.#value,
      this.#valueLength,
    );
    return result < 0 ? this.#errno[0] ?? ERRNO.EPERM : this.#value[0] ?? 0;
  }

  /** An option that is a number and never negative, or a negated error number. */
  option(fd: number, level: number, option: number): number {
    this.#valueLength[0] = 4;
    const result = this.#c.getsockopt(fd, level, option, this.#value, this.#valueLength);
    return result < 0 ? this.#result(result) : this.#value[0] ?? 0;
  }

  /** Sets an option that is a number. */
  setOption(fd: number, level: number, option: number, value: number): number {
    this.#value[0] = value;
    return this.#result(this.#c.setsockopt(fd, level, option, this.#value, 4));
  }

  /** Has closing a socket reset its connection. */
  resetOnClose(fd: number): number {
    const { linger } = OPTION.socket;
    return this.#result(this.#c.setsockopt(fd, LEVEL.socket, linger, this.#linger, 8));
  }

  /** Bytes that were sent and not confirmed; 0 also of a socket that has none to ask. */
  unconfirmed(fd: number): number {
    const result = this.#c.ioctl(fd, SIOCOUTQ, this.#value);
    return result < 0 ? 0 : this.#value[0] ?? 0;
  }

  /** A set of descriptors to wait for. */
  epollCreate(): number {
    return this.#result(this.#c.epoll_create1(CLOEXEC));
  }

  /** Changes a set; `event` is one `struct epoll_event`. */
  epollControl(
    epoll: number,
    operation: number,
    fd: number,
    event: Int32Array<ArrayBuffer>,
  ): number {
    checkLength(event, this.#eventBytes);
    return this.#result(this.#c.epoll_ctl(epoll, operation, fd, event));
  }

  /** Waits for at most so many events, and so many milliseconds; -1 is for ever. */
  epollWait(
    epoll: number,
    events: Int32Array<ArrayBuffer>,
    most: number,
    timeoutMs: number,
  ): number {
    checkLength(events, Number.isInteger(most) ? most * this.#eventBytes : NaN);
    return this.#result(this.#c.epoll_wait(epoll, events, most, timeoutMs));
  }

  /** A descriptor by which threads wake each other. */
  eventfd(): number {
    return this.#result(this.#c.eventfd(0, CLOEXEC | EFD_NONBLOCK));
  }

  /** Wakes whoever waits for an {@link eventfd}. */
  wake(fd: number): number {
    return this.#result(this.#c.write(fd, this.#one, 8));
  }

  #result(result: number): number {
    return result < 0 ? -(this.#errno[0] ?? ERRNO.EPERM) : result;
  }
}

/** Refuses a length that its buffer does not have, and one of nothing. */
function checkLength(buffer: Uint8Array | Int32Array, length: number): void {
  if (Number.isInteger(length) && length > 0 && length <= buffer.byteLength) return;
  throw new RangeError(`Cannot use ${length} bytes of a buffer of ${buffer.byteLength}`);
}

function checkAddress(address: Uint8Array, length: number): void {
  checkLength(address, length);
  if (length > ADDRESS_BYTES) throw new RangeError(`Cannot use an address of ${length} bytes`);
}
