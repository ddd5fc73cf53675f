/**
 * Taking the place of a running instance, as the new one sees it (`--takeover`).
 *
 * @module
 */
import { ControlClient, type Instance } from "../control/client.ts";
import {
  formatTakeoverOrder,
  type Legacy,
  parseLegacy,
  type TakeoverOrder,
} from "../core/control/takeover.ts";
import { EXIT, ExitError } from "../core/errors.ts";
import { printable } from "../core/text.ts";
import type { ListenAddress } from "../traffic/engine_config.ts";
import type { Libc } from "../traffic/native/libc.ts";
import { ListeningSocket } from "../traffic/native/listening_socket.ts";
import { Reception } from "../traffic/native/passing.ts";
import { pause } from "../system/pause.ts";

/** How long the process that has started this one is waited for, and how often it is looked whether it is there, in ms. */
const [PARENT_MS, PARENT_LOOK_MS] = [2000, 5];

/** A takeover that has begun: the old instance serves until {@link finish}, and goes on if this process dies before. */
export class Takeover {
  /** Process id of the old instance. */
  readonly pid: number;
  /** Its listening socket, which is this one's too. */
  readonly socket: ListeningSocket;
  /** What it tells of itself. */
  readonly legacy: Legacy;
  readonly #client: ControlClient;
  readonly #parent = Deno.ppid;

  private constructor(client: ControlClient, socket: ListeningSocket, legacy: Legacy) {
    this.#client = client;
    this.socket = socket;
    this.legacy = legacy;
    this.pid = client.pid;
  }

  /**
   * Asks the running instance for its socket.
   *
   * @param address What that must listen on.
   * @throws {ExitError} 69 if none runs, 71 if it cannot be had; the instance goes on then.
   */
  static async begin(libc: Libc, which: Instance, address: ListenAddress): Promise<Takeover> {
    using onFailure = new DisposableStack();
    const client = onFailure.use(await connect(which));
    using reception = receive(libc);
    const order = { kind: "offer", ...reception.offer, pid: Deno.pid } as const;
    const answer = await tell(client, order);
    if (answer !== undefined) throw refusal(answer);
    const passed = reception.take();
    if (passed === undefined) throw refusal("its socket has not come");
    const legacy = parseLegacy(passed.text);
    const { descriptor } = passed;
    const adopted = ListeningSocket.adopt(libc, descriptor, address, legacy.managed);
    if ("failure" in adopted) throw refusal(`its socket will not do: ${adopted.failure}`);
    onFailure.move();
    return new Takeover(client, adopted.socket, legacy);
  }

  /** Has the old instance close its HTTP port. */
  async release(): Promise<void> {
    await this.#order({ kind: "release" });
  }

  /** Has the old instance accept no more; resolves when it does not. */
  async finish(): Promise<void> {
    await this.#order({ kind: "done" });
  }

  /**
   * Lets the old instance go, which tells the service manager who is the service now.
   *
   * The manager counts as its own child whose parent it is: so a process in the background waits for the one that has
   * started it to end. Of another's child it would not know how it ended, and might kill it without waiting for its end.
   */
  async leave(foreground: boolean): Promise<void> {
    const until = performance.now() + PARENT_MS;
    while (!foreground && Deno.ppid === this.#parent && performance.now() < until) {
      await pause(PARENT_LOOK_MS);
    }
    await this.#order({ kind: "left" });
    this.#client[Symbol.dispose]();
  }

  /** An instance that has died meanwhile, or is stuck, has nothing to do any more: there is nobody but this one. */
  async #order(order: TakeoverOrder): Promise<void> {
    try {
      await tell(this.#client, order);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
    }
  }
}

/** The error for a takeover that cannot be. */
export function refusal(why: string, code: number = EXIT.os): ExitError {
  return new ExitError(code, `balance: no takeover: ${why}`);
}

function receive(libc: Libc): Reception {
  try {
    return new Reception(libc);
  } catch (error) {
    throw refusal(error instanceof Error ? error.message : String(error));
  }
}

async function connect(which: Instance): Promise<ControlClient> {
  try {
    return await ControlClient.open(which);
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    switch (error.code) {
      case EXIT.unavailable:
        throw refusal(`no instance answers that runs on port ${which.port}`, error.code);
      case EXIT.data:
        throw refusal("the running instance is of a version with another protocol");
      default:
        throw refusal("the running instance may not be controlled by this user");
    }
  }
}

/** Gives an order; what the old instance says against it, if it does. */
async function tell(client: ControlClient, order: TakeoverOrder): Promise<string | undefined> {
  const { text } = await client.order(formatTakeoverOrder(order));
  const [line = ""] = text.split("\n");
  if (line === "") return undefined;
  return line === "syntax error"
    ? "the running instance is of a version that cannot hand over"
    : printable(line);
}
