/**
 * A real Chromium, driven over the DevTools protocol.
 *
 * One process a browser, with a profile of its own in a temporary folder, on a free port that it chooses itself. Outside
 * addresses resolve to nothing, so that a page that asks for one fails and is seen to.
 *
 * @module
 */
import { findProgram } from "./needs.ts";
import { TempDir } from "./temp_dir.ts";
import { eventually, Output, START_MS, within } from "./wait.ts";

/** A node of the accessibility tree, as far as tests look. */
export interface AxNode {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly properties?: readonly { readonly name: string; readonly value: { value?: unknown } }[];
}

/** What a message of the protocol may hold. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** How a page is shown. */
export interface View {
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
  readonly reducedMotion?: boolean;
  /** Pixels of the screen for one of the page. */
  readonly scale?: number;
}

/** A browser process. */
export class Browser implements AsyncDisposable {
  readonly #folder: TempDir;
  readonly #process: Deno.ChildProcess;
  readonly #stderr: Output;
  readonly #address: string;

  private constructor(folder: TempDir, process: Deno.ChildProcess, stderr: Output, port: string) {
    this.#folder = folder;
    this.#process = process;
    this.#stderr = stderr;
    this.#address = `127.0.0.1:${port}`;
  }

  /** Starts one. */
  static async start(): Promise<Browser> {
    const folder = new TempDir();
    const process = new Deno.Command(findProgram("chromium") ?? "chromium", {
      args: [
        "--headless=new",
        "--remote-debugging-port=0",
        `--user-data-dir=${folder.path}`,
        // The tests' own pages only; root has no sandbox to give.
        "--no-sandbox",
        "--no-first-run",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-extensions",
        "--hide-scrollbars",
        "--force-color-profile=srgb",
        "--font-render-hinting=none",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "about:blank",
      ],
      env: { HOME: folder.path, TZ: "UTC", LANG: "C.UTF-8" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const stderr = new Output(process.stderr);
    const listening = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//;
    const [, port = ""] = listening.exec(await stderr.until(listening)) ?? [];
    return new Browser(folder, process, stderr, port);
  }

  /** Opens a page at an address, in a tab of its own. */
  async open(url: string, view: View): Promise<Page> {
    const response = await fetch(`http://${this.#address}/json/new?about:blank`, { method: "PUT" });
    const { webSocketDebuggerUrl } = await response.json() as { webSocketDebuggerUrl: string };
    const page = await Page.connect(webSocketDebuggerUrl);
    await page.show(view);
    await page.go(url);
    return page;
  }

  /** Ends the process and removes its profile. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await within(this.#process.status, "the end of the browser", START_MS);
    await this.#stderr.ended;
    // Its children may still be writing.
    await eventually(() => {
      try {
        this.#folder[Symbol.dispose]();
        return true;
      } catch {
        return false;
      }
    }, "the profile is removed");
  }
}

/** A tab. */
export class Page implements AsyncDisposable {
  /** Messages of its console and failures of its code, in order. */
  readonly complaints: string[] = [];
  /** Addresses that it has asked for. */
  readonly requests: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #id = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(String(data)) as Message);
  }

  /** Connects to a tab. */
  static async connect(url: string): Promise<Page> {
    const socket = new WebSocket(url);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error("The browser does not answer"));
    await within(promise, "a connection to the browser");
    const page = new Page(socket);
    for (const domain of ["Page", "Runtime", "Log", "Network", "DOM", "Accessibility"]) {
      await page.call(`${domain}.enable`);
    }
    return page;
  }

  /** Calls a method of the protocol. */
  async call<Result>(method: string, params: Record<string, unknown> = {}): Promise<Result> {
    const id = ++this.#id;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return await within(answer.promise, method) as Result;
  }

  /** Goes to an address. */
  async go(url: string): Promise<void> {
    await this.call("Page.navigate", { url });
    await this.until("document.readyState === 'complete'");
  }

  /** Shows it at a size, and as a reader wishes it. */
  async show(
    { width, height, dark = false, reducedMotion = false, scale = 1 }: View,
  ): Promise<void> {
    const size = { width, height, deviceScaleFactor: scale, mobile: false };
    await this.call("Emulation.setDeviceMetricsOverride", size);
    await this.call("Emulation.setEmulatedMedia", {
      features: [
        { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
        { name: "prefers-reduced-motion", value: reducedMotion ? "reduce" : "no-preference" },
      ],
    });
  }

  /** The value of an expression in the page. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.call<{
      result: { value: Value };
      exceptionDetails?: { exception?: { description?: string }; text: string };
    }>("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails === undefined) return result.value;
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  }

  /** Waits until an expression is true in the page. */
  until(expression: string, ms?: number): Promise<void> {
    return eventually(() => this.evaluate<boolean>(`!!(${expression})`), expression, ms);
  }

  /** The text of the first element that a selector finds, as it is seen. */
  text(selector: string): Promise<string> {
    return this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`);
  }

  /** Presses a key. */
  async press(key: string, modifiers = 0): Promise<void> {
    const codes: Record<string, number> = { Tab: 9, Enter: 13, Escape: 27, ArrowDown: 40 };
    const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
    const event = {
      key,
      code: key,
      windowsVirtualKeyCode: codes[key] ?? key.charCodeAt(0),
      modifiers,
    };
    const down = text === undefined ? { type: "rawKeyDown" } : { type: "keyDown", text };
    await this.call("Input.dispatchKeyEvent", { ...event, ...down });
    await this.call("Input.dispatchKeyEvent", { ...event, type: "keyUp" });
  }

  /** Types a text. */
  async type(text: string): Promise<void> {
    for (const letter of text) await this.press(letter);
  }

  /** The nodes of the accessibility tree that are not ignored. */
  async accessibility(): Promise<AxNode[]> {
    const { nodes } = await this.call<{ nodes: AxNode[] }>("Accessibility.getFullAXTree");
    return nodes.filter(({ ignored }) => !ignored);
  }

  /** A picture of what is seen, as PNG. */
  async picture(): Promise<Uint8Array> {
    const { data } = await this.call<{ data: string }>("Page.captureScreenshot", { format: "png" });
    return Uint8Array.fromBase64(data);
  }

  /** Closes the tab. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.onclose = () => resolve();
    this.#socket.send(JSON.stringify({ id: 0, method: "Page.close" }));
    await within(promise, "the tab closes");
  }

  #take({ id, method, params = {}, result, error }: Message): void {
    if (id !== undefined) {
      const answer = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) answer?.resolve(result);
      else answer?.reject(new Error(error.message));
    } else if (method === "Runtime.exceptionThrown" || method === "Runtime.consoleAPICalled") {
      this.complaints.push(JSON.stringify(params));
    } else if (method === "Log.entryAdded") {
      const { text, url } = params["entry"] as { text: string; url?: string };
      this.complaints.push(`${text} ${url ?? ""}`);
    } else if (method === "Network.requestWillBeSent") {
      this.requests.push((params["request"] as { url: string }).url);
    }
  }
}
