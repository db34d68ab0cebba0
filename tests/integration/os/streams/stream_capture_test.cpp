// Captured streams, in forked children, because the streams belong to the process.
#include "servicekit/os/stream_capture.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "integration/os/forked_child.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit::os {
namespace {

using namespace std::chrono_literals;
using test::in_another_process;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// The delivered lines, as "out:text;", with "~" for a line that is cut and "-N" for N lost lines.
class Heard {
public:
    void hear(const CapturedLine& line) {
        const std::lock_guard lock{mutex_};
        if (line.lost_before > 0) text_ += "-" + std::to_string(line.lost_before) + ";";
        text_ += (line.stream == Stream::out ? "out:" : "err:") + std::string{line.text} + (line.is_cut ? "~;" : ";");
    }
    std::string text() {
        const std::lock_guard lock{mutex_};
        return text_;
    }
    /// Waits until the text has arrived.
    bool await(const std::string& wanted) {
        for (int tries = 0; tries < 5000; ++tries) {
            if (text().find(wanted) != std::string::npos) return true;
            std::this_thread::sleep_for(2ms);
        }
        return false;
    }

private:
    std::mutex mutex_;
    std::string text_;
};

void print(int descriptor, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t count = ::write(descriptor, text.data() + done, text.size() - done);
        if (count > 0) done += static_cast<std::size_t>(count);
    }
}

struct Captured {
    Captured() {
        static_cast<void>(capture->capture(Stream::out));
        static_cast<void>(capture->capture(Stream::error));
    }
    Captured(const Captured&) = delete;
    Captured& operator=(const Captured&) = delete;
    ~Captured() { loop->stop(); }
    void start(StreamCapture::Deliver deliver) {
        static_cast<void>(capture->start(
            std::move(deliver), [] {}, *loop));
        static_cast<void>(loop->start());
    }
    void start() {
        start([this](const CapturedLine& line) { heard.hear(line); });
    }

    /// Starts with a log that accepts the line "one" and then hangs until `hangs` is false.
    void hang_after_one() {
        start([this](const CapturedLine& line) {
            heard.hear(line);
            while (hangs) std::this_thread::sleep_for(1ms);
        });
        print(1, "one\n");
        heard.await("one");
    }

    Heard heard;
    std::atomic<bool> hangs{true};
    std::unique_ptr<EventLoop> loop = make_posix_event_loop("loop");
    std::unique_ptr<StreamCapture> capture = make_posix_stream_capture();
};

/// Returns the lines delivered when `body` runs in a process whose streams are captured.
std::string heard_of(const std::function<void(Captured&)>& body) {
    return in_another_process([&] {
        Captured captured;
        captured.start();
        body(captured);
        captured.capture->stop(30s);
        return captured.heard.text();
    });
}

std::string crash_lines_of(StreamCapture& capture) {
    Heard words;
    capture.write_at_crash([](void* to, const CapturedLine& line) noexcept { static_cast<Heard*>(to)->hear(line); },
                           &words);
    return words.text();
}

TEST(PosixStreamCaptureTest, DeliversWholeLinesOfBothStreams) {
    EXPECT_EQ(heard_of([](Captured& captured) {
                  print(1, "one\ntw");
                  print(1, "o\n");
                  captured.heard.await("two");
                  print(2, "three\n");
              }),
              "out:one;out:two;err:three;");
}

/// Waits until so many threads of this process have a name that begins with "stdio".
bool await_threads(int wanted) {
    for (int tries = 0; tries < 15'000; ++tries) {
        int count = 0;
        for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
            std::ifstream comm{task.path() / "comm"};
            std::string name;
            if (std::getline(comm, name) && name.starts_with("stdio")) ++count;
        }
        if (count == wanted) return true;
        std::this_thread::sleep_for(2ms);
    }
    return false;
}

TEST(PosixStreamCaptureTest, ThereAreThreadsOnlyWhileThereIsOutput) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.start();
                  if (!await_threads(0)) return std::string{"threads without output"};
                  for (const char* text : {"one", "two", "three"}) {
                      print(1, std::string{text} + "\n");
                      if (!captured.heard.await(text)) return "not delivered: " + std::string{text};
                      if (!await_threads(0)) return "threads after " + std::string{text};
                  }
                  print(2, "four");
                  captured.capture->stop(30s);
                  return captured.heard.text();
              }),
              "out:one;out:two;out:three;err:four;");
}

TEST(PosixStreamCaptureTest, OutputWithPausesIsNotLost) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.start();
                  // The threads end a second after the last output: some of these lines meet that moment.
                  std::string wanted;
                  for (int line = 0; line < 6; ++line) {
                      print(1, std::to_string(line) + "\n");
                      wanted += "out:" + std::to_string(line) + ";";
                      std::this_thread::sleep_for(997ms + std::chrono::milliseconds{line});
                  }
                  captured.capture->stop(30s);
                  return captured.heard.text() == wanted ? "all" : captured.heard.text();
              }),
              "all");
}

