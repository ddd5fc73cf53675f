/**
 * The bill of materials, in the form of CycloneDX 1.6.
 *
 * @module
 */
import { VERSION } from "./package_files.ts";

/** A file of checksums of Deno's, as far as it is read here. */
export interface LockFile {
  /** Packages of npm by name and version. */
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}

/** The runtime that every binary begins with. */
const RUNTIME = "2.7.14";

/** Packages that only tests use: no part of what is shipped. */
const FOR_TESTS: ReadonlySet<string> = new Set([
  "ajv",
  "fast-deep-equal",
  "fast-uri",
  "json-schema-traverse",
  "require-from-string",
]);

/** Licences of the packages that are shipped; one that is new must be looked up before it can be. */
const LICENCES: Readonly<Record<string, string>> = {
  "@logtape/logtape": "MIT",
  "deno-std": "MIT",
  "uplot": "MIT",
};

/** Writes the bill: the program, the runtime, and every package of the lock file that is shipped. */
export async function billOfMaterials(lock: LockFile, time: number): Promise<string> {
  const shipped = Object.entries(lock.npm).filter(([id]) => !FOR_TESTS.has(nameOf(id)));
  const packages = shipped.map(([id, { integrity }]) => {
    const name = nameOf(id);
    const version = id.slice(name.length + 1);
    const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
    const licence = LICENCES[name];
    if (licence === undefined) throw new Error(`The licence of ${name} is not known`);
    const digest = Uint8Array.fromBase64(integrity.replace(/^sha512-/, "")).toHex();
    return {
      type: "library",
      "bom-ref": purl,
      name,
      version,
      licenses: [{ license: { id: licence } }],
      purl,
      hashes: [{ alg: "SHA-512", content: digest }],
    };
  });
  const runtime = {
    type: "platform",
    "bom-ref": `pkg:github/denoland/deno@v${RUNTIME}`,
    name: "deno",
    version: RUNTIME,
    licenses: [{ license: { id: "MIT" } }],
    purl: `pkg:github/denoland/deno@v${RUNTIME}`,
  };
  const own = `pkg:generic/balance@${VERSION}`;
  const components = [runtime, ...packages];
  const body = {
    metadata: {
      timestamp: new Date(time * 1000).toISOString().replace(/\.\d+/, ""),
      component: {
        type: "application",
        "bom-ref": own,
        name: "balance",
        version: VERSION,
        licenses: [{ license: { id: "MIT" } }],
        purl: own,
      },
    },
    components,
    dependencies: [
      { ref: own, dependsOn: components.map((each) => each["bom-ref"]) },
      ...components.map((each) => ({ ref: each["bom-ref"] })),
    ],
  };
  const head = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${await uuidOf(JSON.stringify(body))}`,
    version: 1,
  };
  return `${JSON.stringify({ ...head, ...body }, undefined, 2)}\n`;
}

/** The name in `name@version`; it may begin with `@` itself. */
function nameOf(id: string): string {
  return id.slice(0, id.lastIndexOf("@"));
}

/** A name that follows from the content (UUID version 8). */
async function uuidOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const hex = new Uint8Array(digest).toHex();
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
