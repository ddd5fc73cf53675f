/**
 * An operator's line by HTTP: who may give one, and what becomes of it.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import {
  type CommandRequest,
  MAX_BODY,
  parseCommandRequest,
} from "../core/http/command_request.ts";
import { bearerToken } from "../core/http/token.ts";
import type { CommandResult } from "../core/report/instance_view.ts";
import { readBody } from "./body.ts";

/** How something is changed. */
export interface Commands {
  /** What whoever changes something has to know. */
  readonly token: string;
  /**
   * Carries out an operator's line.
   *
   * @param group The group that its numbers are of.
   * @param signal Aborted when whoever asked has left.
   */
  execute(line: string, group: number, signal: AbortSignal): Promise<CommandResult>;
}

/** Whether a request has the token. That takes equally long for all that have not, so that none can be guessed in parts. */
export function hasToken({ headers }: IncomingMessage, token: string): boolean {
  return timingSafeEqual(digest(bearerToken(headers.authorization) ?? ""), digest(token));
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/** Reads the line that a request has, with its group; or the status of its refusal. */
export async function readCommand(
  request: IncomingMessage,
): Promise<CommandRequest | 400 | 413> {
  const text = await readBody(request, MAX_BODY);
  return text === undefined ? 413 : parseCommandRequest(text) ?? 400;
}
