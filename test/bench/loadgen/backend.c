// The backend: answers requests of the wire format; one thread, epoll.
#include "loadgen.h"

enum { READING, SENDING, TAKING_UPLOAD, DRAINING };

static void drop(struct connection *c) {
  close(c->fd);
  free(c);
}

// Sends what is left of the answer; goes on at the next writable event when the peer is slow.
static void send_answer(int epoll, struct connection *c) {
  while (c->left) {
    size_t piece = c->left < SCRATCH_BYTES ? c->left : SCRATCH_BYTES;
    ssize_t sent = send(c->fd, scratch, piece, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      if (c->state != SENDING) rewatch(epoll, c, EPOLLIN | EPOLLOUT);
      c->state = SENDING;
      return;
    }
    if (sent < 0) {
      drop(c);
      return;
    }
    c->left -= sent;
  }
  if (c->state == SENDING) rewatch(epoll, c, EPOLLIN);
  c->state = READING;
  c->received = 0;
  if (c->operation == OP_CLOSE) {
    shutdown(c->fd, SHUT_WR);
    c->state = DRAINING;
  }
}

static void acknowledge_upload(int epoll, struct connection *c) {
  c->state = READING;
  c->operation = OP_ANSWER;
  c->left = 1;
  send_answer(epoll, c);
}

static void take_upload(int epoll, struct connection *c, uint64_t bytes) {
  c->state = TAKING_UPLOAD;
  c->left -= bytes < c->left ? bytes : c->left;
  if (!c->left) acknowledge_upload(epoll, c);
}

static void take_request(int epoll, struct connection *c, ssize_t bytes) {
  if (c->received < HEADER_BYTES) {
    size_t missing = HEADER_BYTES - c->received;
    memcpy(c->header + c->received, scratch, (size_t)bytes < missing ? (size_t)bytes : missing);
  }
  c->received += bytes;
  if (c->received < HEADER_BYTES) return;
  memcpy(&c->request_bytes, c->header + 1, 4);
  if (c->received < c->request_bytes) return;
  c->operation = c->header[0];
  memcpy(&c->left, c->header + 5, 8);
  if (c->operation == OP_UPLOAD) take_upload(epoll, c, c->received - c->request_bytes);
  else send_answer(epoll, c);
}

static void handle(int epoll, struct connection *c, uint32_t events) {
  if (c->state == SENDING) {
    if (events & (EPOLLHUP | EPOLLERR)) drop(c);
    else send_answer(epoll, c);
    return;
  }
  // MSG_TRUNC throws an upload away without copying it: the backend shall cost little.
  ssize_t got = c->state == TAKING_UPLOAD ? recv(c->fd, scratch, SCRATCH_BYTES, MSG_TRUNC)
                                          : recv(c->fd, scratch, READ_BYTES, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) drop(c);
  else if (c->state == TAKING_UPLOAD) take_upload(epoll, c, got);
  else if (c->state == READING) take_request(epoll, c, got);
}

static void accept_all(int epoll, int listener) {
  for (;;) {
    int fd = accept4(listener, 0, 0, SOCK_NONBLOCK);
    if (fd < 0) return;
    set_nodelay(fd);
    struct connection *c = calloc(1, sizeof *c);
    c->fd = fd;
    watch(epoll, c, EPOLLIN);
  }
}

int run_backend(const char *host_port) {
  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = parse_address(host_port);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) die("bind");
  int epoll = epoll_create1(0);
  struct connection self = {.fd = listener};
  watch(epoll, &self, EPOLLIN);
  struct epoll_event events[EVENTS];
  for (;;) {
    int n = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (c == &self) accept_all(epoll, listener);
      else handle(epoll, c, events[i].events);
    }
  }
}
