// The floor: what two C processes pinned to two cores reach on the classic layout, spinning, with no copy
// more and none less than an RPC needs (client buffer -> request -> response -> client buffer).
// Usage: floor CLIENT_CPU SERVER_CPU. Commands on stdin, one JSON line on stdout for each:
//   clock | warm BYTES MS | round BYTES BATCHES SINGLES UNTIMED | idle BYTES WAIT_MS
// Between commands both processes block in read(): the others are being measured then.
//
// One region (request at 0, response at 32768), little-endian:
//   0            8           12       13 (unaligned)  17
//   +------------+-----------+--------+---------------+-----------------------+
//   | request_id | method_id | status | payload_len   | payload, 32751 B max  |
//   | u64        | u32       | u8     | u32           |                       |
//   +------------+-----------+--------+---------------+-----------------------+
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the classic layout is little-endian");
_Static_assert(sizeof(_Atomic uint8_t) == 1, "the status byte is one byte");

enum {
  REGION_BYTES = 32768,
  ID_AT = 0,
  METHOD_AT = 8,
  STATUS_AT = 12,
  LEN_AT = 13,
  PAYLOAD_AT = 17,
  PAYLOAD_BYTES_MAX = REGION_BYTES - PAYLOAD_AT
};
enum { EMPTY = 0, REQUEST_READY = 1, PROCESSING = 2, RESPONSE_READY = 3, ERROR = 4 };
// PARK is an echo after which the server leaves its spin loop and blocks.
enum { METHOD_ECHO = 1, METHOD_PARK = 2 };
enum { BATCH_CALLS = 16, LEAD_IN_CALLS = 32, WARM_SLICES = 8, CLOCK_READS = 50000, CLOCK_TRIALS = 8, TRIAL_CALLS = 20000, TRIALS = 5 };

typedef struct {
  uint8_t *request;
  uint8_t *response;
  int wake_fd;      // client: write end; server: read end
  uint64_t last_id; // client only
  bool pause;
} Floor;

static uint8_t sent[PAYLOAD_BYTES_MAX];
static uint8_t received[PAYLOAD_BYTES_MAX];

static _Noreturn void fail(const char *what) {
  printf("{\"error\":\"floor.c: %s\"}\n", what);
  fflush(stdout);
  _exit(1);
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void pin(size_t cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) fail("cannot pin to a core");
}

static _Atomic uint8_t *status_of(uint8_t *region) { return (_Atomic uint8_t *)(region + STATUS_AT); }

static void await_status(uint8_t *region, uint8_t status, bool pause) {
  while (atomic_load_explicit(status_of(region), memory_order_acquire) != status) {
    if (!pause) continue;
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  }
}

static void put_header(uint8_t *region, uint64_t id, uint32_t method, uint32_t len) {
  memcpy(region + ID_AT, &id, sizeof id);
  memcpy(region + METHOD_AT, &method, sizeof method);
  memcpy(region + LEN_AT, &len, sizeof len);
}

static void serve_until_parked(const Floor *f) {
  for (;;) {
    uint64_t id;
    uint32_t method, len;
    // Observes: request.
    await_status(f->request, REQUEST_READY, f->pause);
    memcpy(&id, f->request + ID_AT, sizeof id);
    memcpy(&method, f->request + METHOD_AT, sizeof method);
    memcpy(&len, f->request + LEN_AT, sizeof len);
    // Relaxed: nobody acts on PROCESSING. The client's next store to this byte comes after it has observed
    // the response, which is published below.
    atomic_store_explicit(status_of(f->request), PROCESSING, memory_order_relaxed);
    if (len > PAYLOAD_BYTES_MAX) fail("the request's length exceeds the region");
    memcpy(f->response + PAYLOAD_AT, f->request + PAYLOAD_AT, len);
    put_header(f->response, id, method, len);
    // Publishes: response.
    atomic_store_explicit(status_of(f->response), RESPONSE_READY, memory_order_release);
    if (method == METHOD_PARK) return;
  }
}

static void publish_request(Floor *f, uint32_t method, uint32_t bytes) {
  memcpy(f->request + PAYLOAD_AT, sent, bytes);
  put_header(f->request, ++f->last_id, method, bytes);
  // Publishes: request.
  atomic_store_explicit(status_of(f->request), REQUEST_READY, memory_order_release);
}

