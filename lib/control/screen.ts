/**
 * The terminal as a screen of one's own, and as it was before when that is over.
 *
 * @module
 */
import { CLEAR, ENTER, LEAVE, paint } from "../core/top/paint.ts";
import type { Line } from "../core/top/text.ts";
import type { Size } from "../core/top/view.ts";

/** What a terminal that does not know its size is taken for. */
const USUAL: Size = { columns: 80, rows: 24 };

/** A screen of one's own. */
export class Screen implements Disposable {
  readonly #colour: boolean;
  #entered = false;
  /** What is on it; undefined when that is not known. */
  #shown: readonly Line[] | undefined;

  /** Leaves the terminal alone until {@link enter}. */
  constructor(colour: boolean) {
    this.#colour = colour;
  }

  /** Takes the terminal over. */
  enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    Deno.stdin.setRaw(true);
    this.#shown = undefined;
    write(ENTER);
  }

  /** Gives the terminal back as it was; safe to call again. */
  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    try {
      write(LEAVE);
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal has gone, and its state with it.
    }
  }

  /** The terminal's size now. */
  get size(): Size {
    try {
      const { columns, rows } = Deno.consoleSize();
      return columns > 0 && rows > 0 ? { columns, rows } : USUAL;
    } catch {
      return USUAL;
    }
  }

  /** Shows lines; only those that have changed are sent. */
  show(lines: readonly Line[]): void {
    if (!this.#entered) return;
    const start = this.#shown === undefined ? CLEAR : "";
    write(start + paint(lines, this.#colour, this.#shown));
    this.#shown = lines;
  }

  /** The next lines are all sent: something else may have written on the screen. */
  forget(): void {
    this.#shown = undefined;
  }

  /** Gives the terminal back. */
  [Symbol.dispose](): void {
    this.leave();
  }
}

function write(text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}
