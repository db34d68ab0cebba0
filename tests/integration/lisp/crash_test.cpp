// A fault in C++ code, in a process with a Lisp, which uses faults itself.
#include <csignal>
#include <filesystem>
#include <string>

#include "integration/lisp/lisp_fixture.hpp"
#include "sanitized.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

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
    /// Boots Lisp before the crash handlers are installed.
    void load_script() {
        write_file(directory.file("script.lisp"), "(setf (service:setting \"log-level\") \"info\")");
        lisp.add_variable("LISP_TRIAL_SCRIPT", directory.file("script.lisp"));
    }
    void expect_that_crashes_are_reported() {
        for (const char* in_thread : {"false", "true"}) {
            RunningService service{lisp};
            value_of(service, "(+ 1 2)");
            // Lisp has caused faults of its own by now.
            if (!under_tsan) {
                EXPECT_EQ(kind_of(service, "(loop)", 0.1), "timeout");
            }

            EXPECT_EQ(crash(service, in_thread), 128 + SIGSEGV) << in_thread;

            EXPECT_THAT(report(), AllOf(StartsWith("crash report of"), HasSubstr("SIGSEGV"),
                                        HasSubstr("\nevent: crash, for "), EndsWith("\nend of the report\n")));
        }
    }
    [[nodiscard]] std::string report() const { return read_file(directory.file("lisp-trial.crash")); }
};

TEST_F(LispCrashTest, AFaultBeforeLispHasBootedIsReported) {
    for (const char* in_thread : {"false", "true"}) {
        RunningService service{lisp};

        EXPECT_EQ(crash(service, in_thread), 128 + SIGSEGV) << in_thread;

        EXPECT_THAT(report(),
                    AllOf(HasSubstr("SIGSEGV"), HasSubstr("\nevent: crash, for "), EndsWith("\nend of the report\n")));
    }
}

TEST_F(LispCrashTest, AFaultAfterLispHasBootedIsReported) { expect_that_crashes_are_reported(); }

TEST_F(LispCrashTest, AFaultAfterALoadScriptBootedLispIsReported) {
    load_script();
    expect_that_crashes_are_reported();
}

TEST_F(LispCrashTest, AnInterruptOfLispBootedByALoadScriptIsNotACrash) {
    if (under_tsan) GTEST_SKIP() << "interrupts come late";
    load_script();
    RunningService service{lisp};

    for (int times = 0; times < 6; ++times) {
        EXPECT_EQ(kind_of(service, "(loop (make-hash-table))", 0.1), "timeout");
    }

    EXPECT_FALSE(std::filesystem::exists(directory.file("lisp-trial.crash")));
    EXPECT_EQ(crash(service, "true"), 128 + SIGSEGV);
    EXPECT_THAT(report(), AllOf(HasSubstr("\nevent: crash, for "), EndsWith("\nend of the report\n")));
    EXPECT_EQ(report().find("crash report of"), report().rfind("crash report of"));
}

TEST_F(LispCrashTest, TheEndOfASwankServerIsNotACrash) {
    if (read_file("/usr/share/common-lisp/source/slime/swank-loader.lisp").empty()) GTEST_SKIP() << "needs cl-swank";
    load_script();
    RunningService service{lisp};

    for (int times = 0; times < 3; ++times) {
        service.call("create-swank-server");
        service.call("stop-swank-server");
    }

    EXPECT_FALSE(std::filesystem::exists(directory.file("lisp-trial.crash")));
    service.signal(SIGTERM);
    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_FALSE(std::filesystem::exists(directory.file("lisp-trial.crash")));
}

TEST_F(LispCrashTest, AFaultWhileLispEvaluatesEndsTheProcess) {
    RunningService service{lisp};

    const RunningCommand call{lisp.command({"call", "eval", "form=(service:trigger \"crash\" :in-thread t)"})};

    EXPECT_EQ(service.exit_code(), 128 + SIGSEGV);
    EXPECT_THAT(report(), HasSubstr("\nevent: crash, for "));
}

}  // namespace
}  // namespace servicekit::test
