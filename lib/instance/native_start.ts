/**
 * What the native engine has from the start: its threads, and the socket that they accept from, wherever it comes from.
 *
 * @module
 */
import type { Options } from "../core/command_line/options.ts";
import { EXIT, ExitError } from "../core/errors.ts";
import { whenDownOf } from "../core/command_line/health_options.ts";
import type { ControlPath } from "../control/control_socket.ts";
import type { ListenAddress } from "../traffic/engine_config.ts";
import type { Libc } from "../traffic/native/libc.ts";
import { ListeningSocket, type MaybeSocket } from "../traffic/native/listening_socket.ts";
import type { NativeThreads } from "../workers/native_threads.ts";
import { BIND_ATTEMPTS, BIND_PAUSE_MS } from "../workers/thread_words.ts";
import { activationError, passedSocket } from "./activation.ts";
import { bindOrTry, mayListen } from "./port.ts";
import { refusal, Takeover } from "./takeover.ts";
import { pause } from "../system/pause.ts";

/** What the native engine has from the start. */
export interface NativeStart {
  /** The system, for the main thread. */
  readonly libc: Libc;
  /** Its threads. */
  readonly threads: NativeThreads;
  /** What they accept from. */
  readonly socket: ListeningSocket;
  /** The instance whose place is taken, with `--takeover`. */
  readonly takeover: Takeover | undefined;
  /** Whether a service manager listens on the socket too. */
  readonly managed: boolean;
}

const NOT_TO_SHUT = "--when-down refuse would shut the service manager's socket for good";

/** What is wanted of the socket. */
export interface Wanted {
  /** The command line. */
  readonly options: Options;
  /** Where to listen. */
  readonly address: ListenAddress;
  /** The place of the control socket, if there is one. */
  readonly control: ControlPath | undefined;
}

/**
 * Opens what the native engine listens on: the service manager's socket, a running instance's, or a new one.
 *
 * @throws {ExitError} 71 when it cannot be had, 69 if no instance runs whose place could be taken.
 */
export async function openSocket(
  libc: Libc,
  { options, address, control }: Wanted,
): Promise<Omit<NativeStart, "libc" | "threads">> {
  const passed = passedSocket();
  const shuts = whenDownOf(options.health) === "refuse";
  if (options.takeover) {
    if (passed !== undefined) throw refusal("the socket is the service manager's to give");
    if (control === undefined) throw refusal("there is no control socket to do it by");
    const { bind, runDir } = options;
    const which = { port: address.port, bind, runDir, uid: control.uid };
    const takeover = await Takeover.begin(libc, which, address);
    const { socket, legacy: { managed } } = takeover;
    if (managed && shuts) throw refusal(NOT_TO_SHUT);
    return { socket, takeover, managed };
  }
  if (passed !== undefined && shuts) throw activationError(NOT_TO_SHUT);
  const maybe = passed === undefined
    ? await bindNative(libc, address)
    : ListeningSocket.adopt(libc, passed, address, true);
  if ("failure" in maybe) {
    throw passed === undefined
      ? new ExitError(EXIT.os, maybe.failure)
      : activationError(maybe.failure);
  }
  maybe.socket.prepare(options.edge.timeouts);
  return { socket: maybe.socket, takeover: undefined, managed: passed !== undefined };
}

/** Binds the port. Where that is not permitted, or fails, the runtime says why, as with the portable engine. */
async function bindNative(libc: Libc, address: ListenAddress): Promise<MaybeSocket> {
  if (!mayListen(address)) bindOrTry(address, false);
  for (let attempt = 1;; attempt++) {
    const maybe = ListeningSocket.bind(libc, address);
    if ("socket" in maybe || attempt === BIND_ATTEMPTS) return maybe;
    bindOrTry(address, false);
    // Another start looked whether it can have the port, and had it for a moment.
    await pause(BIND_PAUSE_MS);
  }
}
