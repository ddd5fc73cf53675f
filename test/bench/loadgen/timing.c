// Times of whole processes: from exec to listening, and from exec to exit.
#include "loadgen.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static const uint64_t START_LIMIT_NS = 10000000000ull;

static pid_t launch(char **command) {
  pid_t parent = getpid(), pid = fork();
  if (pid < 0) die("fork");
  if (pid) return pid;
  // The driver ends this program when it is interrupted: the child must not stay behind.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd++) dup2(null, fd);
  execvp(command[0], command);
  _exit(127);
}

static void end(pid_t pid) {
  kill(pid, SIGTERM);
  for (int i = 0; i < 300; i++) {
    if (waitpid(pid, 0, WNOHANG) == pid) return;
    usleep(10000);
  }
  kill(pid, SIGKILL);
  waitpid(pid, 0, 0);
}

int run_start(const char *host_port, char **command) {
  struct exchange x = {.target = parse_address(host_port)};
  uint64_t started = now_ns();
  pid_t pid = launch(command);
  int fd;
  while ((fd = open_connection(&x, 0)) < 0) {
    if (waitpid(pid, 0, WNOHANG) == pid) {
      fprintf(stderr, "loadgen: %s ended before it listened\n", command[0]);
      return 1;
    }
    if (now_ns() - started > START_LIMIT_NS) {
      end(pid);
      fprintf(stderr, "loadgen: %s does not listen\n", command[0]);
      return 1;
    }
    usleep(200);
  }
  printf("n=1 ms=%.2f\n", (now_ns() - started) / 1e6);
  close(fd);
  end(pid);
  return 0;
}

int run_time(char **command) {
  int status;
  uint64_t started = now_ns();
  pid_t pid = launch(command);
  if (waitpid(pid, &status, 0) != pid) die("waitpid");
  printf("n=1 ms=%.2f\n", (now_ns() - started) / 1e6);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
