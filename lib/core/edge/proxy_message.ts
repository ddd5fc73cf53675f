/**
 * What a PROXY header says, and what reading one comes to.
 *
 * @module
 */

/** One end of the client's connection. */
export interface ProxyPeer {
  /** 16 bytes; IPv4 is mapped. */
  readonly address: Uint8Array;
  /** 0..65535. */
  readonly port: number;
}

/** What a header says. */
export type ProxyMessage =
  | {
    /** The connection is relayed for a client over TCP. */
    readonly kind: "proxied";
    /** The client. */
    readonly source: ProxyPeer;
    /** What the client connected to. */
    readonly destination: ProxyPeer;
  }
  | {
    /**
     * `unknown`: relayed for a client whose address cannot be said. `local`: made by the proxy itself, a health check for
     * one.
     */
    readonly kind: "unknown" | "local";
  };

/** Versions of the protocol: text and binary. */
export type ProxyVersion = "v1" | "v2";

/** What the bytes received so far came to. */
export type ProxyDecoded = ProxyHeader | ProxyPart | ProxyFault;

/** A whole header. */
export interface ProxyHeader {
  /** Which outcome this is. */
  readonly kind: "header";
  /** Version that the sender speaks. */
  readonly version: ProxyVersion;
  /** Bytes of the header: what is behind them is the client's. */
  readonly length: number;
  /** Whether the sender connects on its own behalf: the connection's real addresses hold. */
  readonly local: boolean;
  /** The client; not there if it is unknown or not a client over TCP, and then the connection's real addresses hold. */
  readonly source?: ProxyPeer;
  /** What the client connected to; there if `source` is. */
  readonly destination?: ProxyPeer;
}

/** The beginning of a header: all is well so far. */
export interface ProxyPart {
  /** Which outcome this is. */
  readonly kind: "need more";
}

/** Bytes that no header begins with; the connection is to be closed. */
export interface ProxyFault {
  /** Which outcome this is. */
  readonly kind: "malformed";
  /** What is wrong, in words of our own: nothing that the sender chose. */
  readonly reason: string;
}
