// Closed loops: kept connections, new connections, bulk streams, idle connections.
#include "loadgen.h"

#include <pthread.h>

static void print_run(uint64_t done, uint64_t errors, uint64_t started) {
  printf("n=%lu rate=%.1f err=%lu", done, done / ((now_ns() - started) / 1e9), errors);
  print_latencies();
  printf("\n");
}

static void send_request(const struct exchange *x, struct connection *c) {
  c->left = x->answer_bytes;
  c->started_ns = now_ns();
  // A connection that fails here shows as an error at its next read.
  send(c->fd, x->request, x->request_bytes, MSG_NOSIGNAL);
}

int run_keep(struct exchange *x, int connections, double seconds) {
  int epoll = epoll_create1(0);
  for (int i = 0; i < connections; i++) {
    struct connection *c = calloc(1, sizeof *c);
    if ((c->fd = open_connection(x, 0)) < 0) die("connect");
    send_request(x, c);
    watch(epoll, c, EPOLLIN);
  }
  uint64_t done = 0, errors = 0, started = now_ns(), end = started + seconds * 1e9;
  struct epoll_event events[EVENTS];
  while (now_ns() < end) {
    int n = epoll_wait(epoll, events, EVENTS, 100);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      ssize_t got = recv(c->fd, scratch, READ_BYTES, MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) {
        errors++;
        close(c->fd);
      } else if ((uint64_t)got < c->left) {
        c->left -= got;
      } else {
        record_latency(now_ns() - c->started_ns);
        done++;
        send_request(x, c);
      }
    }
  }
  print_run(done, errors, started);
  return 0;
}

enum { CONNECTING, WAITING };
enum outcome { GOES_ON, DONE, FAILED };

static int reconnect(struct exchange *x, int epoll, struct connection *c) {
  c->fd = open_connection(x, SOCK_NONBLOCK);
  if (c->fd < 0) return -1;
  c->state = CONNECTING;
  c->left = x->answer_bytes;
  c->started_ns = now_ns();
  watch(epoll, c, EPOLLOUT);
  return 0;
}

static enum outcome advance(struct exchange *x, int epoll, struct connection *c, int server_closes) {
  if (c->state == CONNECTING) {
    if (send(c->fd, x->request, x->request_bytes, MSG_NOSIGNAL) < 0) return FAILED;
    c->state = WAITING;
    rewatch(epoll, c, EPOLLIN);
    return GOES_ON;
  }
  ssize_t got = recv(c->fd, scratch, READ_BYTES, 0);
  if (got < 0 && errno == EAGAIN) return GOES_ON;
  if (got <= 0) return got == 0 && !c->left ? DONE : FAILED;
  c->left -= (uint64_t)got < c->left ? (uint64_t)got : c->left;
  return !c->left && !server_closes ? DONE : GOES_ON;
}

int run_connect(struct exchange *x, int connections, double seconds, int server_closes,
                uint64_t limit) {
  int epoll = epoll_create1(0), open = 0;
  x->request[0] = server_closes ? OP_CLOSE : OP_ANSWER;
  uint64_t done = 0, errors = 0, begun = 0, started = now_ns(), end = started + seconds * 1e9;
  for (; open < connections && begun < limit; open++, begun++)
    if (reconnect(x, epoll, calloc(1, sizeof(struct connection)))) die("connect");
  struct epoll_event events[EVENTS];
  while (open && now_ns() < end) {
    int n = epoll_wait(epoll, events, EVENTS, 100);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      enum outcome outcome = advance(x, epoll, c, server_closes);
      if (outcome == GOES_ON) continue;
      if (outcome == DONE) {
        record_latency(now_ns() - c->started_ns);
        done++;
      } else {
        errors++;
      }
      close(c->fd);
      if (begun < limit && !reconnect(x, epoll, c)) begun++;
      else open--;
    }
  }
  print_run(done, errors, started);
  return 0;
}

struct bulk {
  struct exchange *x;
  uint64_t bytes;
  int upload;
};

static void *stream(void *argument) {
  struct bulk *b = argument;
  char header[HEADER_BYTES];
  int fd = open_connection(b->x, 0);
  if (fd < 0) die("connect");
  write_header(header, b->upload ? OP_UPLOAD : OP_ANSWER, HEADER_BYTES, b->bytes);
  if (send(fd, header, HEADER_BYTES, MSG_NOSIGNAL) < 0) die("send");
  for (uint64_t left = b->bytes; left;) {
    ssize_t n = b->upload ? send(fd, scratch, left < 262144 ? left : 262144, MSG_NOSIGNAL)
                          : recv(fd, scratch, SCRATCH_BYTES, MSG_TRUNC);
    if (n <= 0) die(b->upload ? "send" : "recv");
    left -= n;
  }
  if (b->upload && recv(fd, header, 1, 0) != 1) die("recv");
  close(fd);
  return 0;
}

int run_bulk(struct exchange *x, int streams, double megabytes, int upload) {
  struct bulk b = {x, (uint64_t)(megabytes * 1e6 / streams), upload};
  pthread_t *threads = calloc(streams, sizeof *threads);
  uint64_t started = now_ns();
  for (int i = 0; i < streams; i++)
    if (pthread_create(threads + i, 0, stream, &b)) die("pthread_create");
  for (int i = 0; i < streams; i++) pthread_join(threads[i], 0);
  printf("n=%.0f rate=%.1f err=0\n", megabytes, megabytes / ((now_ns() - started) / 1e9));
  return 0;
}

int run_idle(struct exchange *x, int connections) {
  uint64_t started = now_ns();
  for (int i = 0; i < connections; i++) {
    int fd = open_connection(x, 0);
    if (fd < 0) die("connect");
    if (send(fd, x->request, x->request_bytes, MSG_NOSIGNAL) < 0) die("send");
    for (uint64_t left = x->answer_bytes; left;) {
      ssize_t n = recv(fd, scratch, READ_BYTES, 0);
      if (n <= 0) die("recv");
      left -= n;
    }
  }
  printf("n=%d seconds=%.3f\n", connections, (now_ns() - started) / 1e9);
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) continue;
  return 0;
}
