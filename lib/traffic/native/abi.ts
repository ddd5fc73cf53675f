/**
 * What the Linux kernel calls things: numbers and layouts that C programs get from header files.
 *
 * Where machines differ the layout says so in one place, {@link epollLayout}; everything else is the same on x64 and arm64.
 *
 * @module
 */

/** Flags of `socket` and `accept4`: neither blocks, nor is inherited by another program. */
export const SOCK_NONBLOCK_CLOEXEC = 0o2004000;
/** A stream of bytes. */
export const SOCK_STREAM = 1;
/** Flag of `epoll_create1` and `eventfd`. */
export const CLOEXEC = 0o2000000;
/** Flag of `eventfd`. */
export const EFD_NONBLOCK = 0o4000;

/** Families of addresses. */
export const FAMILY = { unix: 1, ipv4: 2, ipv6: 10 } as const;

/** Operations of `epoll_ctl`. */
export const EPOLL_CTL = { add: 1, remove: 2, change: 3 } as const;

/** Something has come, or nothing more will. */
export const EPOLLIN = 0x1;
/** There is something out of turn: TCP's urgent byte, which is not read yet. */
export const EPOLLPRI = 0x2;
/** There is room for more. */
export const EPOLLOUT = 0x4;
/** The socket has failed. */
export const EPOLLERR = 0x8;
/** Both directions have ended. */
export const EPOLLHUP = 0x10;
/** The peer sends nothing more. */
export const EPOLLRDHUP = 0x2000;
/** Of several sets that wait for one descriptor, one is told. */
export const EPOLLEXCLUSIVE = 0x10000000;
/** Only what changes is told. */
export const EPOLLET = 0x80000000 | 0;

/** Levels of `setsockopt`. */
export const LEVEL = { ip: 0, socket: 1, tcp: 6, ipv6: 41 } as const;

/** Options of a socket, by level. */
export const OPTION = {
  socket: {
    reuseAddress: 2,
    type: 3,
    error: 4,
    keepAlive: 9,
    linger: 13,
    peerCredentials: 17,
    listens: 30,
  },
  ip: { bindAddressNoPort: 24 },
  ipv6: { only: 26 },
  tcp: { noDelay: 1, keepIdle: 4, keepInterval: 5, keepCount: 6, quickAck: 12, userTimeout: 18 },
} as const;

/** `send` raises no signal when the peer is gone. */
export const MSG_NOSIGNAL = 0x4000;
/** `recvmsg` makes descriptors that come private to this program. */
export const MSG_CMSG_CLOEXEC = 0x40000000;
/** Kind of a control message that carries descriptors. */
export const SCM_RIGHTS = 1;
/** `shutdown` of the receiving direction; it ends the listening of a socket that listens. */
export const SHUT_RD = 0;
/** `shutdown` of the sending direction. */
export const SHUT_WR = 1;
/** Request of `ioctl`: bytes that the peer has not confirmed. */
export const SIOCOUTQ = 0x5411;
/** Request of `ioctl`: whether a descriptor blocks. */
export const FIONBIO = 0x5421;
/** Request of `ioctl`: no other program inherits a descriptor. */
export const FIOCLEX = 0x5451;

/** Error numbers that are told apart. */
export const ERRNO = {
  EPERM: 1,
  EINTR: 4,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  ENFILE: 23,
  EMFILE: 24,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ECONNRESET: 104,
  ENOBUFS: 105,
  EINPROGRESS: 115,
} as const;

const TEXTS = new Map<number, string>([
  [ERRNO.EACCES, "Permission denied"],
  [ERRNO.EADDRINUSE, "Address already in use"],
  [ERRNO.EADDRNOTAVAIL, "Cannot assign requested address"],
  [ERRNO.EMFILE, "Too many open files"],
]);

/** An error in words. */
export function errorText(errno: number): string {
  return TEXTS.get(errno) ?? `error ${errno}`;
}

/** Where the fields of a `struct epoll_event` are, in 32-bit words; the events are its first one. */
export interface EpollLayout {
  /** Words of the whole. */
  readonly words: number;
  /** First of the two words that are ours. */
  readonly data: number;
}

/** Machines that the engine runs on. */
export type Machine = typeof Deno.build.arch;

/** The layout on a machine: packed on x64 alone. */
export function epollLayout(machine: Machine): EpollLayout {
  return machine === "x86_64" ? { words: 3, data: 1 } : { words: 4, data: 2 };
}
