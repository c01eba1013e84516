// Runs commands on a node of the rig for whoever is at the other end of its channel: `agent DEVICE`
// on a virtio port, `agent -` on stdin and stdout. Many processes at once, each with its stdin,
// stdout and stderr, in frames of
//
//     0 bytes of payload | 4 kind | 8 number of the process | 12 payload       (32-bit,
//     little-endian)
//
// as agent-frames.ts has them. It may be the first process of a system: it reaps whatever there is
// to reap.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

enum class Kind : uint32_t {
  kStart = 1,
  kInput = 2,
  kInputEnd = 3,
  kSignal = 4,
  kHello = 16,
  kStarted = 17,
  kFailed = 18,
  kOutput = 19,
  kError = 20,
  kInputTaken = 21,
  kExited = 22,
};

constexpr size_t kHeaderBytes = 12;
constexpr size_t kPayloadBytesMax = 4 << 20;
constexpr size_t kReadBytes = 64 << 10;
// Beyond this the processes' output stays in their pipes, and they wait.
constexpr size_t kQueueBytesMax = 1 << 20;

[[noreturn]] void Fail(const char* what) {
  dprintf(STDERR_FILENO, "rig agent: %s: %s\n", what, strerror(errno));
  exit(1);
}

// Of a kernel's object that is there, only a bug fails these.
void Must(bool ok, const char* what) {
  if (!ok) Fail(what);
}

