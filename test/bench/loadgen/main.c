// Load generator and backend of the benchmark. Loopback only; prints one line of KEY=VALUE words.
#include "loadgen.h"

#include <signal.h>

static const char USAGE[] =
    "loadgen backend HOST:PORT\n"
    "loadgen keep    HOST:PORT CONNECTIONS SECONDS REQUEST ANSWER     bytes; closed loop\n"
    "loadgen connect HOST:PORT CONNECTIONS SECONDS client|server [N]  who closes; at most N in all\n"
    "loadgen bulk    HOST:PORT STREAMS MEGABYTES down|up              megabytes in all\n"
    "loadgen rate    HOST:PORT CONNECTIONS PER-SECOND SECONDS         open loop\n"
    "loadgen idle    HOST:PORT CONNECTIONS ANSWER                     until end of input\n"
    "loadgen start   HOST:PORT COMMAND...                             time until it listens\n"
    "loadgen time    COMMAND...                                       time until it ends\n";

static struct exchange make_exchange(const char *target, uint32_t request, uint64_t answer) {
  struct exchange x = {parse_address(target), 0, request, answer};
  if (x.request_bytes < HEADER_BYTES) x.request_bytes = HEADER_BYTES;
  x.request = malloc(x.request_bytes);
  memset(x.request, 'q', x.request_bytes);
  write_header(x.request, OP_ANSWER, x.request_bytes, answer);
  return x;
}

static int usage(void) {
  fputs(USAGE, stderr);
  return 2;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  scratch = malloc(SCRATCH_BYTES);
  memset(scratch, 'x', SCRATCH_BYTES);
  if (argc < 3) return usage();
  const char *mode = argv[1];
  if (!strcmp(mode, "backend")) return run_backend(argv[2]);
  if (!strcmp(mode, "time")) return run_time(argv + 2);
  if (!strcmp(mode, "start") && argc > 3) return run_start(argv[2], argv + 3);
  struct exchange x = make_exchange(argv[2], 100, 200);
  if (!strcmp(mode, "keep") && argc == 7) {
    x = make_exchange(argv[2], atoi(argv[5]), atoll(argv[6]));
    return run_keep(&x, atoi(argv[3]), atof(argv[4]));
  }
  if (!strcmp(mode, "connect") && argc >= 6) {
    uint64_t limit = argc > 6 ? strtoull(argv[6], 0, 10) : UINT64_MAX;
    return run_connect(&x, atoi(argv[3]), atof(argv[4]), !strcmp(argv[5], "server"), limit);
  }
  if (!strcmp(mode, "bulk") && argc == 6)
    return run_bulk(&x, atoi(argv[3]), atof(argv[4]), !strcmp(argv[5], "up"));
  if (!strcmp(mode, "rate") && argc == 6)
    return run_rate(&x, atoi(argv[3]), atof(argv[4]), atof(argv[5]));
  if (!strcmp(mode, "idle") && argc == 5) {
    x = make_exchange(argv[2], 100, atoll(argv[4]));
    return run_idle(&x, atoi(argv[3]));
  }
  return usage();
}
