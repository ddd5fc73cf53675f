/**
 * Documents as `man/balance.schema.json` describes them.
 *
 * @module
 */
import { Ajv2020 } from "ajv";
import type {
  CausesDocument,
  ConnectionsDocument,
  EventDocument,
  HealthDocument,
  StateDocument,
} from "../../lib/core/report/documents.ts";
import schema from "../../man/balance.schema.json" with { type: "json" };

/** The documents that commands answer, by their name in the schema. */
export interface Documents {
  readonly state: StateDocument;
  readonly connections: ConnectionsDocument;
  readonly causes: CausesDocument;
  readonly health: HealthDocument;
}

/** The commands that answer documents. */
const QUESTIONS = {
  state: "show",
  connections: "conns",
  causes: "causes",
  health: "health",
} as const satisfies Record<keyof Documents, string>;

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
ajv.addSchema(schema, "balance");

/** What is wrong with a value, as a part of the schema describes it; nothing if it is as it should be. */
export function faultsOf(name: keyof typeof schema.$defs, value: unknown): string[] {
  const validate = ajv.getSchema(`balance#/$defs/${name}`);
  if (validate === undefined) throw new Error(`The schema has no ${name}`);
  void validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/**
 * Has an instance write a document, of all channels or of one.
 *
 * @throws If it is not as the schema describes it.
 */
export async function documentOf<Name extends keyof Documents>(
  instance: { answer(command: string): Promise<{ readonly text: string }> },
  name: Name,
  channel = "",
): Promise<Documents[Name]> {
  return readDocument(name, (await instance.answer(`${QUESTIONS[name]} ${channel} json`)).text);
}

/**
 * Reads a document.
 *
 * @throws If it is not as the schema describes it.
 */
export function readDocument<Name extends keyof Documents>(
  name: Name,
  text: string,
): Documents[Name] {
  return read(name, text) as Documents[Name];
}

/** As {@link readDocument}, for an event. */
export function readEvent(text: string): EventDocument {
  return read("event", text) as EventDocument;
}

function read(name: keyof typeof schema.$defs, text: string): unknown {
  const value: unknown = JSON.parse(text);
  const faults = faultsOf(name, value);
  if (faults.length > 0) throw new Error(`${faults.join("; ")}: ${text.slice(0, 2000)}`);
  return value;
}
