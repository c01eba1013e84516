// The floors of a queue. `copy`: one pinned process copies a message from its cache into the next place of a ring, as
// every producer has to; nobody takes it out. `ring`: a second one, pinned to another core, copies it out again, which
// is what a queue between two processes with one copy on either side can reach.
// Usage: queue_floor PRODUCER_CPU CONSUMER_CPU. `copy BYTES PLACES MS` or `ring BYTES PLACES MS` on stdin, one JSON
// line on stdout for each. Between commands both processes block in read(): the others are being measured then.
//
//   0          64        128
//   +----------+---------+--------------------------------+
//   | produced | taken   | PLACES places of BYTES         |
//   | u64      | u64     | message n in place n % PLACES  |
//   +----------+---------+--------------------------------+
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
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

enum { BYTES_MIN = 8, BYTES_MAX = 1 << 16, PLACES_MAX = 1 << 10, MESSAGES_PER_LOOK = 64 };

// The first word of the last message.
static const uint64_t last = UINT64_MAX;

typedef struct {
  alignas(64) _Atomic uint64_t produced;
  alignas(64) _Atomic uint64_t taken;
  alignas(64) uint8_t places[];
} Ring;

typedef struct {
  uint32_t bytes;
  uint32_t places;
} Order;

static uint8_t message[BYTES_MAX];

static _Noreturn void fail(const char *what) {
  printf("{\"error\":\"queue_floor.c: %s\"}\n", what);
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

static void relax(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void put(Ring *ring, Order order, uint64_t number, uint64_t first_word) {
  memcpy(message, &first_word, sizeof first_word);
  memcpy(ring->places + number % order.places * order.bytes, message, order.bytes);
  // The compiler may not drop the copy for want of a reader.
  __asm__ volatile("" : : "r"(ring) : "memory");
}

static int64_t copy(Ring *ring, Order order, int64_t ms, uint64_t *count) {
  int64_t start = now_ns(), elapsed = 0;
  while (elapsed < ms * 1000000) {
    for (int i = 0; i < MESSAGES_PER_LOOK; i++, (*count)++) put(ring, order, *count, *count);
    elapsed = now_ns() - start;
  }
  return elapsed;
}

static void produce(Ring *ring, Order order, uint64_t number, uint64_t first_word, uint64_t *taken) {
  while (number - *taken >= order.places) {
    // Observes: room.
    *taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
    if (number - *taken >= order.places) relax();
  }
  put(ring, order, number, first_word);
  // Publishes: message.
  atomic_store_explicit(&ring->produced, number + 1, memory_order_release);
}

// Until the consumer has taken everything: none is counted that did not arrive.
static int64_t produce_for(Ring *ring, Order order, int64_t ms, uint64_t *count) {
  uint64_t taken = 0;
  int64_t start = now_ns();
  while (now_ns() - start < ms * 1000000) {
    for (int i = 0; i < MESSAGES_PER_LOOK; i++, (*count)++) produce(ring, order, *count, *count, &taken);
  }
  produce(ring, order, *count, last, &taken);
  while (atomic_load_explicit(&ring->taken, memory_order_acquire) != *count + 1) relax();
  return now_ns() - start;
}

static void consume(Ring *ring, Order order) {
  for (uint64_t number = 0, produced = 0;; number++) {
    uint64_t first_word;
    while (produced == number) {
      // Observes: message.
      produced = atomic_load_explicit(&ring->produced, memory_order_acquire);
      if (produced == number) relax();
    }
    memcpy(message, ring->places + number % order.places * order.bytes, order.bytes);
    memcpy(&first_word, message, sizeof first_word);
    if (first_word != number && first_word != last) fail("a message out of order");
    // Publishes: room.
    atomic_store_explicit(&ring->taken, number + 1, memory_order_release);
    if (first_word == last) return;
  }
}

static _Noreturn void run_consumer(Ring *ring, int orders, size_t cpu, pid_t producer) {
  Order order;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != producer) _exit(0); // the producer died before prctl
  pin(cpu);
  while (read(orders, &order, sizeof order) == sizeof order) consume(ring, order);
  _exit(0);
}

static void obey(Ring *ring, int orders, const char *line) {
  Order order = {0, 0};
  unsigned ms = 0;
  uint64_t count = 0;
  char verb[8] = "";
  if (sscanf(line, "%7s %u %u %u", verb, &order.bytes, &order.places, &ms) != 4) fail("a command of another form");
  if (order.bytes < BYTES_MIN || order.bytes > BYTES_MAX) fail("a message too short or too long");
  if (order.places == 0 || order.places > PLACES_MAX) fail("too few or too many places");
  memset(ring, 1, sizeof *ring + (size_t)order.bytes * order.places); // no page fault inside the timed loops
  atomic_store_explicit(&ring->produced, 0, memory_order_relaxed);
  atomic_store_explicit(&ring->taken, 0, memory_order_relaxed);
  int64_t elapsed;
  if (strcmp(verb, "copy") == 0) {
    elapsed = copy(ring, order, ms, &count);
  } else {
    // The write orders what is above before all that the consumer does.
    if (write(orders, &order, sizeof order) != sizeof order) fail("cannot wake the consumer");
    elapsed = produce_for(ring, order, ms, &count);
  }
  printf("{\"count\":%llu,\"elapsedMs\":%.6f}\n", (unsigned long long)count, (double)elapsed / 1e6);
}

static Ring *map_ring(void) {
  size_t bytes = sizeof(Ring) + (size_t)BYTES_MAX * PLACES_MAX;
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) fail("cannot map the memory");
  return at;
}

int main(int argc, char **argv) {
  int ends[2];
  char line[128];
  if (argc != 3) fail("usage: queue_floor PRODUCER_CPU CONSUMER_CPU");
  Ring *ring = map_ring();
  if (pipe(ends) != 0) fail("cannot make a pipe");
  pid_t producer = getpid(), consumer = fork();
  if (consumer < 0) fail("cannot fork");
  close(ends[consumer == 0 ? 1 : 0]);
  if (consumer == 0) run_consumer(ring, ends[0], strtoul(argv[2], NULL, 10), producer);
  pin(strtoul(argv[1], NULL, 10));
  printf("{\"ready\":true,\"consumerPid\":%d}\n", (int)consumer);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) {
    obey(ring, ends[1], line);
    fflush(stdout);
  }
  return 0; // the consumer gets SIGKILL by PR_SET_PDEATHSIG, and end of file on its pipe
}
