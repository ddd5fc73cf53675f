/**
 * One end of a relayed connection, whatever it is made of.
 *
 * @module
 */

/** One end of a relayed connection, as far as the relay needs it; `Deno.Conn` is one. */
export interface Stream {
  /** Reads some bytes; `null` at the end of file. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some bytes. */
  write(bytes: Uint8Array): Promise<number>;
  /** Sends the end of file. */
  closeWrite(): Promise<void>;
  /** Closes at once; pending operations reject. */
  close(): void;
}

/**
 * What a stream's write rejects with when it has accepted bytes and cannot tell whether its peer lives: the
 * connection then has to fail visibly, as an upload would be cut short in silence otherwise.
 */
export class DeliveryFailure extends Error {}
