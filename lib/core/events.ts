/**
 * What the lower modules tell the outside, without knowing who listens.
 *
 * @module
 */

/** How important a log line is. */
export type Level = "info" | "notice" | "warning" | "error";

/** Facts of a log line by name; values of strangers are made printable when they are written. */
export type Fields = Readonly<Record<string, string | number>>;

/** One line of the log. */
export interface LogLine {
  /** How important it is. */
  readonly level: Level;
  /** Its text, with `{name}` for a field. */
  readonly message: string;
  /** Its facts. */
  readonly fields: Fields;
}

/** What a line is about. */
export interface Subject {
  /** What has happened: what is observed of a channel changed. */
  readonly kind: "transition";
  /** What is observed of it from now on. */
  readonly to: "up" | "down" | "ejected" | "unresolved";
  /** Group of the channel. */
  readonly group: number;
  /** Number inside its group. */
  readonly channel: number;
  /** What the channel is called. */
  readonly name: string;
}

/** Where lines go. */
export interface LineWriter {
  /**
   * Writes one line to the log; `{name}` in the message stands for a field.
   *
   * @param subject What the line is about, for those who watch; the line itself says it in words.
   */
  log(level: Level, message: string, fields?: Fields, subject?: Subject): void;
  /** Writes one line of the `-d` trace; undefined when tracing is off. */
  readonly trace: ((line: string) => void) | undefined;
}

/** What a thread has seen of the servers, for whoever watches over them in the main thread. */
export type Sight =
  /** What a client's connection showed of a channel, for a reason in few words. */
  | {
    readonly kind: "ejected" | "trial failed" | "returned";
    readonly slot: number;
    readonly reason: string;
  }
  /** `-a` has disabled a channel. */
  | { readonly kind: "disabled"; readonly slot: number }
  /** A client was given to a channel that is not up, since none is. */
  | { readonly kind: "last resort" };

/** Where a thread's words go. */
export interface Reporter extends LineWriter {
  /** Descriptors have run out. */
  outOfDescriptors(): void;
  /** A connect to a channel's server has failed, which is told once a second and channel; undefined when nobody asks. */
  readonly connectFailed?: ((slot: number) => void) | undefined;
  /** Something was seen of the servers. */
  readonly seen?: ((sight: Sight) => void) | undefined;
}
