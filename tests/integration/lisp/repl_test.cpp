// The verb `repl` on a terminal, against a daemon.
#include <string>

#include "integration/lisp/lisp_fixture.hpp"
#include "integration/support/terminal.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;

class LispReplTest : public LispTest {
protected:
    void SetUp() override {
        LispTest::SetUp();
        if (!terminal.is_there()) GTEST_SKIP() << "no pseudo-terminals here";
    }

    /// Returns the command. It has the terminal to itself, and the test types there.
    [[nodiscard]] Command repl() const {
        Command command = terminal.own(lisp.command({"repl"}));
        command.variables.emplace_back("HOME", directory.path());
        return command;
    }

    Terminal terminal;
};

TEST_F(LispReplTest, TypedFormsAreEvaluated) {
    const RunningService service{lisp};
    RunningCommand command{repl()};

    terminal.await_shown("COMMON-LISP-USER> ");
    terminal.type("(char-code #\\ż)\n");
    terminal.await_shown("380");
    terminal.await_shown("COMMON-LISP-USER> ");
    terminal.type("(length \"żółw\")\n");
    terminal.await_shown("\n4");
    terminal.await_shown("COMMON-LISP-USER> ");
    terminal.type(Terminal::ctrl_d);

    EXPECT_EQ(command.finish().exit_code, 0);
}

TEST_F(LispReplTest, CtrlCDropsAnUnfinishedFormAndInterruptsARunningOne) {
    const RunningService service{lisp};
    RunningCommand command{repl()};

    terminal.await_shown("COMMON-LISP-USER> ");
    terminal.type("(list 1\n");
    terminal.await_shown("... ");
    terminal.type(Terminal::ctrl_c);
    terminal.await_shown("COMMON-LISP-USER> ");
    terminal.type("(loop)\n");
    service.await_busy("eval");
    terminal.type(Terminal::ctrl_c);
    terminal.await_shown("COMMON-LISP-USER> ");
    terminal.type("(+ 40 2)\n");
    terminal.await_shown("42");
    terminal.await_shown("COMMON-LISP-USER> ");
    terminal.type(Terminal::ctrl_d);

    EXPECT_EQ(command.finish().exit_code, 0);
    EXPECT_EQ(value_of(service, "(+ 1 2)"), "3");
}

TEST_F(LispReplTest, ALongValueDoesNotChangeThePackage) {
    const RunningService service{lisp};
    RunningCommand command{repl()};

    terminal.await_shown("COMMON-LISP-USER> ");
    terminal.type("(progn (in-package \"SERVICE\") (make-string 300000 :initial-element #\\x))\n");
    terminal.await_shown("xxx...");
    terminal.await_shown("SERVICE> ");
    terminal.type("(+ 40 2)\n");
    terminal.await_shown("42");
    terminal.await_shown("SERVICE> ");
    terminal.type(Terminal::ctrl_d);

    EXPECT_EQ(command.finish().exit_code, 0);
}

}  // namespace
}  // namespace servicekit::test
