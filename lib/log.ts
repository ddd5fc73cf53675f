/**
 * The log: the only writer to stderr while an instance runs.
 *
 * Lines go through LogTape to stderr, to a rotated file or to syslog. LogTape is loaded for the first line: it would take
 * a third of the start-up time.
 *
 * | here | LogTape | syslog |
 * | --- | --- | --- |
 * | info | debug | 6 info |
 * | notice | info | 5 notice |
 * | warning | warning | 4 warning |
 * | error | error | 3 error |
 *
 * @module
 */
import type { Logger, LogLevel, LogRecord, Sink } from "@logtape/logtape";
import { formatLogLine } from "./core/text.ts";
import { Backlog } from "./backlog.ts";
import type { Fields, Level, LineWriter } from "./events.ts";
import { openSyslog } from "./syslog.ts";

/** Where the log goes. */
export type LogTarget =
  | { readonly kind: "stderr" }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "syslog"; readonly folder: string }
  | { readonly kind: "none" };

/** Size at which a log file is rotated, in bytes, and how many old ones are kept. */
const ROTATE_SIZE = 10 * 1024 * 1024;
const ROTATE_KEEP = 5;

const LEVELS = { info: "debug", notice: "info", warning: "warning", error: "error" } as const;

const RANKS: Record<Level, number> = { info: 0, notice: 1, warning: 2, error: 3 };

const SEVERITIES: Partial<Record<LogLevel, number>> = { debug: 6, info: 5, warning: 4, error: 3 };

/** Lines that wait until they can be written; more are dropped. */
const MAX_WAITING = 1000;

interface Waiting {
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields;
}

/** The log of one process. */
export class Log implements LineWriter {
  /** Writes a `-d` line to stderr; undefined when tracing is off. */
  readonly trace: ((line: string) => void) | undefined;
  readonly #target: LogTarget;
  readonly #threshold: Level;
  readonly #stderr = new Backlog(Deno.stderr);
  #logger: Logger | undefined;
  #opening: Promise<void> | undefined;
  #waiting: Waiting[] = [];

  /**
   * Makes the log; nothing is opened before the first line.
   *
   * @param target Where lines go.
   * @param threshold The least important level that is written.
   * @param trace Whether `-d` lines go to stderr.
   */
  constructor(target: LogTarget, threshold: Level, trace: boolean) {
    this.#target = target;
    this.#threshold = threshold;
    if (trace) this.trace = (line) => this.#stderr.put(`${line}\n`);
  }

  /** Writes one line to the log; below the threshold it is dropped. */
  log(level: Level, message: string, fields: Fields = {}): void {
    if (this.#target.kind === "none" || RANKS[level] < RANKS[this.#threshold]) return;
    if (this.#logger !== undefined) return this.#write({ level, message, fields });
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ level, message, fields });
    this.#opening ??= this.#open();
  }

  /** Loads what writing takes; lines that were logged before have waited. */
  async open(): Promise<void> {
    if (this.#target.kind !== "none") await (this.#opening ??= this.#open());
  }

  async #open(): Promise<void> {
    try {
      await this.#load();
    } catch {
      // No descriptor, or no file any more: the next line tries again.
      this.#opening = undefined;
    }
  }

  async #load(): Promise<void> {
    const { configure, getLogger } = await import("@logtape/logtape");
    await configure({
      sinks: { main: await openSink(this.#target, this.#stderr) },
      loggers: [
        { category: "balance", sinks: ["main"], lowestLevel: "debug" },
        { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
      ],
    });
    this.#logger = getLogger("balance");
    for (const line of this.#waiting.splice(0)) this.#write(line);
  }

  #write({ level, message, fields }: Waiting): void {
    this.#logger?.[LEVELS[level]](message, { ...fields });
  }
}

function levelOf({ level }: LogRecord): string {
  return Object.entries(LEVELS).find(([, theirs]) => theirs === level)?.[0] ?? level;
}

function formatRecord(record: LogRecord): string {
  const message = typeof record.rawMessage === "string"
    ? record.rawMessage
    : record.rawMessage.join("");
  return formatLogLine(message, record.properties);
}

async function openSink(target: LogTarget, stderr: Backlog): Promise<Sink> {
  switch (target.kind) {
    case "none":
      return () => {};
    case "stderr":
      return (record) => stderr.put(`${formatRecord(record)}\n`);
    case "syslog": {
      const send = openSyslog(target.folder);
      return (record) => send(SEVERITIES[record.level] ?? 5, formatRecord(record));
    }
    case "file": {
      const { getRotatingFileSink } = await import("@logtape/file");
      return getRotatingFileSink(target.path, {
        maxSize: ROTATE_SIZE,
        maxFiles: ROTATE_KEEP,
        bufferSize: 0,
        formatter: (record) =>
          `${new Date(record.timestamp).toISOString()} ${levelOf(record)} ${
            formatRecord(record)
          }\n`,
      });
    }
  }
}
