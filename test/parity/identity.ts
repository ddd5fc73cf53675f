/**
 * What a command line says about the instance it starts or controls.
 *
 * @module
 */
import { listeningPaths, listeningSockets } from "./kernel.ts";
import { eventually } from "./wait.ts";

/** An instance as its command line names it. */
export interface Identity {
  /** Number, or 0 when the command line has none. */
  port: number;
  /** Text of `-b`, or `0.0.0.0`. */
  bind: string;
  foreground: boolean;
  /** Whether it is a start, not a `-i` or `-c` call. */
  starts: boolean;
}

const WITH_VALUE = "bBtTc";
const READY_MS = 15_000;
const CONTROL_MS = 2_000;

/** Reads the options that matter to the player, by getopt's rules. */
export function identityOf(argv: readonly string[]): Identity {
  const words = [...argv];
  const identity: Identity = { port: 0, bind: "0.0.0.0", foreground: false, starts: true };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word.startsWith("--")) {
      if (word === "--workers") words.shift();
    } else if (word.startsWith("-") && word.length > 1) {
      readCluster(word, words, identity);
    } else {
      return { ...identity, port: portNumber(word), ...laterOptions(words, identity) };
    }
  }
  return identity;
}

function laterOptions(words: string[], identity: Identity): Partial<Identity> {
  const rest = words.filter((word) => word.startsWith("-") && word.length > 1);
  for (const word of rest) readCluster(word, [], identity);
  return { foreground: identity.foreground, starts: identity.starts };
}

function readCluster(word: string, rest: string[], identity: Identity): void {
  for (let i = 1; i < word.length; i++) {
    const option = word[i] ?? "";
    if (option === "f" || option === "F") identity.foreground = true;
    if (option === "i" || option === "c") identity.starts = false;
    if (!WITH_VALUE.includes(option)) continue;
    const value = word.slice(i + 1) || (rest.shift() ?? "");
    if (option === "b") identity.bind = value;
    return;
  }
}

function portNumber(text: string): number {
  if (/^\d/.test(text)) return parseInt(text);
  for (const line of services().split("\n")) {
    const [name, port = "", ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (port.endsWith("/tcp") && (name === text || aliases.includes(text))) return parseInt(port);
  }
  return 0;
}

/** The services database; empty where there is none. */
function services(): string {
  try {
    return Deno.readTextFileSync("/etc/services");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** How many sockets listen on a port. */
export function listenerCount(port: number): number {
  return listeningSockets().filter((socket) => socket.port === port).length;
}

/**
 * Waits until an instance that was just started listens and can be controlled,
 * or has ended.
 *
 * @param before {@linkcode listenerCount} of its port before the start.
 */
export async function untilReady(
  { port, bind }: Identity,
  before: number,
  hasEnded: () => boolean,
): Promise<void> {
  const listens = (): boolean => listenerCount(port) > before;
  await eventually(() => listens() || hasEnded(), (done) => done, READY_MS);
  if (hasEnded()) return;
  const name = `/balance.${port}.${bind}`;
  const controllable = (): boolean =>
    hasEnded() || isPlainFile(`/run/balance${name}`) ||
    listeningPaths().some((path) => path.endsWith(name));
  await eventually(controllable, (done) => done, CONTROL_MS);
  // Several workers share the port after it was tried and given up: what listened first may have been the trial.
  await eventually(() => listens() || hasEnded(), (done) => done, READY_MS);
}

function isPlainFile(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch {
    return false;
  }
}
