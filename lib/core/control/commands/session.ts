/**
 * Commands that end something.
 *
 * @module
 */
import { answer, type Command } from "./command.ts";

/** `quit` */
export const QUIT: Command = {
  name: "quit",
  operands: "",
  summary: "quit interactive mode",
  run: (_words, context) => answer(context, [], [], { then: "quit" }),
};

/** `kill` */
export const KILL: Command = {
  name: "kill",
  operands: "",
  summary: "kills master process and quits interactive mode",
  run: (_words, context) => answer(context, ["shutdown complete, exiting."], [], { then: "kill" }),
};
