// The destination of what a service prints.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "integration/support/proc_path.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"
#include "os/descriptor.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class StreamsTest : public ServiceTest {
protected:
    [[nodiscard]] std::size_t count_in_log(std::string_view text) const {
        const std::string log = printing.log();
        std::size_t count = 0;
        for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
        return count;
    }

    /// A line "NAME line N" from a captured stream.
    struct NumberedLine {
        long number = 0;
        long lost_before = 0;  ///< number of lines that the log reports as lost before this one
    };
    /// Such lines, in the order of the log.
    struct NumberedLines {
        std::map<std::string, std::vector<NumberedLine>> by_name;
        std::string torn;  ///< all other lines of captured streams
    };
    [[nodiscard]] NumberedLines numbered_lines() const {
        static const std::regex report{"([0-9]+) lines of (stdout|stderr) lost: the log did not take them in time"};
        std::istringstream log{printing.log()};
        NumberedLines result;
        std::map<std::string, long> lost;  // by stream
        for (std::string line; std::getline(log, line);) {
            constexpr std::string_view mark = " stream=";
            const auto end = line.rfind(std::string{mark} + "std");
            if (end == std::string::npos) continue;
            const auto begin = line.find("]: ") + 3;
            const std::string stream = line.substr(end + mark.size());
            const std::string text = line.substr(begin, end - begin);
            const auto middle = text.find(" line ");
            const std::string number = middle == std::string::npos ? "" : text.substr(middle + 6);
            const std::string name = text.substr(0, middle);
            const bool is_whole = (name == "output" || name == "error" || name == "child") && !number.empty() &&
                                  number.find_first_not_of("0123456789") == std::string::npos;
            if (std::smatch parts; is_whole)
                result.by_name[name].push_back({std::stol(number), std::exchange(lost[stream], 0)});
            else if (std::regex_match(text, parts, report))
                lost[stream] += std::stol(parts[1]);
            else
                result.torn += line + '\n';
        }
        return result;
    }

    /// Checks that the numbers begin at 1, that each is there once, and that only numbers at the end are missing, and
    /// those that the log reports as lost: on a busy machine it may take none for a second.
    static void expect_in_order(const std::vector<NumberedLine>& lines, const std::string& name) {
        long last = 0;
        for (const auto& [number, lost_before] : lines) {
            ASSERT_EQ(number, last + lost_before + 1)
                << name << ", of " << lines.size() << " lines, after " << last << ", " << lost_before << " lost";
            last = number;
        }
    }

    ServiceProgram printing{"crash-trial", directory.path()};
};

TEST_F(StreamsTest, OutputGoesToTheLogWithItsStream) {
    const RunningService service{printing};

    service.call("print-text", {{"text", "hello\nwor"}});
    service.call("print-text", {{"text", "ld\n"}});
    service.call("print-text", {{"text", "a fault\n"}, {"error", true}});

    service.await_log("stream=stderr");
    EXPECT_THAT(printing.log(), ContainsRegex(" info [^\n]*: hello stream=stdout\n"));
    EXPECT_THAT(printing.log(), ContainsRegex(" info [^\n]*: world stream=stdout\n"));
    EXPECT_THAT(printing.log(), ContainsRegex(" warning [^\n]*: a fault stream=stderr\n"));
}

TEST_F(StreamsTest, AnUnfinishedLineIsLoggedAfterAPause) {
    const RunningService service{printing};

    service.call("print-text", {{"text", "a prompt"}});

    service.await_log("a prompt stream=stdout");
}

TEST_F(StreamsTest, AnUnflushedLineIsLogged) {
    const RunningService service{printing};

    service.call("print-text", {{"text", "printed and left\n"}, {"flush", false}});

    service.await_log("printed and left stream=stdout");
}

TEST_F(StreamsTest, AnUnflushedLineIsLoggedAtACrash) {
    for (const char* how : {"write", "abort"}) {
        RunningService service{printing};
        const std::string line = std::string{"unflushed before "} + how;
        EXPECT_NE(printing.verb({"call", "crash", std::string{"how="} + how, "unflushed=" + line}).exit_code, 0);

        EXPECT_GT(service.exit_code(), 128);

        EXPECT_EQ(count_in_log("]: " + line), 2U) << printing.log();
        EXPECT_EQ(count_in_log(line + " of the stream"), 1U) << printing.log();
    }
}

