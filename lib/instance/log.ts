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
import type { Logger, LogLevel, LogRecord } from "@logtape/logtape";
import type { LogFormat } from "../core/command_line/log_format.ts";
import { formatJsonLine, formatLogLine } from "../core/text.ts";
import { within } from "../system/time_limit.ts";
import { OutputQueue } from "../system/output_queue.ts";
import type { Fields, Level, LineWriter } from "../core/events.ts";
import type { LogFile } from "./log_file.ts";
import { Syslog } from "./syslog.ts";

/** Where the log goes. */
export type LogTarget =
  | { readonly kind: "stderr" }
  /** Stderr, where the system's journal reads: each line begins with its severity, as `<4>`. */
  | { readonly kind: "journal" }
  | { readonly kind: "file"; readonly file: LogFile }
  /** `folder` is where the sending socket may be made, `path` the daemon's socket. */
  | { readonly kind: "syslog"; readonly folder: string; readonly path: string }
  | { readonly kind: "none" };

const LEVELS = { info: "debug", notice: "info", warning: "warning", error: "error" } as const;

const RANKS: Record<Level, number> = { info: 0, notice: 1, warning: 2, error: 3 };

const SEVERITIES: Partial<Record<LogLevel, number>> = { debug: 6, info: 5, warning: 4, error: 3 };

/** Lines that wait until they can be written; more are dropped. */
const MAX_WAITING = 1000;

/** Time that the last lines may take at the end, in ms. */
const CLOSE_MS = 1000;

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
  readonly #format: LogFormat;
  readonly #stderr = new OutputQueue(Deno.stderr);
  #logger: Logger | undefined;
  #outlet: Outlet | undefined;
  #opening: Promise<void> | undefined;
  #waiting: Waiting[] = [];

  /**
   * Makes the log; nothing is opened before the first line.
   *
   * @param target Where lines go.
   * @param threshold The least important level that is written.
   * @param trace Whether `-d` lines go to stderr.
   * @param format How lines are written.
   */
  constructor(
    target: LogTarget,
    threshold: Level,
    trace: boolean,
    format: LogFormat = "text",
  ) {
    this.#target = target;
    this.#threshold = threshold;
    this.#format = format;
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

  /** Goes on in a new file of the same name when the log goes to a file: the old one was renamed. */
  reopen(): void {
    if (this.#target.kind !== "file") return;
    try {
      this.#target.file.reopen();
    } catch (error) {
      this.log("warning", "log file cannot be opened again", { reason: String(error) });
    }
  }

  /** Waits until every line is written, a second at most. Nothing may be logged after that. */
  async close(): Promise<void> {
    await within(this.#finish(), CLOSE_MS);
    this.#outlet?.close();
  }

  async #finish(): Promise<void> {
    if (this.#waiting.length > 0) await this.open();
    await this.#outlet?.flush();
    // The -d lines go there, whatever the target is.
    await this.#stderr.flush();
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
    const outlet = openOutlet(this.#target, this.#stderr, FORMATS[this.#format]);
    await configure({
      reset: true,
      sinks: { main: (record) => outlet.write(record) },
      loggers: [
        { category: "balance", sinks: ["main"], lowestLevel: "debug" },
        { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
      ],
    });
    this.#outlet = outlet;
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

/** A record as lines of one format. */
interface LineFormat {
  /** The line for a place that tells time and level itself. */
  bare(record: LogRecord): string;
  /** The line for a place that tells neither. */
  dated(record: LogRecord): string;
}

const FORMATS: Readonly<Record<LogFormat, LineFormat>> = {
  text: {
    bare: formatText,
    dated: (record) => `${timeOf(record)} ${levelOf(record)} ${formatText(record)}`,
  },
  json: { bare: formatJson, dated: formatJson },
};

function formatText(record: LogRecord): string {
  return formatLogLine(messageOf(record), record.properties);
}

function formatJson(record: LogRecord): string {
  const head = { time: timeOf(record), level: levelOf(record) };
  return formatJsonLine(head, messageOf(record), record.properties);
}

function messageOf({ rawMessage }: LogRecord): string {
  return typeof rawMessage === "string" ? rawMessage : rawMessage.join("");
}

function timeOf({ timestamp }: LogRecord): string {
  return new Date(timestamp).toISOString();
}

function severityOf({ level }: LogRecord): number {
  return SEVERITIES[level] ?? 5;
}

/** Where formatted lines leave the process. */
interface Outlet {
  /** Writes one line, without waiting. */
  write(record: LogRecord): void;
  /** Resolves when nothing waits any more. */
  flush(): Promise<void>;
  /** Gives up what was opened. */
  close(): void;
}

function openOutlet(target: LogTarget, stderr: OutputQueue, format: LineFormat): Outlet {
  switch (target.kind) {
    case "none":
      return { write: () => {}, flush: () => Promise.resolve(), close: () => {} };
    case "stderr":
    case "journal": {
      const journal = target.kind === "journal";
      return {
        write: (record) => {
          const severity = journal ? `<${severityOf(record)}>` : "";
          stderr.put(`${severity}${format.bare(record)}\n`);
        },
        flush: () => Promise.resolve(),
        close: () => {},
      };
    }
    case "syslog": {
      const syslog = new Syslog(target.folder, target.path);
      return {
        write: (record) => syslog.send(severityOf(record), format.bare(record)),
        flush: () => syslog.flush(),
        close: () => syslog.close(),
      };
    }
    case "file": {
      const { file } = target;
      return {
        write: (record) => file.write(format.dated(record)),
        flush: () => Promise.resolve(),
        close: () => file.close(),
      };
    }
  }
}
