// Open loop: requests are due at a fixed rate, whether or not earlier ones were answered, and a
// latency counts from the time its request was due. So a stall shows in every request it delayed.
#include "loadgen.h"

#include <time.h>

struct free_list {
  int *index, head, count, room;
};

static int take(struct free_list *f) {
  int i = f->index[f->head];
  f->head = (f->head + 1) % f->room;
  f->count--;
  return i;
}

static void give(struct free_list *f, int i) {
  f->index[(f->head + f->count) % f->room] = i;
  f->count++;
}

static struct timespec pause_until(uint64_t due, uint64_t end, uint64_t now, int any_free) {
  uint64_t ns = 1000000;
  if (due < end && any_free) ns = due > now ? due - now : 0;
  return (struct timespec){.tv_nsec = (long)ns};
}

int run_rate(struct exchange *x, int connections, double rate, double seconds) {
  int epoll = epoll_create1(0);
  struct connection *all = calloc(connections, sizeof *all);
  struct free_list idle = {calloc(connections, sizeof(int)), 0, 0, connections};
  for (int i = 0; i < connections; i++) {
    all[i].index = i;
    if ((all[i].fd = open_connection(x, 0)) < 0) die("connect");
    watch(epoll, all + i, EPOLLIN);
    give(&idle, i);
  }
  const uint64_t gap = 1e9 / rate, started = now_ns(), end = started + seconds * 1e9;
  const uint64_t patience = 2000000000ull;
  uint64_t due = started, done = 0, errors = 0;
  struct epoll_event events[EVENTS];
  for (;;) {
    uint64_t now = now_ns();
    if (now >= end && (idle.count == connections || now > end + patience)) break;
    for (; due <= now && due < end && idle.count; due += gap, now = now_ns()) {
      struct connection *c = all + take(&idle);
      c->started_ns = due;
      c->left = x->answer_bytes;
      if (send(c->fd, x->request, x->request_bytes, MSG_NOSIGNAL) < 0) errors++;
    }
    struct timespec timeout = pause_until(due, end, now, idle.count);
    int n = epoll_pwait2(epoll, events, EVENTS, &timeout, 0);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      ssize_t got = recv(c->fd, scratch, READ_BYTES, MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) {
        errors++;
        epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, 0);
      } else if ((uint64_t)got < c->left) {
        c->left -= got;
      } else {
        record_latency(now_ns() - c->started_ns);
        done++;
        give(&idle, c->index);
      }
    }
  }
  printf("n=%lu rate=%.1f err=%lu", done, done / ((now_ns() - started) / 1e9), errors);
  print_latencies();
  printf("\n");
  return 0;
}