void Append32(std::string& bytes, uint32_t value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

uint32_t Read32(std::string_view bytes, size_t offset) {
  uint32_t value = 0;
  if (offset + sizeof value > bytes.size()) {
    errno = EBADMSG;
    Fail("a frame is too short");
  }
  memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

void SetNonBlocking(int fd) {
  Must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0, "fcntl");
}

bool WouldBlock() { return errno == EAGAIN || errno == EINTR; }

struct Command {
  std::string cwd;
  std::vector<std::string> args;
  std::vector<std::string> env;
};

// Payload of a start: number of arguments, number of NAME=VALUE, then cwd, arguments and
// environment, each ended by NUL.
Command ParseCommand(std::string_view payload) {
  const uint32_t args = Read32(payload, 0);
  const uint32_t env = Read32(payload, 4);
  payload.remove_prefix(8);
  std::vector<std::string> strings;
  while (!payload.empty()) {
    const size_t end = payload.find('\0');
    strings.emplace_back(payload.substr(0, end));
    payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
  }
  if (args == 0 || strings.size() != 1 + size_t{args} + env) {
    errno = EBADMSG;
    Fail("start");
  }
  const auto first = strings.begin() + 1;
  return {strings[0], {first, first + args}, {first + args, strings.end()}};
}

// A command's process while it runs, and its pipes for as long as somebody holds their other ends.
struct Process {
  pid_t pid = 0;
  bool running = true;
  bool input_ends = false;
  int input = -1;
  std::array<int, 2> outputs = {-1, -1};
  std::string input_queue;

  bool IsOver() const { return !running && outputs[0] < 0 && outputs[1] < 0; }
};

void Close(int& fd) {
  if (fd >= 0) close(std::exchange(fd, -1));
}

[[noreturn]] void Become(const Command& command, int input, int output, int error, int report) {
  // Ignored signals and blocked ones would stay so in the command.
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setsid();
  for (const std::string& pair : command.env) putenv(const_cast<char*>(pair.c_str()));
  std::vector<char*> args;
  for (const std::string& arg : command.args) args.push_back(const_cast<char*>(arg.c_str()));
  args.push_back(nullptr);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(error, STDERR_FILENO);
  if (chdir(command.cwd.c_str()) == 0) execvp(args[0], args.data());
  const int error_number = errno;
  (void)!write(report, &error_number, sizeof error_number);
  _exit(127);
}

// Pipes above stderr, so that none is overwritten when they become a child's descriptors 0 to 2.
std::array<int, 2> MakePipe() {
  std::array<int, 2> ends;
  Must(pipe2(ends.data(), O_CLOEXEC) == 0, "pipe2");
  for (int& end : ends) {
    if (end > STDERR_FILENO) continue;
    const int higher = fcntl(end, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    Must(higher >= 0, "fcntl");
    close(std::exchange(end, higher));
  }
  return ends;
}

// Returns the errno of what went wrong, 0 if the command runs.
int Spawn(const Command& command, Process& process) {
  std::array<int, 2> input = MakePipe(), output = MakePipe(), error = MakePipe();
  std::array<int, 2> report = MakePipe();
  process.pid = fork();
  if (process.pid == 0) Become(command, input[0], output[1], error[1], report[1]);
  int error_number = process.pid < 0 ? errno : 0;
  for (int* end : {&input[0], &output[1], &error[1], &report[1]}) Close(*end);
  if (process.pid > 0 && read(report[0], &error_number, sizeof error_number) != sizeof error_number)
    error_number = 0;
  Close(report[0]);
  process.input = input[1];
  process.outputs = {output[0], error[0]};
  for (int fd : {input[1], output[0], error[0]}) SetNonBlocking(fd);
  return error_number;
}

class Agent {
 public:
  Agent(int from, int to) : from_(from), to_(to) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    Must(sigprocmask(SIG_BLOCK, &mask, nullptr) == 0, "sigprocmask");
    signals_ = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    Must(signals_ >= 0, "signalfd");
    signal(SIGPIPE, SIG_IGN);
    SetNonBlocking(from_);
    SetNonBlocking(to_);
  }

  // Returns when the other end of the channel is gone.
  void Run() {
    Send(Kind::kHello, 0, {});
    while (open_) {
      std::vector<pollfd> polled = {{from_, POLLIN, 0}, {signals_, POLLIN, 0}};
      if (!queue_.empty()) polled.push_back({to_, POLLOUT, 0});
      for (const auto& [number, process] : processes_) AddPolled(process, polled);
      if (poll(polled.data(), polled.size(), -1) < 0) continue;
      Flush();
      Reap();
      MoveAll();
      Receive();
    }
    for (auto& [number, process] : processes_) kill(-process.pid, SIGKILL);
  }

 private:
  void AddPolled(const Process& process, std::vector<pollfd>& polled) const {
    if (process.input >= 0 && !process.input_queue.empty())
      polled.push_back({process.input, POLLOUT, 0});
    if (queue_.size() > kQueueBytesMax) return;
    for (int fd : process.outputs)
      if (fd >= 0) polled.push_back({fd, POLLIN, 0});
  }

  void Send(Kind kind, uint32_t number, std::string_view payload) {
    Append32(queue_, static_cast<uint32_t>(payload.size()));
    Append32(queue_, static_cast<uint32_t>(kind));
    Append32(queue_, number);
    queue_.append(payload);
    Flush();
  }

  void Send32(Kind kind, uint32_t number, uint32_t value) {
    std::string payload;
    Append32(payload, value);
    Send(kind, number, payload);
  }

  void Flush() {
    size_t sent = 0;
    while (sent < queue_.size()) {
      const ssize_t bytes = write(to_, queue_.data() + sent, queue_.size() - sent);
      if (bytes <= 0) {
        if (bytes < 0 && !WouldBlock()) open_ = false;
        break;
      }
      sent += static_cast<size_t>(bytes);
    }
    queue_.erase(0, sent);
  }

  void Receive() {
    char buffer[kReadBytes];
    const ssize_t bytes = read(from_, buffer, sizeof buffer);
    if (bytes < 0 && WouldBlock()) return;
    if (bytes <= 0) {
      open_ = false;
      return;
    }
    received_.append(buffer, static_cast<size_t>(bytes));
    TakeFrames();
  }

  void TakeFrames() {
    size_t taken = 0;
    while (received_.size() - taken >= kHeaderBytes) {
      const std::string_view rest = std::string_view(received_).substr(taken);
      const size_t bytes = Read32(rest, 0);
      if (bytes > kPayloadBytesMax) {
        errno = EMSGSIZE;
        Fail("a frame is too long");
      }
      if (rest.size() < kHeaderBytes + bytes) break;
      Handle(static_cast<Kind>(Read32(rest, 4)), Read32(rest, 8), rest.substr(kHeaderBytes, bytes));
      taken += kHeaderBytes + bytes;
    }
    received_.erase(0, taken);
  }

  void Handle(Kind kind, uint32_t number, std::string_view payload) {
    if (kind == Kind::kStart) {
      Start(number, ParseCommand(payload));
      return;
    }
    const auto found = processes_.find(number);
    // Ended in the meantime; the other side will hear of it.
    if (found == processes_.end()) return;
    Process& process = found->second;
    if (kind == Kind::kSignal) Signal(process, Read32(payload, 0), Read32(payload, 4) != 0);
    if (kind == Kind::kInput) process.input_queue.append(payload);
    if (kind == Kind::kInputEnd) process.input_ends = true;
    MoveInput(number, process);
  }

  void Start(uint32_t number, const Command& command) {
    Process process;
    const int error_number = Spawn(command, process);
    if (error_number == 0) {
      Send32(Kind::kStarted, number, static_cast<uint32_t>(process.pid));
      processes_.emplace(number, std::move(process));
      return;
    }
    Close(process.input);
    for (int& fd : process.outputs) Close(fd);
    Send32(Kind::kFailed, number, static_cast<uint32_t>(error_number));
  }

  // A group outlives its leader, whose number can not be given away before; a reaped process's own
  // can.
  static void Signal(const Process& process, uint32_t signal, bool group) {
    if (group)
      kill(-process.pid, static_cast<int>(signal));
    else if (process.running)
      kill(process.pid, static_cast<int>(signal));
  }

  void Reap() {
    signalfd_siginfo drained;
    while (read(signals_, &drained, sizeof drained) > 0) {
    }
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
      for (auto& [number, process] : processes_)
        if (process.running && process.pid == pid) End(number, process, status);
  }

  // What the process itself wrote is in its pipes by now, and is to arrive before the news of its
  // end.
  void End(uint32_t number, Process& process, int status) {
    process.running = false;
    for (size_t stream : {0, 1})
      MoveOutput(number, process, stream, PipeBytes(process.outputs[stream]));
    Close(process.input);
    std::string payload;
    Append32(payload, WIFEXITED(status) ? static_cast<uint32_t>(WEXITSTATUS(status)) : 0);
    Append32(payload, WIFSIGNALED(status) ? static_cast<uint32_t>(WTERMSIG(status)) : 0);
    Send(Kind::kExited, number, payload);
  }

  static size_t PipeBytes(int fd) {
    const int bytes = fd < 0 ? 0 : fcntl(fd, F_GETPIPE_SZ);
    return bytes < 0 ? 0 : static_cast<size_t>(bytes);
  }

  void MoveAll() {
    for (auto each = processes_.begin(); each != processes_.end();) {
      auto& [number, process] = *each;
      MoveInput(number, process);
      for (size_t stream : {0, 1})
        if (queue_.size() <= kQueueBytesMax) MoveOutput(number, process, stream, kReadBytes);
      each = process.IsOver() ? processes_.erase(each) : std::next(each);
    }
  }

  void MoveInput(uint32_t number, Process& process) {
    while (process.input >= 0 && !process.input_queue.empty()) {
      const ssize_t bytes =
          write(process.input, process.input_queue.data(), process.input_queue.size());
      if (bytes < 0 && WouldBlock()) return;
      if (bytes < 0)
        Close(process.input);
      else
        Take(number, process, static_cast<size_t>(bytes));
    }
    // Nobody reads any more: the rest is dropped, lest the writer wait for ever.
    if (process.input < 0 && !process.input_queue.empty())
      Take(number, process, process.input_queue.size());
    if (process.input_ends && process.input_queue.empty()) Close(process.input);
  }

  void Take(uint32_t number, Process& process, size_t bytes) {
    process.input_queue.erase(0, bytes);
    Send32(Kind::kInputTaken, number, static_cast<uint32_t>(bytes));
  }

  // At most so many bytes: a grandchild may write without end.
  void MoveOutput(uint32_t number, Process& process, size_t stream, size_t bytes_max) {
    int& fd = process.outputs[stream];
    char buffer[kReadBytes];
    for (size_t moved = 0; fd >= 0 && moved < bytes_max;) {
      const ssize_t bytes = read(fd, buffer, sizeof buffer);
      if (bytes < 0 && WouldBlock()) return;
      if (bytes <= 0) {
        Close(fd);
        return;
      }
      Send(stream == 0 ? Kind::kOutput : Kind::kError, number,
           {buffer, static_cast<size_t>(bytes)});
      moved += static_cast<size_t>(bytes);
    }
  }

  const int from_;
  const int to_;
  int signals_ = -1;
  bool open_ = true;
  std::string queue_;
  std::string received_;
  std::map<uint32_t, Process> processes_;
};

// A port reads as ended until the host's side of it is known to be open.
int OpenPort(const char* path) {
  const int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) Fail(path);
  pollfd polled = {fd, POLLOUT, 0};
  while (poll(&polled, 1, -1) >= 0 && (polled.revents & POLLHUP) != 0) usleep(5'000);
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    dprintf(STDERR_FILENO, "usage: agent DEVICE|-\n");
    return 2;
  }
  const bool is_standard = strcmp(argv[1], "-") == 0;
  const int port = is_standard ? -1 : OpenPort(argv[1]);
  Agent(is_standard ? STDIN_FILENO : port, is_standard ? STDOUT_FILENO : port).Run();
  return 0;
}