TEST_F(StreamsTest, ManyLinesArriveWholeAndInOrder) {
    constexpr long count = 100'000;
    {
        RunningService service{printing};
        service.call("print-lines", {{"count", count}});
        // A stop on a busy machine may not have the time for all of them. The log may also have lost the last ones; it
        // reports that with the next line that it takes.
        for (const bool is_error : {false, true}) {
            const std::string line = is_error ? "error line " : "output line ";
            long next = count;
            await_state("the log has each " + line, [&] {
                service.call("print-text", {{"text", line + std::to_string(++next) + "\n"}, {"error", is_error}});
                const std::string log = printing.log();
                const auto last = log.rfind(": " + line);
                return last != std::string::npos && std::stol(log.substr(last + 2 + line.size())) >= count;
            });
        }
        service.signal(SIGTERM);
        ASSERT_EQ(service.exit_code(), 0);
    }
    const NumberedLines lines = numbered_lines();
    EXPECT_EQ(lines.torn, "");
    for (const std::string name : {"output", "error"}) {
        ASSERT_TRUE(lines.by_name.contains(name));
        EXPECT_GE(lines.by_name.at(name).back().number, count) << name;
        expect_in_order(lines.by_name.at(name), name);
    }
}

TEST_F(StreamsTest, OutputRightBeforeACrashIsLoggedOnce) {
    for (const char* how : {"abort", "write", "exception"}) {
        RunningService service{printing};
        const std::string words = std::string{"crash lines before "} + how;
        EXPECT_NE(printing.verb({"call", "crash", std::string{"how="} + how, "words=" + words}).exit_code, 0);

        EXPECT_GT(service.exit_code(), 128);

        EXPECT_EQ(count_in_log("]: " + words), 2U) << printing.log();
        EXPECT_THAT(printing.log(), HasSubstr("crashed by SIG"));
    }
}