static void take_response(Floor *f, uint32_t bytes) {
  uint64_t id;
  uint32_t len;
  // Observes: response.
  await_status(f->response, RESPONSE_READY, f->pause);
  memcpy(&id, f->response + ID_AT, sizeof id);
  memcpy(&len, f->response + LEN_AT, sizeof len);
  if (id != f->last_id || len != bytes) fail("a response of another id or length");
  memcpy(received, f->response + PAYLOAD_AT, len);
  // Relaxed: the request that lets the server write here again is published after it, with release.
  atomic_store_explicit(status_of(f->response), EMPTY, memory_order_relaxed);
  // The compiler may not drop the copy for want of a reader.
  __asm__ volatile("" : : "r"(received) : "memory");
}

static void call(Floor *f, uint32_t method, uint32_t bytes) {
  publish_request(f, method, bytes);
  take_response(f, bytes);
}

static _Noreturn void run_server(Floor *f, size_t cpu, pid_t client) {
  char wake;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != client) _exit(0); // the client died before prctl
  pin(cpu);
  while (read(f->wake_fd, &wake, 1) == 1) {
    f->pause = wake == 'p';
    serve_until_parked(f);
  }
  _exit(0);
}

static void wake_server(const Floor *f) {
  if (write(f->wake_fd, f->pause ? "p" : "s", 1) != 1) fail("cannot wake the server");
}

static void park_server(Floor *f) { call(f, METHOD_PARK, 0); }

// From here to round_of: the method of measure-sync.ts.
static void verified_calls(Floor *f, uint32_t bytes, int calls) {
  for (int i = 0; i < calls; i++) {
    for (uint32_t at = 0; at < bytes; at++) sent[at] = (uint8_t)(at * 31 + (uint32_t)i);
    memset(received, 0, bytes);
    call(f, METHOD_ECHO, bytes);
    if (memcmp(sent, received, bytes) != 0) fail("the echoed bytes differ");
  }
}

static int64_t timed_calls(Floor *f, uint32_t bytes, int calls) {
  int64_t start = now_ns();
  for (int i = 0; i < calls; i++) call(f, METHOD_ECHO, bytes);
  return now_ns() - start;
}

static double clock_read_ns(void) {
  int64_t best = INT64_MAX;
  for (int trial = 0; trial < CLOCK_TRIALS; trial++) {
    int64_t start = now_ns(), last = start;
    for (int i = 0; i < CLOCK_READS; i++) last = now_ns();
    if (last - start < best) best = last - start;
  }
  return (double)best / CLOCK_READS;
}

// Calls for `ms` milliseconds in slices; nanoseconds a call took in the best slice.
static double warm(Floor *f, uint32_t bytes, int64_t ms) {
  double best = 0;
  for (int slice = 0; slice < WARM_SLICES; slice++) {
    int64_t start = now_ns(), elapsed = 0, calls = 0;
    while (elapsed < ms * 1000000 / WARM_SLICES) {
      timed_calls(f, bytes, BATCH_CALLS);
      calls += BATCH_CALLS;
      elapsed = now_ns() - start;
    }
    double mean = (double)elapsed / (double)calls;
    if (slice == 0 || mean < best) best = mean;
  }
  return best;
}

static int64_t *samples(int count) {
  size_t bytes = (size_t)count * sizeof(int64_t);
  int64_t *at = malloc(bytes);
  if (at == NULL) fail("out of memory");
  memset(at, 1, bytes); // touches the pages: no fault inside the timed loops
  return at;
}

static void print_samples(const char *name, const int64_t *at, int count) {
  printf("\"%s\":[", name);
  for (int i = 0; i < count; i++) printf(i == 0 ? "%lld" : ",%lld", (long long)at[i]);
  printf("],");
}

