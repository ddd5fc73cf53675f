/**
 * A message that carries one descriptor from process to process: a `struct msghdr` and what it points to, in one buffer.
 *
 * Addresses can be asked for only while the permission `ffi` is there. So they are written into the buffer once, at
 * {@link Message.make}, and it is kept for as long as the thread lives; later only the bytes beside them change. The layout is
 * that of 64-bit Linux, of either C library: lengths that one of them takes as 32 bits are followed by zeros.
 *
 * @module
 */
import { LEVEL, SCM_RIGHTS } from "./abi.ts";

const BYTES = 256;
/** Where the parts begin, and the fields of the header. */
const AT = { vector: 64, control: 96, payload: 128 } as const;
const HEADER = { vector: 16, vectorLength: 24, control: 32, controlLength: 40, flags: 48 } as const;
/** Fields of the control message. */
const CONTROL = { length: 96, level: 104, type: 108, descriptor: 112 } as const;
/** Bytes of a control message with one descriptor; there is no room for a second one. */
const CONTROL_BYTES = 20;
/** Longest text beside the descriptor, in bytes. */
const ROOM = BYTES - AT.payload;

/** A buffer for such messages, used for one call at a time. */
export class Message {
  /** What the call is given. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  private constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  /**
   * Makes a buffer.
   *
   * @param addressOf Tells where bytes are in memory; they must stay there.
   */
  static make(addressOf: (bytes: Uint8Array<ArrayBuffer>) => bigint): Message {
    const message = new Message(new Uint8Array(new ArrayBuffer(BYTES)));
    const start = addressOf(message.bytes);
    const view = message.#view;
    view.setBigUint64(HEADER.vector, start + BigInt(AT.vector), true);
    view.setBigUint64(HEADER.vectorLength, 1n, true);
    view.setBigUint64(HEADER.control, start + BigInt(AT.control), true);
    view.setBigUint64(AT.vector, start + BigInt(AT.payload), true);
    return message;
  }

  /**
   * Puts a descriptor and a text in.
   *
   * @throws {RangeError} If the text is empty or too long.
   */
  write(descriptor: number, text: string): void {
    const payload = new TextEncoder().encode(text);
    if (payload.length === 0 || payload.length > ROOM) throw new RangeError("No such message");
    this.#clear();
    this.#view.setBigUint64(AT.vector + 8, BigInt(payload.length), true);
    this.bytes.set(payload, AT.payload);
    this.#view.setBigUint64(CONTROL.length, BigInt(CONTROL_BYTES), true);
    this.#view.setInt32(CONTROL.level, LEVEL.socket, true);
    this.#view.setInt32(CONTROL.type, SCM_RIGHTS, true);
    this.#view.setInt32(CONTROL.descriptor, descriptor, true);
  }

  /** Makes room for a message that comes. */
  expect(): void {
    this.#clear();
    this.#view.setBigUint64(AT.vector + 8, BigInt(ROOM), true);
  }

  /**
   * Reads a message that has come.
   *
   * @param count Bytes of its text.
   */
  read(count: number): { readonly descriptor: number | undefined; readonly text: string } {
    const text = new TextDecoder().decode(this.bytes.slice(AT.payload, AT.payload + count));
    const carries = this.#view.getUint32(HEADER.controlLength, true) >= CONTROL_BYTES &&
      this.#view.getInt32(CONTROL.level, true) === LEVEL.socket &&
      this.#view.getInt32(CONTROL.type, true) === SCM_RIGHTS;
    const descriptor = carries ? this.#view.getInt32(CONTROL.descriptor, true) : undefined;
    return { descriptor, text };
  }

  #clear(): void {
    this.bytes.fill(0, AT.control);
    this.#view.setBigUint64(HEADER.controlLength, BigInt(CONTROL_BYTES), true);
    this.#view.setInt32(HEADER.flags, 0, true);
  }
}
