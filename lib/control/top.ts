/**
 * `--top`: the full-screen view of a running instance.
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import { type Effect, press, questionOf } from "../core/top/actions.ts";
import { draw } from "../core/top/draw.ts";
import { parseKeys } from "../core/top/keys.ts";
import { readAnswer, readEvent, readState } from "../core/top/read.ts";
import {
  beginView,
  type ChannelCommand,
  resize,
  showAnswer,
  showEvent,
  showState,
  type View,
} from "../core/top/view.ts";
import type { Instance } from "./client.ts";
import { Screen } from "./screen.ts";
import { TopSource } from "./top_source.ts";

/** Time between two looks, in ms. */
const EVERY_MS = 1000;

/** The signals that end it, with their numbers. */
const SIGNALS = [["SIGHUP", 1], ["SIGINT", 2], ["SIGTERM", 15]] as const;

/**
 * Shows an instance until the user has seen enough.
 *
 * @returns Exit code: 0, or 128 and the number of the signal that ended it.
 * @throws {ExitError} 64 without a terminal, 69 if there is no instance or it has ended, 65 if it is too old.
 */
export async function runTop(instance: Instance): Promise<number> {
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) {
    throw new ExitError(EXIT.usage, "balance: --top needs a terminal");
  }
  using source = await TopSource.open(instance);
  const state = readState(await source.ask("show json"));
  if (state === undefined) {
    throw new ExitError(EXIT.data, "balance: the instance is of a version without --top");
  }
  using screen = new Screen(!Deno.noColor);
  using top = new Top(source, screen, beginView(state, screen.size, clock()));
  return await top.run();
}

/** The view while it is seen. */
class Top implements Disposable {
  readonly #source: TopSource;
  readonly #screen: Screen;
  readonly #over = Promise.withResolvers<number>();
  readonly #cleanUp = new DisposableStack();
  #view: View;
  /** Brings the next look forward. */
  #hurry: () => void = () => {};

  constructor(source: TopSource, screen: Screen, view: View) {
    this.#source = source;
    this.#screen = screen;
    this.#view = view;
  }

  /** Runs to the end; whatever fails ends it, so that the terminal is given back. */
  async run(): Promise<number> {
    this.#screen.enter();
    this.#render();
    for (const [signal, number] of SIGNALS) {
      this.#on(signal, () => this.#over.resolve(128 + number));
    }
    this.#on("SIGWINCH", () => this.#repaint());
    this.#on("SIGCONT", () => this.#resume());
    const listening = this.#source.listen((line) => this.#hear(line));
    for (const work of [this.#lookOn(), this.#readKeys(), listening]) this.#guard(work);
    return await this.#over.promise;
  }

  /** Stops hearing signals. */
  [Symbol.dispose](): void {
    this.#cleanUp[Symbol.dispose]();
  }

  #on(signal: Deno.Signal, does: () => void): void {
    const listener = (): void => {
      try {
        does();
      } catch (error) {
        this.#over.reject(error);
      }
    };
    Deno.addSignalListener(signal, listener);
    this.#cleanUp.defer(() => Deno.removeSignalListener(signal, listener));
  }

  #guard(work: Promise<void>): void {
    work.catch((error) => this.#over.reject(error));
  }

  #render(): void {
    this.#screen.show(draw(this.#view, clock));
  }

  #repaint(): void {
    this.#view = resize(this.#view, this.#screen.size);
    this.#screen.forget();
    this.#render();
  }

  /** Looks each second, and sooner when there is a reason. */
  async #lookOn(): Promise<void> {
    for (;;) {
      const next = Promise.withResolvers<void>();
      this.#hurry = next.resolve;
      await this.#look();
      this.#render();
      const timer = setTimeout(next.resolve, EVERY_MS);
      await next.promise;
      clearTimeout(timer);
    }
  }

  async #look(): Promise<void> {
    const state = readState(await this.#ask("show json"));
    if (state !== undefined) this.#view = showState(this.#view, state);
    const question = questionOf(this.#view);
    if (question === undefined) return;
    const { page } = this.#view;
    const text = await this.#ask(question);
    // Another page or channel may have been opened meanwhile.
    if (questionOf(this.#view) === question) {
      this.#view = showAnswer(this.#view, readAnswer(page, text));
    }
  }

  /** Asks; while no answer comes, what is seen is marked as old. */
  #ask(line: string): Promise<string> {
    const since = clock();
    return this.#source.ask(line, () => {
      this.#view = { ...this.#view, silentSince: since };
      this.#render();
    });
  }

  /** Takes an event in; it is seen with the next look. */
  #hear(line: string): void {
    const event = readEvent(line);
    if (event !== undefined) this.#view = showEvent(this.#view, event);
  }

  async #readKeys(): Promise<void> {
    const buffer = new Uint8Array(1024);
    const decoder = new TextDecoder();
    for (let rest = "";;) {
      const count = await Deno.stdin.read(buffer);
      if (count === null) return this.#over.resolve(EXIT.ok);
      const text = decoder.decode(buffer.subarray(0, count), { stream: true });
      const parsed = parseKeys(rest + text);
      rest = parsed.rest;
      for (const key of parsed.keys) {
        const { view, effect } = press(this.#view, key);
        this.#view = view;
        if (effect !== undefined) this.#do(effect);
      }
      this.#render();
    }
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case "quit":
        return this.#over.resolve(EXIT.ok);
      case "look":
        return this.#hurry();
      case "repaint":
        return this.#repaint();
      case "suspend":
        return this.#suspend();
      case "command":
        return this.#guard(this.#execute(effect.command));
    }
  }

  /** Gives the terminal back and stops, with all that the terminal would have stopped, until SIGCONT. */
  #suspend(): void {
    this.#screen.leave();
    try {
      Deno.kill(0, "SIGTSTP");
    } catch {
      // Signals may not be sent: the view stays.
      this.#resume();
    }
  }

  #resume(): void {
    this.#screen.enter();
    this.#repaint();
  }

  async #execute(command: ChannelCommand): Promise<void> {
    const notice = await this.#source.command(command).catch((error: unknown) => {
      if (error instanceof ExitError) return error.message;
      throw error;
    });
    this.#view = { ...this.#view, notice };
    this.#hurry();
    this.#render();
  }
}

/** A time of day for the user: of a document, or now. */
function clock(at?: string): string {
  const date = at === undefined ? new Date() : new Date(at);
  return Number.isNaN(date.getTime()) ? "--:--:--" : date.toTimeString().slice(0, 8);
}