static void round_of(Floor *f, uint32_t bytes, int batches, int singles, int untimed) {
  int64_t *batch = samples(batches + 1), *stamp = samples(singles + 1);
  wake_server(f);
  verified_calls(f, bytes, LEAD_IN_CALLS);
  for (int i = 0; i < batches; i++) batch[i] = timed_calls(f, bytes, BATCH_CALLS);
  stamp[0] = now_ns();
  for (int i = 0; i < singles; i++) {
    call(f, METHOD_ECHO, bytes);
    stamp[i + 1] = now_ns();
  }
  int64_t untimed_ns = timed_calls(f, bytes, untimed);
  verified_calls(f, bytes, 1);
  park_server(f);
  for (int i = 0; i < singles; i++) stamp[i] = stamp[i + 1] - stamp[i];
  printf("{");
  print_samples("batchNs", batch, batches);
  print_samples("singleNs", stamp, singles);
  printf("\"untimedNs\":%lld}\n", (long long)untimed_ns);
  free(batch);
  free(stamp);
}

// The first call after idleness: the server sleeps in read(), one write() wakes it.
static int64_t idle_call(Floor *f, uint32_t bytes, long wait_ms) {
  struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
  nanosleep(&wait, NULL);
  int64_t start = now_ns();
  publish_request(f, METHOD_ECHO, bytes);
  wake_server(f);
  take_response(f, bytes);
  int64_t elapsed = now_ns() - start;
  park_server(f);
  return elapsed;
}

// Spins with and without the pause instruction, in turns, and keeps the faster.
static void choose_spin(Floor *f) {
  int64_t best[2] = {INT64_MAX, INT64_MAX};
  for (int trial = 0; trial < 2 * TRIALS; trial++) {
    f->pause = trial % 2 == 1;
    wake_server(f);
    timed_calls(f, 64, TRIAL_CALLS / 10);
    int64_t elapsed = timed_calls(f, 64, TRIAL_CALLS);
    park_server(f);
    if (elapsed < best[f->pause]) best[f->pause] = elapsed;
  }
  f->pause = best[1] < best[0];
  printf("{\"ready\":true,\"spin\":\"%s\",\"pauseNs\":%.1f,\"plainNs\":%.1f,", f->pause ? "pause" : "plain",
         (double)best[1] / TRIAL_CALLS, (double)best[0] / TRIAL_CALLS);
}

static void obey(Floor *f, const char *line) {
  unsigned bytes = 0;
  int a = 0, b = 0, c = 0;
  if (strncmp(line, "clock", 5) == 0) {
    printf("{\"clockReadNs\":%.2f}\n", clock_read_ns());
    return;
  }
  bool known = sscanf(line, "warm %u %d", &bytes, &a) == 2 || sscanf(line, "idle %u %d", &bytes, &a) == 2 ||
               sscanf(line, "round %u %d %d %d", &bytes, &a, &b, &c) == 4;
  if (!known || bytes > PAYLOAD_BYTES_MAX || a < 0 || b < 0 || c < 0) fail("a command of another form");
  if (line[0] == 'r') {
    round_of(f, bytes, a, b, c);
  } else if (line[0] == 'i') {
    printf("{\"idleNs\":%lld}\n", (long long)idle_call(f, bytes, a));
  } else {
    wake_server(f);
    printf("{\"nsPerCall\":%.1f}\n", warm(f, bytes, a));
    park_server(f);
  }
}

static uint8_t *map_lease(void) {
  int fd = memfd_create("leasewire-floor", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, 2 * REGION_BYTES) != 0) fail("cannot make the memory");
  void *at = mmap(NULL, 2 * REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (at == MAP_FAILED) fail("cannot map the memory");
  close(fd);
  return at;
}

int main(int argc, char **argv) {
  int ends[2];
  char line[128];
  if (argc != 3) fail("usage: floor CLIENT_CPU SERVER_CPU");
  uint8_t *lease = map_lease();
  if (pipe(ends) != 0) fail("cannot make a pipe");
  Floor f = {.request = lease, .response = lease + REGION_BYTES};
  pid_t client = getpid(), server = fork();
  if (server < 0) fail("cannot fork");
  f.wake_fd = ends[server == 0 ? 0 : 1];
  close(ends[server == 0 ? 1 : 0]);
  if (server == 0) run_server(&f, strtoul(argv[2], NULL, 10), client);
  pin(strtoul(argv[1], NULL, 10));
  choose_spin(&f);
  printf("\"serverPid\":%d}\n", (int)server);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) {
    obey(&f, line);
    fflush(stdout);
  }
  return 0; // the server gets SIGKILL by PR_SET_PDEATHSIG, and end of file on its pipe
}
