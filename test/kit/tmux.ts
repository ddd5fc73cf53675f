/**
 * A terminal emulator: tmux, with a server of its own for each test.
 *
 * @module
 */
import { quoted } from "./programs.ts";
import { TempDir } from "./temp_dir.ts";
import { eventually, START_MS } from "./wait.ts";

/** How a terminal is made. */
export interface TmuxOptions {
  /** Columns; 80 unless told. */
  readonly columns?: number;
  /** Rows; 24 unless told. */
  readonly rows?: number;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A terminal with a shell script in it. */
export class Tmux implements AsyncDisposable {
  readonly #dir = new TempDir();

  private constructor() {}

  /** Starts a terminal in which `sh` runs a script; it stays open when that has ended. */
  static async start(
    script: string,
    { columns = 80, rows = 24, env = {} }: TmuxOptions = {},
  ): Promise<Tmux> {
    const tmux = new Tmux();
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const command = `exec ${quoted(["env", "-u", "NO_COLOR", ...variables, "sh", "-c", script])}`;
    try {
      await tmux.#run(
        ...["-f", "/dev/null", "new-session", "-d", "-x", String(columns), "-y", String(rows)],
        ...[command, ";", "set-option", "-g", "status", "off"],
        ...[";", "set-option", "-g", "remain-on-exit", "on"],
        ...[";", "resize-window", "-x", String(columns), "-y", String(rows)],
      );
    } catch (error) {
      await tmux[Symbol.asyncDispose]();
      throw error;
    }
    return tmux;
  }

  /** What is on the screen, line by line; with its colours if wanted. */
  async screen(coloured = false): Promise<string[]> {
    const text = await this.#run("capture-pane", "-p", ...(coloured ? ["-e"] : []));
    return text.split("\n").slice(0, -1);
  }

  /**
   * Waits until the screen holds something.
   *
   * @returns The screen.
   */
  async until(wanted: string | RegExp): Promise<string[]> {
    let screen: string[] = [];
    const there = async (): Promise<boolean> => {
      screen = await this.screen();
      const text = screen.join("\n");
      return typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
    };
    try {
      await eventually(there, String(wanted), START_MS);
    } catch (error) {
      throw new Error(`No ${wanted} in:\n${screen.join("\n")}`, { cause: error });
    }
    return screen;
  }

  /** Presses keys, by their names in tmux. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#run("send-keys", ...keys);
  }

  /** Gives the terminal another size. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#run("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** What tmux knows of the terminal, `cursor_flag` for one. */
  async ask(name: string): Promise<string> {
    return (await this.#run("display-message", "-p", `#{${name}}`)).trim();
  }

  /** Ends the server and what runs in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#run("kill-server");
    } catch {
      // It has ended by itself, or did not start.
    }
    this.#dir[Symbol.dispose]();
  }

  async #run(...args: readonly string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command("tmux", {
      args: ["-u", "-S", `${this.#dir.path}/tmux`, ...args],
      stdin: "null",
    }).output();
    if (!success) throw new Error(`tmux ${args[0]}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout);
  }
}
