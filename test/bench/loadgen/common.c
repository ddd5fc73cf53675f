#include "loadgen.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <time.h>

char *scratch;

void die(const char *what) {
  perror(what);
  exit(1);
}

uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

void set_nodelay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct sockaddr_in parse_address(const char *host_port) {
  char host[64];
  snprintf(host, sizeof host, "%s", host_port);
  char *colon = strrchr(host, ':');
  if (!colon) {
    fprintf(stderr, "loadgen: HOST:PORT expected: %s\n", host_port);
    exit(2);
  }
  *colon = 0;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(colon + 1))};
  a.sin_addr.s_addr = inet_addr(host);
  return a;
}

void write_header(char *request, char operation, uint32_t request_bytes, uint64_t answer_bytes) {
  request[0] = operation;
  memcpy(request + 1, &request_bytes, 4);
  memcpy(request + 5, &answer_bytes, 8);
}

int open_connection(const struct exchange *x, int flags) {
  int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
  if (fd < 0) die("socket");
  set_nodelay(fd);
  if (connect(fd, (const void *)&x->target, sizeof x->target) && errno != EINPROGRESS) {
    close(fd);
    return -1;
  }
  return fd;
}

void watch(int epoll, struct connection *c, uint32_t events) {
  struct epoll_event e = {.events = events, .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e)) die("epoll_ctl");
}

void rewatch(int epoll, struct connection *c, uint32_t events) {
  struct epoll_event e = {.events = events, .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &e)) die("epoll_ctl");
}

static uint32_t *latencies;
static size_t latency_count, latency_room;

void record_latency(uint64_t ns) {
  if (latency_count == latency_room) {
    latency_room = latency_room ? latency_room * 2 : 1 << 20;
    latencies = realloc(latencies, latency_room * sizeof *latencies);
    if (!latencies) die("realloc");
  }
  latencies[latency_count++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

void print_latencies(void) {
  static const double quantile[] = {.5, .9, .99, .999, 1};
  static const char *name[] = {"p50", "p90", "p99", "p99.9", "max"};
  qsort(latencies, latency_count, sizeof *latencies, by_value);
  for (int i = 0; i < 5; i++) {
    size_t at = latency_count ? (size_t)(quantile[i] * (latency_count - 1)) : 0;
    printf(" %s=%.1f", name[i], latency_count ? latencies[at] / 1000.0 : 0);
  }
}
