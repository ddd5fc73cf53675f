/**
 * Listening that can be given up for a while and taken up again (`--when-down refuse`).
 *
 * @module
 */
import type { LineWriter } from "../core/events.ts";
import { pause } from "../system/pause.ts";

/** Time after which it is tried again to listen, in ms. */
const RETRY_MS = 1000;

/** How one thread or several listen and do not. */
export interface Listening {
  /** Listens; rejects when it cannot. */
  open(): Promise<void>;
  /** Gives the port up; resolves when it is free. */
  shut(): Promise<void>;
}

/** Takes listening to where it is wanted, one step after the other. */
export class ListenSwitch {
  readonly #listening: Listening;
  readonly #log: LineWriter;
  #wanted = true;
  #is = true;
  #busy = false;
  #over = false;
  #held: boolean;
  #complained = false;

  /**
   * For something that listens.
   *
   * @param held Whether nothing is done before {@link release}, as when it does not listen yet.
   */
  constructor(listening: Listening, log: LineWriter, held = false) {
    this.#listening = listening;
    this.#log = log;
    this.#held = held;
  }

  /** Whether a thread that starts now is to listen. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Listens or does not, soon. */
  set(on: boolean): void {
    this.#wanted = on;
    if (!this.#busy && !this.#held) this.#follow();
  }

  /** It listens now, and may be switched. */
  release(): void {
    this.#held = false;
    this.set(this.#wanted);
  }

  /** Leaves things as they are, for good. */
  stop(): void {
    this.#over = true;
  }

  async #follow(): Promise<void> {
    this.#busy = true;
    while (!this.#over && this.#is !== this.#wanted) {
      if (this.#wanted) await this.#open();
      else await this.#shut();
    }
    this.#busy = false;
  }

  async #shut(): Promise<void> {
    await this.#listening.shut();
    this.#is = false;
    this.#log.log("notice", "no channel is usable: clients are refused");
  }

  async #open(): Promise<void> {
    try {
      await this.#listening.open();
      this.#is = true;
      this.#complained = false;
      this.#log.log("notice", "clients are accepted again");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#complained) this.#log.log("error", "cannot listen again", { reason });
      this.#complained = true;
      await pause(RETRY_MS);
    }
  }
}
