/**
 * Folders for one test each.
 *
 * @module
 */

/** A temporary folder that is removed at the end, open to other users as the classic's run dir is. */
export class TempDir implements Disposable {
  /** Where it is. */
  readonly path: string = Deno.makeTempDirSync({ prefix: "balance-test-" });

  constructor() {
    Deno.chmodSync(this.path, 0o1777);
  }

  /** Names of what is in it. */
  get names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name);
  }

  /** Removes it and all that is in it, unless the test has done so. */
  [Symbol.dispose](): void {
    if (exists(this.path)) Deno.removeSync(this.path, { recursive: true });
  }
}

/** Whether there is something at a path. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
