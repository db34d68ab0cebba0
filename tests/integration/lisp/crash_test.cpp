// A fault in C++, in a process that has a Lisp, which needs faults for itself.
#include <csignal>
#include <string>

#include "integration/lisp/lisp_fixture.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

class LispCrashTest : public LispTest {
protected:
    void SetUp() override {
        if (under_asan || under_tsan) GTEST_SKIP() << "a sanitizer ends a process that writes to null by itself";
        LispTest::SetUp();
    }
    /// \returns how the service ended
    int crash(RunningService& service, const std::string& in_thread) const {
        const RunningCommand call{lisp.command({"call", "crash", "in-thread=" + in_thread})};
        return service.exit_code();
    }
    [[nodiscard]] std::string report() const { return read_file(folder.file("lisp-trial.crash")); }
};

TEST_F(LispCrashTest, BeforeLispHasBootedTheProcessEndsWithAReport) {
    for (const char* in_thread : {"false", "true"}) {
        RunningService service{lisp};

        EXPECT_EQ(crash(service, in_thread), 128 + SIGSEGV) << in_thread;

        EXPECT_THAT(report(),
                    AllOf(HasSubstr("SIGSEGV"), HasSubstr("\nevent: crash, for "), EndsWith("\nend of the report\n")));
    }
}

TEST_F(LispCrashTest, WithLispBootedToo) {
    for (const char* in_thread : {"false", "true"}) {
        RunningService service{lisp};
        value_of(service, "(+ 1 2)");
        // Lisp has faults of its own by this.
        if (!under_tsan) {
            EXPECT_EQ(kind_of(service, "(loop)", 0.1), "timeout");
        }

        EXPECT_EQ(crash(service, in_thread), 128 + SIGSEGV) << in_thread;

        EXPECT_THAT(report(),
                    AllOf(HasSubstr("SIGSEGV"), HasSubstr("\nevent: crash, for "), EndsWith("\nend of the report\n")));
    }
}

TEST_F(LispCrashTest, AFaultWhileLispEvaluatesEndsTheProcess) {
    RunningService service{lisp};

    const RunningCommand call{lisp.command({"call", "eval", "form=(service:trigger \"crash\" :in-thread t)"})};

    EXPECT_EQ(service.exit_code(), 128 + SIGSEGV);
    EXPECT_THAT(report(), HasSubstr("\nevent: crash, for "));
}

}  // namespace
}  // namespace servicekit::test
