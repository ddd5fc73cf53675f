/**
 * Where a native thread connects to: the kernel's bytes of an endpoint, and whether the runtime's permissions allow it.
 *
 * System calls know nothing of permissions, so each endpoint is asked for before it is connected to for the first time.
 *
 * @module
 */
import {
  type Endpoint,
  formatEndpoint,
  SOCKET_ADDRESS_BYTES,
  writeSocketAddress,
} from "../../core/net/socket_address.ts";
import { granted } from "../../system/permissions.ts";
import { FAMILY } from "./abi.ts";

/** An endpoint as the kernel takes it. */
export interface Target {
  /** One of {@link FAMILY}. */
  readonly family: number;
  /** Its socket address. */
  readonly address: Uint8Array<ArrayBuffer>;
  /** How many bytes of it count. */
  readonly length: number;
}

/** An endpoint's bytes; whether it may be connected to is not asked. */
export function makeTarget(endpoint: Endpoint): Target {
  const address = new Uint8Array(SOCKET_ADDRESS_BYTES);
  const length = writeSocketAddress(address, endpoint);
  return { family: FAMILY[endpoint.family], address, length };
}

/** The targets of one thread, each made once. */
export class Targets {
  readonly #known: WeakMap<Endpoint, Target | undefined> = new WeakMap();

  /** The bytes of an endpoint; `undefined` if it must not be connected to. */
  of(endpoint: Endpoint): Target | undefined {
    const known = this.#known.get(endpoint);
    if (known !== undefined || this.#known.has(endpoint)) return known;
    const target = permitted(endpoint) ? makeTarget(endpoint) : undefined;
    this.#known.set(endpoint, target);
    return target;
  }
}

function permitted(endpoint: Endpoint): boolean {
  if (endpoint.family === "unix") {
    const { path } = endpoint;
    return granted({ name: "read", path }) && granted({ name: "write", path });
  }
  if (granted({ name: "net" })) return true;
  try {
    return granted({ name: "net", host: formatEndpoint(endpoint) });
  } catch {
    // What the runtime cannot even read as a host, such as a scope, is in no list of them.
    return false;
  }
}
