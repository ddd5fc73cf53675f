/**
 * What the player needs of the machine.
 *
 * @module
 */
import { type Need, program } from "../kit/needs.ts";
import { Worlds } from "./namespace.ts";

/** A world to play a case in; asked for as the player does, which wants root. */
export async function world(): Promise<Need> {
  if (Deno.uid() !== 0) return { name: "root", met: false };
  const missing = ["unshare", "ip"].map(program).find(({ met }) => !met);
  if (missing !== undefined) return missing;
  const worlds = new Worlds([Deno.execPath()]);
  try {
    return { name: "namespaces", met: await worlds.obstacle() === undefined };
  } finally {
    worlds.close();
  }
}