TEST_F(StreamsTest, ABacklogAtACrashIsLoggedOnceAndInOrder) {
    RunningService service{printing};
    service.call("print-lines", {{"count", 100'000}});

    EXPECT_NE(printing.verb({"call", "crash", "how=write"}).exit_code, 0);

    EXPECT_EQ(service.exit_code(), 128 + SIGSEGV);
    const NumberedLines lines = numbered_lines();
    EXPECT_EQ(lines.torn, "");
    for (const std::string name : {"output", "error"}) {
        ASSERT_TRUE(lines.by_name.contains(name));
        EXPECT_LE(lines.by_name.at(name).back().number, 100'000) << name;
        expect_in_order(lines.by_name.at(name), name);
    }
}

TEST_F(StreamsTest, NoLineOfAPrintingChildIsTornAtACrash) {
    RunningService service{printing};
    service.call("shell", {{"command", "seq -f 'child line %.0f' 1 1000000000 & echo $! >" + directory.file("child")}});
    Process child{static_cast<pid_t>(std::stol(read_file(directory.file("child"))))};
    // Does not read the log, which may grow faster than it can be read.
    await_state("it prints", [&] { return std::filesystem::file_size(printing.log_file()) > 10'000; });

    EXPECT_NE(printing.verb({"call", "crash", "how=write"}).exit_code, 0);

    EXPECT_EQ(service.exit_code(), 128 + SIGSEGV);
    child.end();
    const NumberedLines lines = numbered_lines();
    EXPECT_EQ(lines.torn, "");
    ASSERT_TRUE(lines.by_name.contains("child"));
    expect_in_order(lines.by_name.at("child"), "child");
}

TEST_F(StreamsTest, ThereAreThreadsForOutputOnlyWhileItComes) {
    const RunningService service{printing};
    const auto has_two_threads = [&] {
        const std::filesystem::directory_iterator tasks{proc(service.pid(), "task")};
        return std::distance(begin(tasks), end(tasks)) == 2;
    };
    for (const char* text : {"one", "two"}) {
        await_state("it has two threads", has_two_threads);
        service.call("shell", {{"command", std::string{"echo "} + text}});
        service.await_log(std::string{": "} + text + " stream=stdout");
    }
    await_state("it has two threads again", has_two_threads);
}

TEST_F(StreamsTest, OutputOfChildrenIsLogged) {
    const RunningService service{printing};

    service.call("shell", {{"command", "echo from a child; echo its fault >&2"}});

    service.await_log(": from a child stream=stdout");
    service.await_log(": its fault stream=stderr");
}

TEST_F(StreamsTest, AChildThatRemainsDoesNotDelayTheStop) {
    RunningService service{printing};
    service.call("shell", {{"command", "sleep 60 & echo $! >" + directory.file("child")}});

    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
    const pid_t child = static_cast<pid_t>(std::stol(read_file(directory.file("child"))));
    Process{child}.end();
}

TEST_F(StreamsTest, EachStreamCanGoToAFile) {
    printing.add_options({"--stdout", directory.file("out"), "--stderr", "null"});
    const RunningService service{printing};

    service.call("print-lines", {{"count", 2}});

    EXPECT_EQ(read_file(directory.file("out")), "output line 1\noutput line 2\n");
    EXPECT_THAT(printing.log(), Not(HasSubstr(" line ")));
}

TEST_F(StreamsTest, BothStreamsCanGoToOneFile) {
    printing.configure({{"stdout", Object{{"path", directory.file("both")}, {"open", "create"}, {"mode", "0600"}}},
                        {"stderr", Object{{"path", directory.file("both")}, {"open", "create"}, {"mode", "0600"}}}});
    const RunningService service{printing};

    service.call("print-text", {{"text", "one\n"}});
    service.call("print-text", {{"text", "two\n"}, {"error", true}});

    EXPECT_EQ(read_file(directory.file("both")), "one\ntwo\n");
    struct stat status {};
    ASSERT_EQ(::stat(directory.file("both").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(StreamsTest, AFileCanBeAppendedToTruncatedOrRefused) {
    for (const auto& [open, content] : {std::pair{"append", "before\nprinted\n"}, {"truncate", "printed\n"}}) {
        write_file(directory.file("out"), "before\n");
        printing.configure({{"stdout", Object{{"path", directory.file("out")}, {"open", open}}}});
        const RunningService service{printing};
        service.call("print-text", {{"text", "printed\n"}});
        EXPECT_EQ(read_file(directory.file("out")), content) << open;
    }
    printing.configure({{"stdout", Object{{"path", directory.file("out")}, {"open", "create"}}}});
    const Outcome refused = printing.verb({"start"});
    EXPECT_EQ(refused.exit_code, 73) << refused;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("stdout"), HasSubstr("File exists")));
}

TEST_F(StreamsTest, LogReopenReopensTheFile) {
    printing.add_options({"--stdout", directory.file("out")});
    const RunningService service{printing};
    service.call("print-text", {{"text", "one\n"}});
    std::filesystem::rename(directory.file("out"), directory.file("out.1"));

    service.call("log-reopen");
    service.call("print-text", {{"text", "two\n"}});

    EXPECT_EQ(read_file(directory.file("out.1")), "one\n");
    EXPECT_EQ(read_file(directory.file("out")), "two\n");
}

TEST_F(StreamsTest, AFifoWithoutAReaderNeitherBlocksNorKills) {
    printing.configure({{"stdout", Object{{"path", directory.file("fifo")}, {"fifo", true}}}});
    RunningService service{printing};

    service.call("print-lines", {{"count", 100'000}});
    EXPECT_EQ(service.call("status").find("state")->as_string(), "running");
    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(StreamsTest, TheReaderOfAFifoGetsTheOutput) {
    printing.configure({{"stdout", Object{{"path", directory.file("fifo")}, {"fifo", true}, {"mode", "0600"}}}});
    const RunningService service{printing};
    const os::Descriptor reader{::open(directory.file("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};

    service.call("print-text", {{"text", "through the pipe\n"}});

    char buffer[64] = "";
    EXPECT_EQ(::read(reader.get(), buffer, sizeof buffer), 17);
    EXPECT_STREQ(buffer, "through the pipe\n");
    EXPECT_EQ(std::filesystem::status(directory.file("fifo")).type(), std::filesystem::file_type::fifo);
}

TEST_F(StreamsTest, AFifoPathWithoutAReaderBlocksNothing) {
    ASSERT_EQ(::mkfifo(directory.file("fifo").c_str(), 0600), 0);
    printing.add_options({"--stdout", directory.file("fifo"), "--start-timeout", "20"});
    RunningService service{printing};

    service.call("print-lines", {{"count", 100'000}});
    service.call("log-reopen");

    EXPECT_EQ(service.call("status").find("state")->as_string(), "running");
    service.signal(SIGTERM);
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(StreamsTest, AFifoPathIsReopenedAfterItsReaderHasGone) {
    ASSERT_EQ(::mkfifo(directory.file("fifo").c_str(), 0600), 0);
    printing.add_options({"--stdout", directory.file("fifo")});
    os::Descriptor reader{::open(directory.file("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    RunningService service{printing};
    reader.reset();

    service.call("log-reopen");
    service.call("print-text", {{"text", "to the next one\n"}});

    EXPECT_EQ(service.call("status").find("state")->as_string(), "running");
    reader.reset(::open(directory.file("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    char buffer[64] = "";
    EXPECT_EQ(::read(reader.get(), buffer, sizeof buffer), 16);
    EXPECT_STREQ(buffer, "to the next one\n");
}

TEST_F(StreamsTest, StdinFromAFifoWithoutAWriterBlocksNothing) {
    ASSERT_EQ(::mkfifo(directory.file("fifo").c_str(), 0600), 0);
    printing.add_options({"--stdin", directory.file("fifo"), "--start-timeout", "20"});
    const RunningService service{printing};

    EXPECT_EQ(*service.call("shell", {{"command", "cat >" + directory.file("copy")}}).find("status"), Value{0});
}

TEST_F(StreamsTest, StdinCanComeFromAFile) {
    write_file(directory.file("in"), "from the file\n");
    printing.add_options({"--stdin", directory.file("in")});
    const RunningService service{printing};

    service.call("shell", {{"command", "cat >" + directory.file("copy")}});

    EXPECT_EQ(read_file(directory.file("copy")), "from the file\n");
}

TEST_F(StreamsTest, InTheForegroundTheStreamsAreUnchanged) {
    RunningCommand running{printing.command({"run"})};
    await_state("it runs", [&] { return printing.verb({"health", "--ready"}).exit_code == 0; });
    EXPECT_EQ(printing.verb({"call", "print-lines", "count=1"}).exit_code, 0);
    running.signal(SIGTERM);

    const Outcome outcome = running.finish();

    EXPECT_THAT(outcome.out, HasSubstr("output line 1\n"));
    EXPECT_THAT(outcome.err, HasSubstr("error line 1\n"));
}

TEST_F(StreamsTest, AnInvalidStreamIsAConfigurationError) {
    EXPECT_EQ(printing.verb({"start", "--stdin", "log"}).exit_code, 78);
    printing.configure({{"stdout", Object{{"path", "x"}, {"open", "sideways"}}}});
    const Outcome refused = printing.verb({"start"});
    EXPECT_EQ(refused.exit_code, 78);
    EXPECT_THAT(refused.err, HasSubstr("/stdout"));
}

TEST_F(StreamsTest, TheFileBelongsToTheUserAfterRootIsGivenUp) {
    if (!is_root()) GTEST_SKIP() << "only root can become somebody else";
    printing.add_options(
        {"--stdout", directory.file("out"), "--user", std::to_string(stranger), "--group", std::to_string(stranger)});
    const RunningService service{printing};

    struct stat status {};
    ASSERT_EQ(::stat(directory.file("out").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, stranger);
}

}  // namespace
}  // namespace servicekit::test
