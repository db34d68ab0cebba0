// What the children of a service inherit, and that the service survives what they do.
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include "integration/support/service_test.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::Not;
using testing::StartsWith;

/// Parses a signal mask of /proc/PID/status, without the signals above 31: two of those belong to the C library.
unsigned long standard_signals_in(const std::string& status, const std::string& mask) {
    constexpr unsigned long standard = 0x7FFFFFFF;
    const auto begin = status.find("\n" + mask);
    if (begin == std::string::npos) throw std::runtime_error{"no " + mask + " in " + status};
    return std::stoul(status.substr(begin + 1 + mask.size()), nullptr, 16) & standard;
}

class ChildrenTest : public ServiceTest {
protected:
    /// Returns a program that the service has started with popen(3).
    static Process start_program(const RunningService& service) {
        return Process{service.call("popen-child").find("pid")->as<pid_t>()};
    }
};

TEST_F(ChildrenTest, ProgramsStartWithNoSignalBlockedOrIgnored) {
    const RunningService service{trial};
    Process program = start_program(service);

    const std::string status = read_file("/proc/" + std::to_string(program.pid()) + "/status");
    program.end();

    EXPECT_EQ(standard_signals_in(status, "SigBlk:"), 0U);
    EXPECT_EQ(standard_signals_in(status, "SigIgn:"), 0U);
}

TEST_F(ChildrenTest, ProgramsInheritNoDescriptorOfTheLibrary) {
    const RunningService service{trial};
    Process program = start_program(service);

    for (const auto& entry : fs::directory_iterator{"/proc/" + std::to_string(program.pid()) + "/fd"}) {
        std::error_code is_closed;  // a descriptor of the loader may be closed by now
        EXPECT_THAT(fs::read_symlink(entry, is_closed).string(),
                    Not(AnyOf(trial.pid_file(), trial.control_socket(), run, StartsWith("socket:["),
                              StartsWith("anon_inode:"))))
            << entry.path();
    }
    program.end();
}

TEST_F(ChildrenTest, WritingToAPipeWithoutAReaderDoesNotEndTheService) {
    const RunningService service{trial};

    EXPECT_EQ(*service.call("write-sigpipe").find("errno"), Value{EPIPE});
    EXPECT_FALSE(service.has_ended());
}

}  // namespace
}  // namespace servicekit::test
