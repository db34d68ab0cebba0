// The verb `repl` on a terminal, against a daemon.
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "integration/lisp/lisp_fixture.hpp"
#include "os/descriptor.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;

constexpr const char* ctrl_c = "\x03";
constexpr const char* ctrl_d = "\x04";

class LispReplTest : public LispTest {
protected:
    void SetUp() override {
        LispTest::SetUp();
        if (!user_ || ::grantpt(user_.get()) != 0 || ::unlockpt(user_.get()) != 0)
            GTEST_SKIP() << "no pseudo-terminals here";
        name_ = ::ptsname(user_.get());
        // As long as somebody has it open, it does not hang up.
        terminal_.reset(::open(name_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    }

    /// It has the terminal to itself, where the test types.
    [[nodiscard]] Command repl() const {
        Command command = lisp.command({"repl"});
        const Strings in_terminal{"sh", "-c", R"(tty=$1; shift; exec setsid -c -w "$@" <"$tty" >"$tty" 2>&1)", "sh",
                                  name_};
        command.arguments.insert(command.arguments.begin(), in_terminal.begin(), in_terminal.end());
        command.variables.emplace_back("TERM", "vt100");
        command.variables.emplace_back("LC_ALL", "C");
        command.variables.emplace_back("HOME", folder.path());
        return command;
    }
    void type(const std::string& keys) {
        ASSERT_EQ(::write(user_.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
    }
    /// Waits until the terminal has shown the text, after what was awaited before.
    void await_shown(const std::string& text) {
        std::size_t found = 0;
        while ((found = shown_.find(text)) == std::string::npos) {
            pollfd readable{user_.get(), POLLIN, 0};
            if (::poll(&readable, 1, 60'000) != 1) throw std::runtime_error{"not '" + text + "' but: " + shown_};
            std::array<char, 4096> buffer{};
            const ssize_t count = ::read(user_.get(), buffer.data(), buffer.size());
            if (count > 0) shown_.append(buffer.data(), static_cast<std::size_t>(count));
        }
        shown_.erase(0, found + text.size());
    }

private:
    os::Descriptor user_{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    os::Descriptor terminal_;
    std::string name_;
    std::string shown_;
};

TEST_F(LispReplTest, WhatIsTypedIsWhatIsEvaluated) {
    const RunningService service{lisp};
    RunningCommand command{repl()};

    await_shown("COMMON-LISP-USER> ");
    type("(char-code #\\ż)\n");
    await_shown("380");
    await_shown("COMMON-LISP-USER> ");
    type("(length \"żółw\")\n");
    await_shown("\n4");
    await_shown("COMMON-LISP-USER> ");
    type(ctrl_d);

    EXPECT_EQ(command.finish().exit_code, 0);
}

TEST_F(LispReplTest, CtrlCDropsAnUnfinishedFormAndInterruptsOneThatRuns) {
    const RunningService service{lisp};
    RunningCommand command{repl()};

    await_shown("COMMON-LISP-USER> ");
    type("(list 1\n");
    await_shown("... ");
    type(ctrl_c);
    await_shown("COMMON-LISP-USER> ");
    type("(loop)\n");
    service.await_busy("eval");
    type(ctrl_c);
    await_shown("COMMON-LISP-USER> ");
    type("(+ 40 2)\n");
    await_shown("42");
    await_shown("COMMON-LISP-USER> ");
    type(ctrl_d);

    EXPECT_EQ(command.finish().exit_code, 0);
    EXPECT_EQ(value_of(service, "(+ 1 2)"), "3");
}

TEST_F(LispReplTest, ALongValueLeavesThePackageAlone) {
    const RunningService service{lisp};
    RunningCommand command{repl()};

    await_shown("COMMON-LISP-USER> ");
    type("(progn (in-package \"SERVICE\") (make-string 300000 :initial-element #\\x))\n");
    await_shown("xxx...");
    await_shown("SERVICE> ");
    type("(+ 40 2)\n");
    await_shown("42");
    await_shown("SERVICE> ");
    type(ctrl_d);

    EXPECT_EQ(command.finish().exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
