#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "servicekit/contract_tests/log_contract.hpp"
#include "servicekit/mocks/fake_life.hpp"
#include "servicekit/mocks/fake_os.hpp"
#include "servicekit/policies/log/console_log.hpp"
#include "servicekit/policies/log/file_log.hpp"
#include "servicekit/policies/log/journal_log.hpp"
#include "servicekit/policies/log/no_log.hpp"
#include "servicekit/policies/log/pipe_log.hpp"
#include "servicekit/policies/log/syslog_log.hpp"

namespace servicekit::contract_tests {
namespace {

class FileLogRig {
public:
    using Policy = FileLog;
    static constexpr bool delivers = true;
    static constexpr bool takes_threads = false;

    FileLog make_policy() { return FileLog{{}, host_.host()}; }
    static Deployment deployment() { return {.name = "trial", .log_file = "/var/log/trial.log"}; }
    std::string delivered() {
        return host_.files.exists("/var/log/trial.log") ? host_.files.content("/var/log/trial.log") : "";
    }

private:
    mocks::FakeOs host_;
};

/// The same on a real file system, written by several threads.
class RealFileLogRig {
public:
    using Policy = FileLog;
    static constexpr bool delivers = true;
    static constexpr bool takes_threads = true;

    RealFileLogRig() {
        std::string pattern = (std::filesystem::temp_directory_path() / "servicekit-contract-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"cannot make a directory like " + pattern};
        directory_ = pattern;
    }
    RealFileLogRig(const RealFileLogRig&) = delete;
    RealFileLogRig& operator=(const RealFileLogRig&) = delete;
    ~RealFileLogRig() {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    static FileLog make_policy() { return FileLog{}; }
    Deployment deployment() { return {.name = "trial", .log_file = directory_ + "/trial.log"}; }
    std::string delivered() {
        std::ifstream file{directory_ + "/trial.log"};
        return {std::istreambuf_iterator<char>{file}, {}};
    }

private:
    std::string directory_;
};

class ConsoleLogRig {
public:
    using Policy = ConsoleLog;
    static constexpr bool delivers = true;
    static constexpr bool takes_threads = true;  // the stream has one writer at a time

    ConsoleLog make_policy() { return ConsoleLog{{}, host_.host()}; }
    static Deployment deployment() { return {.name = "trial"}; }
    std::string delivered() { return host_.streams.written(os::Stream::out); }

private:
    mocks::FakeOs host_;
};

class NoLogRig {
public:
    using Policy = NoLog;
    static constexpr bool delivers = false;
    static constexpr bool takes_threads = true;

    static NoLog make_policy() { return NoLog{}; }
    static Deployment deployment() { return {.name = "trial"}; }
    static std::string delivered() { return {}; }
};

class JournalLogRig {
public:
    using Policy = JournalLog;
    static constexpr bool delivers = true;
    static constexpr bool takes_threads = true;  // the stream has one writer at a time

    JournalLog make_policy() { return JournalLog{{}, host_.host()}; }
    static Deployment deployment() { return {.name = "trial"}; }
    std::string delivered() { return host_.streams.written(os::Stream::error); }

private:
    mocks::FakeOs host_;
};

/// A JournalLog with a journal, whose entries it lists one per line.
class RealJournalLogRig {
public:
    using Policy = JournalLog;
    static constexpr bool delivers = true;
    static constexpr bool takes_threads = true;  // the socket has one writer at a time

    RealJournalLogRig() {
        host_.service_manager.put_journal_on_stderr();
        host_.message_sockets.listen("/run/systemd/journal/socket");
    }

    JournalLog make_policy() { return JournalLog{{}, host_.host()}; }
    static Deployment deployment() { return {.name = "trial"}; }
    std::string delivered() {
        std::string all;
        for (const auto& entry : host_.message_sockets.messages("/run/systemd/journal/socket")) {
            std::string line = entry.text;
            std::replace(line.begin(), line.end(), '\n', ' ');
            all += line + '\n';
        }
        return all;
    }

private:
    mocks::FakeOs host_;
};

class SyslogLogRig {
public:
    using Policy = SyslogLog;
    static constexpr bool delivers = true;
    static constexpr bool takes_threads = true;  // the socket has one writer at a time

    SyslogLogRig() { host_.message_sockets.listen("/dev/log", os::MessageSocket::Kind::stream); }

    SyslogLog make_policy() { return SyslogLog{{}, host_.host()}; }
    static Deployment deployment() { return {.name = "trial"}; }
    std::string delivered() { return host_.message_sockets.text("/dev/log"); }

private:
    mocks::FakeOs host_;
};

class PipeLogRig {
public:
    using Policy = PipeLog;
    static constexpr bool delivers = true;
    static constexpr bool takes_threads = true;  // the pipe has one writer at a time

    PipeLog make_policy() { return PipeLog{{.command = {"keeper"}}, host_.host()}; }
    static Deployment deployment() { return {.name = "trial"}; }
    std::string delivered() { return host_.programs.read(); }

private:
    mocks::FakeOs host_;
};

using LogRigs = ::testing::Types<FileLogRig, RealFileLogRig, ConsoleLogRig, NoLogRig, JournalLogRig, RealJournalLogRig,
                                 SyslogLogRig, PipeLogRig>;

INSTANTIATE_TYPED_TEST_SUITE_P(Ours, LogContract, LogRigs);

}  // namespace
}  // namespace servicekit::contract_tests
