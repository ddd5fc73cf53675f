// Shared by the parts of the load generator. The wire format of a request:
//   byte 0       operation, one of enum operation
//   bytes 1-4    length of the whole request, u32, host byte order
//   bytes 5-12   length of the answer (of the upload for OP_UPLOAD), u64, host byte order
//   the rest     filling
#ifndef LOADGEN_H
#define LOADGEN_H
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SCRATCH_BYTES = 1 << 20, READ_BYTES = 65536, HEADER_BYTES = 13, EVENTS = 256 };

enum operation {
  OP_ANSWER = 'G',  // answer, keep the connection
  OP_CLOSE = 'C',   // answer, then end the sending side
  OP_UPLOAD = 'U',  // take an upload, then answer one byte
};

// What the client sends and expects; set once from the command line.
struct exchange {
  struct sockaddr_in target;
  char *request;
  uint32_t request_bytes;
  uint64_t answer_bytes;
};

// One connection; the backend and the clients use different parts of it.
struct connection {
  int fd, state, index;
  char operation;
  char header[HEADER_BYTES];
  uint32_t received, request_bytes;
  uint64_t left, started_ns;
};

extern char *scratch;  // SCRATCH_BYTES of filling, also the place reads go to

void die(const char *what);
uint64_t now_ns(void);
void set_nodelay(int fd);
struct sockaddr_in parse_address(const char *host_port);
void write_header(char *request, char operation, uint32_t request_bytes, uint64_t answer_bytes);
int open_connection(const struct exchange *x, int flags);  // -1 when it fails at once
void watch(int epoll, struct connection *c, uint32_t events);
void rewatch(int epoll, struct connection *c, uint32_t events);

void record_latency(uint64_t ns);
void print_latencies(void);  // " p50=… p90=… p99=… p99.9=… max=…", microseconds

int run_backend(const char *host_port);
int run_keep(struct exchange *x, int connections, double seconds);
int run_connect(struct exchange *x, int connections, double seconds, int server_closes, uint64_t limit);
int run_bulk(struct exchange *x, int streams, double megabytes, int upload);
int run_rate(struct exchange *x, int connections, double rate, double seconds);
int run_idle(struct exchange *x, int connections);
int run_start(const char *host_port, char **command);
int run_time(char **command);
#endif
