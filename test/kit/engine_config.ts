/**
 * What an engine is asked to do when a test asks for nothing special.
 *
 * @module
 */
import { OPEN_EDGE } from "../../lib/core/edge/edge_config.ts";
import type { EngineConfig } from "../../lib/traffic/engine_config.ts";

/** Every option as the program has it by default. */
export const PLAIN_ENGINE: EngineConfig = {
  connectTimeout: 5,
  idleTimeout: 0,
  autodisable: false,
  hashFailover: false,
  loadBound: undefined,
  source: undefined,
  logConnections: false,
  ejectAfter: 0,
  lastResort: false,
  resetsRefused: false,
  edge: OPEN_EDGE,
};