TEST(PosixStreamCaptureTest, OutputBeforeTheStartIsDeliveredLater) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  print(1, "early\n");
                  captured.start();
                  captured.capture->stop(10s);
                  return captured.heard.text();
              }),
              "out:early;");
}

TEST(PosixStreamCaptureTest, AnUnfinishedLineIsDeliveredAfterAPause) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.start();
                  print(1, "prompt> ");
                  return captured.heard.await("out:prompt> ;") ? captured.heard.text() : "nothing";
              }),
              "out:prompt> ;");
}

TEST(PosixStreamCaptureTest, TheLastLineNeedsNoNewline) {
    EXPECT_EQ(heard_of([](Captured&) { print(2, "unfinished"); }), "err:unfinished;");
}

TEST(PosixStreamCaptureTest, ALongLineIsCut) {
    const std::string text =
        heard_of([](Captured&) { print(1, std::string(StreamCapture::longest_line + 3, 'x') + "\n"); });

    EXPECT_EQ(text, "out:" + std::string(StreamCapture::longest_line, 'x') + "~;out:xxx;");
}

TEST(PosixStreamCaptureTest, AllBytesAreDeliveredUnchanged) {
    const std::string bytes{"a\0\x01\xff\r b", 7};
    EXPECT_EQ(in_another_process([&] {
                  Captured captured;
                  captured.start();
                  print(1, bytes + "\n\n");
                  captured.capture->stop(10s);
                  return captured.heard.text() == "out:" + bytes + ";out:;" ? "as they are" : captured.heard.text();
              }),
              "as they are");
}

TEST(PosixStreamCaptureTest, ManyLinesArriveWholeAndInOrder) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.start();
                  constexpr int count = 100'000;
                  const auto print_all = [](int descriptor, const char* name) {
                      std::string text;
                      for (int i = 0; i < count; ++i) text += name + std::to_string(i) + "\n";
                      print(descriptor, text);
                  };
                  std::thread other{[&] { print_all(2, "e"); }};
                  print_all(1, "o");
                  other.join();
                  captured.capture->stop(30s);
                  int out = 0;
                  int error = 0;
                  const std::string heard = captured.heard.text();
                  std::string_view rest = heard;
                  while (!rest.empty()) {
                      const std::string_view line = rest.substr(0, rest.find(';'));
                      int& number = line.starts_with("out:o") ? out : error;
                      if (line != (&number == &out ? "out:o" : "err:e") + std::to_string(number))
                          return "out of order: " + std::string{line};
                      ++number;
                      rest.remove_prefix(line.size() + 1);
                  }
                  return std::to_string(out) + " " + std::to_string(error);
              }),
              "100000 100000");
}

TEST(PosixStreamCaptureTest, AStopDeliversAllOfAFullPipe) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  // More short lines than may wait, and the reader gets them all at once.
                  const int count = ::fcntl(STDOUT_FILENO, F_GETPIPE_SZ) / 4;
                  std::string text;
                  for (int i = 0; i < count; ++i) text += "x\n";
                  print(1, text);
                  captured.start();
                  captured.capture->stop(30s);
                  const std::string heard = captured.heard.text();
                  const auto lines = std::count(heard.begin(), heard.end(), ';');
                  return std::to_string(count - lines) + " lost of " + (count > 60'000 ? "many" : "few");
              }),
              "0 lost of many");
}

TEST(PosixStreamCaptureTest, AHungLogBlocksNothingElse) {
    EXPECT_EQ(in_another_process([] {
                  std::atomic<bool> hangs{true};
                  std::atomic<std::uint64_t> lost{0};
                  std::atomic<std::uint64_t> taken{0};
                  Captured captured;
                  captured.start([&](const CapturedLine& line) {
                      while (hangs) std::this_thread::sleep_for(1ms);
                      lost += line.lost_before;
                      ++taken;
                  });
                  // Much more than the pipe and the queue behind it can hold.
                  const std::string line = std::string(1023, 'x') + "\n";
                  constexpr std::uint64_t count = 16'384;
                  for (std::uint64_t i = 0; i < count; ++i) print(1, line);
                  hangs = false;
                  while (taken < 1000) std::this_thread::sleep_for(1ms);
                  print(1, "the last\n");
                  captured.capture->stop(30s);
                  if (lost == 0) return std::string{"nothing was lost"};
                  return taken + lost == count + 1 ? std::string{"all are accounted for"}
                                                   : std::to_string(taken) + " and " + std::to_string(lost);
              }),
              "all are accounted for");
}

TEST(PosixStreamCaptureTest, AStopEndsInTimeIfTheLogHangs) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.start([](const CapturedLine&) { std::this_thread::sleep_for(1h); });
                  print(1, "one\n");
                  captured.loop->stop();
                  const auto begin = std::chrono::steady_clock::now();
                  captured.capture.reset();
                  return std::chrono::steady_clock::now() - begin < 10s ? "in time" : "late";
              }),
              "in time");
}

