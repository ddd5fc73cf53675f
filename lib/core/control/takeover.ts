/**
 * What an instance that starts with `--takeover` tells the one whose place it takes, over the control protocol.
 *
 * ```
 * client: .takeover offer NAME SECRET 4711   send the listening socket there; 4711 is the process that wants it
 * client: .takeover release                  close the HTTP port, which I need
 * client: .takeover done                     I accept: stop that, and drain
 * client: .takeover left                     I am on my own feet: the service manager may be told that I am the service
 * ```
 *
 * Each has an answer: nothing, or one line that says why not. No person types these: a line with a dot in front of a word is
 * no command of the shell. A connection that ends before `done` takes everything back.
 *
 * @module
 */

/** One of them. */
export type TakeoverOrder =
  | {
    readonly kind: "offer";
    readonly name: string;
    readonly secret: string;
    readonly pid: number;
  }
  | { readonly kind: "release" | "done" | "left" };

/** What an instance tells its successor together with the socket. */
export interface Legacy {
  /** Whether a service manager listens on the socket too, and so loses it when it is shut. */
  readonly managed: boolean;
  /** Whether a service manager is told how the instance is. */
  readonly told: boolean;
  /** Time in ms within which it wants a sign of life, if it wants any. */
  readonly watchdogMs: number | undefined;
}

/** Writes a legacy as words. */
export function formatLegacy({ managed, told, watchdogMs }: Legacy): string {
  return [
    ...(managed ? ["managed"] : []),
    ...(told ? ["told"] : []),
    ...(watchdogMs === undefined ? [] : [`watchdog=${watchdogMs}`]),
  ].join(" ");
}

/** Reads a legacy; words of later versions are passed over. */
export function parseLegacy(text: string): Legacy {
  const words = text.split(" ");
  const [, watchdog] = /(?:^| )watchdog=(\d+(?:\.\d+)?)(?: |$)/.exec(text) ?? [];
  return {
    managed: words.includes("managed"),
    told: words.includes("told"),
    watchdogMs: watchdog === undefined ? undefined : Number(watchdog),
  };
}

/** Writes one as a line without its end. */
export function formatTakeoverOrder(order: TakeoverOrder): string {
  const { kind } = order;
  if (kind !== "offer") return `.takeover ${kind}`;
  return `.takeover offer ${order.name} ${order.secret} ${order.pid}`;
}

/** Reads a line; undefined if it is something else. */
export function parseTakeoverOrder(line: string): TakeoverOrder | undefined {
  const match = /^\.takeover (?:(release|done|left)|offer ([\w-]{1,64}) ([\w-]{1,64}) (\d{1,10}))$/
    .exec(
      line,
    );
  if (match === null) return undefined;
  const [, word, name = "", secret = "", pid] = match;
  if (word === "release" || word === "done" || word === "left") return { kind: word };
  return { kind: "offer", name, secret, pid: Number(pid) };
}
