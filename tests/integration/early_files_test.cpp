// Descriptors that a program opens before its service goes to the background, and those inherited from its caller.
#include <csignal>
#include <filesystem>
#include <string>

#include "integration/support/proc_path.hpp"
#include "integration/support/service_test.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class EarlyFilesTest : public ServiceTest {
protected:
    EarlyFilesTest() {
        fs::create_directory(directory.file("opened"));
        opener.add_variable("OPENED", directory.file("opened"));
    }

    /// Runs a line in the shell that starts the service. $@ holds the options.
    [[nodiscard]] Outcome start_by(const std::string& line) const {
        Command command = opener.command({"start"});
        command.arguments.insert(command.arguments.begin(), {"sh", "-c", line, "sh"});
        command.variables.emplace_back("RUN", run);
        return run_command(command);
    }

    /// Checks that the program can use all that it has opened.
    void expect_all_works() {
        const pid_t pid = opener.pid_in_file();
        ASSERT_GT(pid, 0) << "pidfile: " << read_file(opener.pid_file());
        for (const char* const name : {"first", "static"})
            EXPECT_EQ(read_file(directory.file("opened/" + std::string{name})), "static\n") << name;
        for (int i = 0; i < 6; ++i)
            EXPECT_EQ(read_file(directory.file("opened/member-" + std::to_string(i))), "member\n") << i;
        await_state("the timer ticks", [&] { return count("ticks") > 2; });
        Process{pid}.signal(SIGUSR2);
        await_state("the signal set has the signal", [&] { return count("signals") == 1; });
        EXPECT_THAT(opener.log(), Not(HasSubstr("member")));
    }

    [[nodiscard]] std::int64_t count(const std::string& what) const {
        const auto reply = parse_json(opener.verb({"call", "ticks"}).out);
        const Value* const counts = std::get_if<Value>(&reply);
        return counts != nullptr && counts->is_object() ? counts->as_object().find(what)->as_integer() : -1;
    }

    /// Returns what the service has open, by the paths and names in /proc.
    [[nodiscard]] Strings open_files() const {
        Strings all;
        for (const auto& entry : fs::directory_iterator{proc(opener.pid_in_file(), "fd")}) {
            std::error_code closed_meanwhile;
            all.push_back(fs::read_symlink(entry.path(), closed_meanwhile).string());
        }
        return all;
    }

    ServiceProgram opener{"early-opener", directory.path()};
};

TEST_F(EarlyFilesTest, DescriptorsOfTheProgramWorkInTheBackground) {
    const Outcome started = start_by(R"("$@")");
    ASSERT_EQ(started.exit_code, 0) << started;

    expect_all_works();

    EXPECT_EQ(opener.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(read_file(opener.pid_file()), "");
}

TEST_F(EarlyFilesTest, DescriptorsOfTheCallerAreClosed) {
    const Outcome started =
        start_by(R"(exec 3<"$OPENED" 5>>"$OPENED/callers" 9>"$OPENED/passed"; : | "$@" --ready-fd 9 7<&0; echo $?)");
    ASSERT_EQ(started.out, "0\n") << started;

    expect_all_works();
    await_text_in(directory.file("opened/passed"), "\n");
    const Strings open = open_files();
    EXPECT_THAT(open, Not(Contains(directory.file("opened"))));
    EXPECT_THAT(open, Not(Contains(directory.file("opened/callers"))));
    EXPECT_THAT(open, Contains(directory.file("opened/member-5")));

    EXPECT_EQ(opener.verb({"stop"}).exit_code, 0);
}

TEST_F(EarlyFilesTest, NoFileOfTheProgramBecomesAStandardStream) {
    const Outcome started = start_by(R"("$@" <&- >&- 2>&-)");
    ASSERT_EQ(started.exit_code, 0) << started;
    expect_all_works();
    EXPECT_EQ(opener.verb({"stop"}).exit_code, 0);
}

TEST_F(EarlyFilesTest, ADescriptorOfTheProgramCannotBeTheReadyFd) {
    const Outcome started = start_by(R"("$@" --ready-fd 3 3>&-)");

    EXPECT_EQ(started.exit_code, 78);
    EXPECT_EQ(started.err,
              "early-opener: cannot report readiness on 'descriptor 3': the program has opened it itself\n");
}

TEST_F(EarlyFilesTest, WorksForAProgramWithItsOwnCommandLine) {
    const Outcome started = start_by(R"(mkdir "$RUN"; exec early-opener plain-start "$RUN" 5>>"$OPENED/callers")");
    ASSERT_EQ(started.exit_code, 0) << started;

    expect_all_works();
    EXPECT_THAT(open_files(), Not(Contains(directory.file("opened/callers"))));

    EXPECT_EQ(opener.verb({"stop"}).exit_code, 0);
}

TEST_F(EarlyFilesTest, WorksAfterARestart) {
    ASSERT_EQ(start_by(R"("$@")").exit_code, 0);
    ASSERT_EQ(opener.verb({"restart"}).exit_code, 0);
    expect_all_works();
    EXPECT_EQ(opener.verb({"stop"}).exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
