// With any limit on descriptors, a service either runs, or reports why it cannot and leaves nothing behind.
#include <filesystem>
#include <string>

#include "integration/support/service_test.hpp"
#include "sanitized.hpp"

namespace servicekit::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class FewDescriptorsTest : public ServiceTest {
protected:
    void SetUp() override {
        if (test::is_sanitized) GTEST_SKIP() << "the sanitizer needs descriptors of its own";
        ServiceTest::SetUp();
    }

    static constexpr int fewest = 3;
    static constexpr int enough = 64;

    [[nodiscard]] Outcome with_limit(int descriptors, const Strings& arguments) const {
        Command command = trial.command(arguments);
        const Strings limit{"sh", "-c", "ulimit -n " + std::to_string(descriptors) + R"(; exec "$0" "$@")"};
        command.arguments.insert(command.arguments.begin(), limit.begin(), limit.end());
        return run_command(command);
    }

    /// Returns true if the program itself could not be loaded, so that none of our code ran.
    static bool never_began(const Outcome& outcome) {
        return outcome.exit_code == 127 ||
               outcome.err.find("error while loading shared libraries") != std::string::npos;
    }

    void expect_said_why(const Outcome& outcome) const {
        EXPECT_THAT(outcome.exit_code, AnyOf(71, 73, 78)) << outcome;
        EXPECT_THAT(outcome.err, StartsWith("trial-service: cannot "));
        EXPECT_THAT(outcome.err, HasSubstr("Too many open files"));
        EXPECT_THAT(outcome.err, Not(HasSubstr("without saying why")));
        EXPECT_EQ(trial.verb({"wait", "--test"}).exit_code, 0) << "the lock is still held";
        EXPECT_THAT(read_file(trial.pid_file()), IsEmpty());
        EXPECT_FALSE(std::filesystem::exists(trial.control_socket()));
    }
};

TEST_F(FewDescriptorsTest, InTheBackgroundItRunsOrReportsWhyNot) {
    bool ran = false;
    for (int limit = fewest; limit <= enough && !ran; ++limit) {
        SCOPED_TRACE("with " + std::to_string(limit) + " descriptors");
        const Outcome start = with_limit(limit, {"start"});
        if (never_began(start)) continue;
        ran = start.exit_code == 0;
        if (ran)
            EXPECT_EQ(trial.verb({"stop"}).exit_code, 0);
        else
            expect_said_why(start);
    }
    EXPECT_TRUE(ran);
}

// The start event throws, so the test need not stop the service.
TEST_F(FewDescriptorsTest, InTheForegroundItRunsOrReportsWhyNot) {
    trial.configure_app({{"start-throws", true}});
    bool ran = false;
    for (int limit = fewest; limit <= enough && !ran; ++limit) {
        SCOPED_TRACE("with " + std::to_string(limit) + " descriptors");
        const Outcome outcome = with_limit(limit, {"run"});
        if (never_began(outcome)) continue;
        ran = outcome.err.find("start throws on purpose") != std::string::npos;
        if (!ran) expect_said_why(outcome);
    }
    EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace servicekit::test
