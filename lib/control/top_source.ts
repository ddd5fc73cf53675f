/**
 * What `--top` hears of an instance, and what it has it do.
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import type { ChannelCommand } from "../core/top/view.ts";
import { within } from "../system/time_limit.ts";
import { ControlClient, type Instance } from "./client.ts";
import { pause } from "../system/pause.ts";

/** Time without an answer after which the instance counts as silent, in ms. */
const SILENT_MS = 2000;
/** Time until events are listened to again, in ms. */
const RETRY_MS = 1000;

/**
 * An instance that is asked again and again.
 *
 * One connection asks, one hears of events, and each command has one of its own, so that none waits for another. Too many
 * connections end the one that has been idle longest: ours are made again.
 */
export class TopSource implements Disposable {
  readonly #instance: Instance;
  #client: ControlClient;

  private constructor(instance: Instance, client: ControlClient) {
    this.#instance = instance;
    this.#client = client;
  }

  /**
   * Connects.
   *
   * @throws {ExitError} As {@link ControlClient.open}.
   */
  static async open(instance: Instance): Promise<TopSource> {
    return new TopSource(instance, await ControlClient.open(instance));
  }

  /**
   * Asks.
   *
   * @param silent Called when no answer has come for a while; it is still waited for.
   * @throws {ExitError} 69 if the instance has ended or does not answer at all.
   */
  async ask(line: string, silent: () => void = () => {}): Promise<string> {
    try {
      return await this.#askOnce(line, silent);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      await this.#connectAgain();
      return await this.#askOnce(line, silent);
    }
  }

  /**
   * Has a command carried out.
   *
   * @returns The last line of what the instance says to it.
   * @throws {ExitError} 69 if the instance has ended.
   */
  async command({ group, line }: ChannelCommand): Promise<string> {
    using client = await ControlClient.open(this.#instance);
    await client.ask(`group ${group}`);
    const { text } = await client.ask(line);
    return text.trimEnd().split("\n").at(-1) ?? "";
  }

  /** Hears of events without an end; that the instance has gone is for {@link ask} to find out. */
  async listen(hear: (line: string) => void): Promise<never> {
    // What has happened before is heard once.
    for (let line = "watch all json";; line = "watch json") {
      try {
        using client = await ControlClient.open(this.#instance);
        await client.ask(line, { text: hear });
      } catch (error) {
        if (!(error instanceof ExitError)) throw error;
      }
      await pause(RETRY_MS);
    }
  }

  /** Closes the connection that asks. */
  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  async #askOnce(line: string, silent: () => void): Promise<string> {
    const reply = this.#client.ask(line);
    if (await within(reply, SILENT_MS) === undefined) silent();
    return (await reply).text;
  }

  /** Connects again to the same instance; fails if that has gone. */
  async #connectAgain(): Promise<void> {
    const { pid } = this.#client;
    const client = await ControlClient.open(this.#instance).catch(() => undefined);
    if (client?.pid === pid) {
      this.#client[Symbol.dispose]();
      this.#client = client;
      return;
    }
    client?.[Symbol.dispose]();
    const which = `the instance at ${this.#instance.port} (pid ${pid})`;
    throw new ExitError(
      EXIT.unavailable,
      `balance: ${which} has ended, or ends with its last connection`,
    );
  }
}
