/**
 * The program whose scale is measured, with its backend.
 *
 * @module
 */
import type { Candidate } from "./candidates.ts";
import { startCandidate } from "./fleet.ts";
import type { Backend, LoadGenerator } from "./loadgen.ts";
import { type Processes, type Running } from "./processes.ts";
import { descriptors, memory } from "./procfs.ts";
import { connectionsNow, parseShow, type ShownChannel } from "./show_table.ts";
import { controlCommand } from "./time_tests.ts";
import { sleep } from "../kit/wait.ts";

/** How long connections may take to end, milliseconds. */
const END_LIMIT_MS = 10_000;

/** Head of a table of {@link Subject.figures}. */
export const FIGURES = ["", "RSS MiB", "PSS MiB", "descriptors", "c"];

/** What the parts of a run share. */
export interface ScaleContext {
  readonly own: Candidate;
  readonly processes: Processes;
  readonly loadgen: LoadGenerator;
  readonly folder: string;
}

/** The program under load. */
export class Subject {
  constructor(
    readonly context: ScaleContext,
    readonly backend: Backend,
    readonly port: number,
    readonly running: Running,
  ) {}

  /** Starts a program with a backend of its own and waits until it is idle. */
  static async start(context: ScaleContext, own = context.own): Promise<Subject> {
    const backend = await context.loadgen.startBackend();
    const request = { backend: backend.port };
    const started = await startCandidate(own, request, context.folder, context.processes);
    const subject = new Subject(context, backend, started.port, started.running);
    await subject.untilIdle();
    return subject;
  }

  /** The channels as `-c show` prints them; none for a stand-in without control. */
  async show(): Promise<ShownChannel[]> {
    if (!this.context.own.hasControl) return [];
    const argv = controlCommand(this.context.own, this.port, "show");
    const { code, stdout, stderr } = await this.context.processes.run(argv);
    if (code !== 0) throw new Error(`-c show: exit status ${code} ${stderr.trim()}`);
    return parseShow(stdout);
  }

  /** Waits until no connection is counted; at most 10 s. Without control: a second. */
  async untilIdle(): Promise<void> {
    if (!this.context.own.hasControl) return await sleep(1000);
    const end = performance.now() + END_LIMIT_MS;
    while (connectionsNow(await this.show()) > 0 && performance.now() < end) await sleep(50);
  }

  /** A row of figures: RSS and PSS in MiB, descriptors, `c`. */
  async figures(title: string): Promise<string[]> {
    const { rss, pss } = memory(this.running.pid);
    const channels = await this.show();
    const c = this.context.own.hasControl ? `${connectionsNow(channels)}` : "-";
    const mebibytes = [rss, pss].map((kib) => (kib / 1024).toFixed(1));
    return [title, ...mebibytes, `${descriptors(this.running.pid)}`, c];
  }

  /** Ends program and backend. */
  async stop(): Promise<void> {
    await this.context.processes.stop(this.running);
    await this.context.processes.stop(this.backend.running);
  }
}