TEST(PosixStreamCaptureTest, AChildThatRemainsDoesNotDelayTheStop) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.start();
                  const pid_t child = ::fork();
                  if (child == 0)
                      for (;;) ::pause();
                  print(1, "one\n");
                  const auto begin = std::chrono::steady_clock::now();
                  captured.capture->stop(20s);
                  const bool in_time = std::chrono::steady_clock::now() - begin < 10s;
                  ::kill(child, SIGKILL);
                  ::waitpid(child, nullptr, 0);
                  return captured.heard.text() + (in_time ? " in time" : " late");
              }),
              "out:one; in time");
}

TEST(PosixStreamCaptureTest, OutputOfAProgramIsCaptured) {
    EXPECT_THAT(
        heard_of([](Captured&) { static_cast<void>(!std::system("echo from a child; echo and its fault >&2")); }),
        AllOf(HasSubstr("out:from a child;"), HasSubstr("err:and its fault;")));
}

TEST(PosixStreamCaptureTest, AfterTheStopTheStreamsAreDiscarded) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.start();
                  captured.capture->stop(10s);
                  const bool written = ::write(1, "x", 1) == 1 && ::write(2, "x", 1) == 1;
                  return written ? "written" : "refused";
              }),
              "written");
}

TEST(PosixStreamCaptureTest, CrashLinesAreTheUndeliveredOnes) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  print(1, "whole\nunfinished");
                  print(2, "fault\n");
                  return crash_lines_of(*captured.capture);
              }),
              "out:whole;out:unfinished;err:fault;");
}

TEST(PosixStreamCaptureTest, ALongCrashLineIsCut) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  print(1, "short\n" + std::string(StreamCapture::longest_line + 3, 'x') + "\n");
                  const std::string text = crash_lines_of(*captured.capture);
                  return text.substr(0, 11) + std::to_string(text.find('~')) + " " + text.substr(text.find('~'));
              }),
              "out:short;o" + std::to_string(StreamCapture::longest_line + 14) + " ~;out:xxx;");
}

TEST(PosixStreamCaptureTest, CrashLinesAreNotReturnedTwice) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.hang_after_one();
                  print(1, "two\nthree\n");
                  std::string words = crash_lines_of(*captured.capture);
                  print(1, "four\n");
                  words += "again:" + crash_lines_of(*captured.capture);
                  captured.hangs = false;
                  return words;
              }),
              "out:two;out:three;again:out:four;");
}

TEST(PosixStreamCaptureTest, CrashLinesAreNotAlsoDelivered) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.hang_after_one();
                  print(1, "two\nthree\n");
                  const std::string words = crash_lines_of(*captured.capture);
                  captured.hangs = false;
                  print(1, "four\n");
                  captured.capture->stop(30s);
                  return words + "delivered:" + captured.heard.text();
              }),
              "out:two;out:three;delivered:out:one;out:four;");
}

TEST(PosixStreamCaptureTest, CrashLinesContinueAfterTheLinesOfASlowLog) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.start([&](const CapturedLine& line) {
                      std::this_thread::sleep_for(1ms);
                      captured.heard.hear(line);
                  });
                  // More lines than may wait, so that the reader is busy, too.
                  constexpr int count = 4'000;
                  std::string text;
                  std::string wanted;
                  for (int i = 0; i < count; ++i) {
                      const std::string line = std::to_string(i) + std::string(1200, 'x');
                      text += line + "\n";
                      wanted += "out:" + line + ";";
                  }
                  print(1, text);
                  const std::string words = crash_lines_of(*captured.capture);
                  const std::string heard = captured.heard.text();
                  if (heard.empty() || words.empty()) return "only one of them told";
                  return heard + words == wanted ? "in order" : "out of order";
              }),
              "in order");
}

TEST(PosixStreamCaptureTest, OutputAfterCrashLinesIsDeliveredAgain) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.start();
                  print(1, "one\n");
                  captured.heard.await("one");
                  const std::string words = crash_lines_of(*captured.capture);
                  print(1, "two\n");
                  captured.heard.await("two");
                  return words + captured.heard.text();
              }),
              "out:one;out:two;");
}

TEST(PosixStreamCaptureTest, CrashLinesOmitTheLineThatIsBeingDelivered) {
    EXPECT_EQ(in_another_process([] {
                  std::atomic<bool> is_printed{false};
                  std::atomic<bool> is_told{false};
                  std::string words;
                  Captured captured;
                  captured.start([&](const CapturedLine&) {
                      while (!is_printed) std::this_thread::sleep_for(1ms);
                      if (words.empty()) words = crash_lines_of(*captured.capture);
                      is_told = true;
                  });
                  print(1, "one\n");
                  print(1, "two\nunfinished");
                  is_printed = true;
                  while (!is_told) std::this_thread::sleep_for(1ms);
                  return words;
              }),
              "out:two;out:unfinished;");
}

TEST(PosixStreamCaptureTest, CrashLinesLetTheThreadsDeliverFirst) {
    EXPECT_EQ(in_another_process([] {
                  Captured captured;
                  captured.start();
                  print(1, "whole\n");
                  const std::string words = crash_lines_of(*captured.capture);
                  return captured.heard.text() + words;
              }),
              "out:whole;");
}

}  // namespace
}  // namespace servicekit::os
