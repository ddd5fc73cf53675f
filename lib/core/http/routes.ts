/**
 * What a request asks for.
 *
 * | path | method | what |
 * | --- | --- | --- |
 * | `/`, `/assets/…` | GET | the dashboard |
 * | `/metrics` | GET | metrics |
 * | `/api/state`, `/api/conns`, `/api/causes`, `/api/health` | GET | one document |
 * | `/api/conns/0.1`, `/api/causes/0.1` | GET | what of it is about one channel |
 * | `/api/events` | GET | documents and events as they come |
 * | `/api/command` | POST | an operator's line, if lines are taken |
 * | `/healthz` | GET | whether a client could be served |
 *
 * HEAD is taken where GET is. A path is one of these to the letter: nothing is decoded, and nothing that leads elsewhere is
 * followed.
 *
 * @module
 */
import { MAX_CHANNELS, MAX_GROUPS } from "../table/schema.ts";
import { isOwnHost } from "./host.ts";

/** Documents that have a path. */
export type DocumentName = "state" | "conns" | "causes" | "health";

/** What a request asks for, or why it is refused. */
export type Route =
  | { readonly kind: "page"; readonly path: string }
  | { readonly kind: "document"; readonly name: DocumentName; readonly slot?: number }
  | { readonly kind: "metrics" | "events" | "command" | "healthz" }
  | { readonly kind: "refusal"; readonly status: Refusal; readonly allow?: string };

/** Status codes of requests that are refused for what they are. */
export type Refusal = 400 | 404 | 405 | 421;

/** What is looked at of a request. */
export interface RequestHead {
  /** Its method. */
  readonly method: string;
  /** Its target, as it came. */
  readonly target: string;
  /** The values of all headers `Host`. */
  readonly hosts: readonly string[];
}

/** What a server has. */
export interface Site {
  /** What it was told to listen on, without a port. */
  readonly name: string;
  /** Whether it takes an operator's lines. */
  readonly commands: boolean;
}

const PATHS: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["/", { kind: "page", path: "/" }],
  ["/metrics", { kind: "metrics" }],
  ["/api/state", { kind: "document", name: "state" }],
  ["/api/conns", { kind: "document", name: "conns" }],
  ["/api/causes", { kind: "document", name: "causes" }],
  ["/api/health", { kind: "document", name: "health" }],
  ["/api/events", { kind: "events" }],
  ["/api/command", { kind: "command" }],
  ["/healthz", { kind: "healthz" }],
]);

/** A file of the dashboard: one plain name. */
const ASSET = /^\/assets\/[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A document of one channel: its group and its number. */
const OF_CHANNEL = /^\/api\/(conns|causes)\/(0|[1-9]\d?)\.(0|[1-9]\d?)$/;

/** Finds what a request asks for. */
export function findRoute({ method, target, hosts }: RequestHead, site: Site): Route {
  // Before all else: whoever was led here by a name that is not ours learns nothing.
  if (!isOwnHost(hosts, site.name)) return { kind: "refusal", status: 421 };
  if (!target.startsWith("/")) return { kind: "refusal", status: 400 };
  const [path = ""] = target.split("?", 1);
  const route = PATHS.get(path) ?? channelRoute(path) ?? assetRoute(path);
  if (route === undefined || (route.kind === "command" && !site.commands)) {
    return { kind: "refusal", status: 404 };
  }
  const methods = route.kind === "command" ? ["POST"] : ["GET", "HEAD"];
  if (methods.includes(method)) return route;
  return { kind: "refusal", status: 405, allow: methods.join(", ") };
}

function channelRoute(path: string): Route | undefined {
  const [, name, group = "", channel = ""] = OF_CHANNEL.exec(path) ?? [];
  if (name === undefined || Number(group) >= MAX_GROUPS || Number(channel) >= MAX_CHANNELS) {
    return undefined;
  }
  const slot = Number(group) * MAX_CHANNELS + Number(channel);
  return { kind: "document", name: name === "conns" ? "conns" : "causes", slot };
}

function assetRoute(path: string): Route | undefined {
  return ASSET.test(path) ? { kind: "page", path } : undefined;
}
