/**
 * Which engine relays, and what the native one needs before anything else happens.
 *
 * @module
 */
import {
  type EngineChoice,
  type EngineNeeds,
  nativeOptions,
} from "../core/command_line/engine_option.ts";
import { EXIT, ExitError } from "../core/errors.ts";
import type { EngineName } from "../core/report/documents.ts";
import { granted } from "../system/permissions.ts";
import { type Libc, loadLibc } from "../traffic/native/libc.ts";
import { NativeThreads } from "../workers/native_threads.ts";

/** What the command line says of the engine. */
export interface EngineOptions extends EngineNeeds {
  /** What is wanted. */
  readonly engine: EngineChoice;
  /** `-p` */
  readonly packetdump: boolean;
  /** `-f` */
  readonly foreground: boolean;
}

/** The engine that was chosen. */
export type ChosenEngine =
  & { /** A line for the start, if the choice is not what was wanted. */ readonly notice?: string }
  & (
    | { readonly name: EngineName & "deno" }
    | { readonly name: EngineName & "native"; readonly libc: Libc }
  );

/** The folder of the program's modules, from which workers are loaded. */
export function codeFolder(): string {
  const folder = import.meta.dirname ?? "/";
  return Deno.build.standalone ? folder : `${folder}/..`;
}

/**
 * Chooses the engine, and loads what the native one needs of the system.
 *
 * @throws {ExitError} 71 if only the native one will do, and it cannot be.
 */
export function chooseEngine(options: EngineOptions): ChosenEngine {
  if (options.engine === "deno") return { name: "deno" };
  if (options.packetdump && options.foreground) return fallBack(options, DUMP);
  if (!granted({ name: "read", path: codeFolder() })) {
    return fallBack(options, "its threads need --allow-read");
  }
  const loaded = loadLibc();
  return loaded.kind === "loaded"
    ? { name: "native", libc: loaded.libc }
    : fallBack(options, loaded.reason);
}

const DUMP = "the packet dump (-p) goes with the portable one";

function fallBack(options: EngineOptions, why: string): ChosenEngine {
  const [needed] = nativeOptions(options);
  if (needed !== undefined) {
    throw new ExitError(EXIT.os, `balance: ${needed} needs the native engine: ${why}`);
  }
  if (options.engine === "auto") return { name: "deno" };
  // The one option that changes the engine by itself; all else is the system's or the caller's to give.
  if (why === DUMP) return { name: "deno", notice: `balance: no native engine: ${why}` };
  throw new ExitError(EXIT.os, `balance: no native engine: ${why}`);
}

/**
 * Starts the native engine's threads, if it was chosen, and gives the permission to load libraries up: threads that are
 * started have their own, which they give up when they have loaded.
 *
 * @param sockets Unix sockets of the command line.
 * @throws {ExitError} 71 when the system gives too little.
 */
export function startNative(
  engine: ChosenEngine,
  workers: number,
  sockets: readonly string[],
): NativeThreads | undefined {
  try {
    return engine.name === "native" ? new NativeThreads(engine.libc, workers, sockets) : undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExitError(EXIT.os, `balance: no native engine: ${why}`);
  } finally {
    giveUpLibraries();
  }
}

/** Gives up the permission to load libraries. */
export function giveUpLibraries(): void {
  Deno.permissions.revokeSync({ name: "ffi" });
}
