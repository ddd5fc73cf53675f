/**
 * Exit codes and the error that carries one.
 *
 * Everything below `main.ts` throws; `main.ts` alone prints and exits.
 *
 * @module
 */

/** Exit codes (sysexits), as balance 3.54 uses them. */
export const EXIT = {
  /** Success; also the answer to `-c`, whatever it says, those of `drain` apart. */
  ok: 0,
  /** Wrong usage or an invalid port; a `drain` that was refused. */
  usage: 64,
  /** An address that cannot be resolved, or a protocol mismatch. */
  data: 65,
  /** The control socket's place belongs to somebody else. */
  noInput: 66,
  /** No running instance; no channels; no run directory. */
  unavailable: 69,
  /** An internal error: always a bug. */
  software: 70,
  /** The system refused: listening, control socket, permissions. */
  os: 71,
  /** `drain`: the channel still has connections. `watch`: it was read too slowly. */
  unfinished: 75,
} as const;

/** A failure that ends the program with a message and an exit code. */
export class ExitError extends Error {
  /** The class's name. */
  override name = "ExitError";
  /** Exit code, one of {@link EXIT}. */
  readonly code: number;
  /** Where the message goes: the classic answers control queries on stdout. */
  readonly stream: "stdout" | "stderr";
  /** One more line for stderr, if a person reads there: scripts know the text of the classic. */
  readonly hint: string;

  /**
   * Makes the failure.
   *
   * @param code Exit code, one of {@link EXIT}.
   * @param message Complete text without the final newline; may have several lines.
   * @param stream Where the message is printed.
   * @param hint One more line for stderr, if a person reads there.
   */
  constructor(
    code: number,
    message: string,
    stream: "stdout" | "stderr" = "stderr",
    hint = "",
  ) {
    super(message);
    this.code = code;
    this.stream = stream;
    this.hint = hint;
  }
}

/** Wrong usage: the message (if any) and the usage text go to stderr, exit 64. */
export class UsageError extends ExitError {
  /** The class's name. */
  override name = "UsageError";

  /**
   * Makes the failure.
   *
   * @param complaint The line above the usage text, or nothing.
   * @param hint The line above the usage text where balance 3.54 has none, if a person reads it.
   */
  constructor(complaint = "", hint = "") {
    super(EXIT.usage, complaint, "stderr", hint);
  }
}
