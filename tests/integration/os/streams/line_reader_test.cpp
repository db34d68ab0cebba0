#include "servicekit/os/line_reader.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "integration/os/forked_child.hpp"
#include "integration/os/temporary_directory.hpp"
#include "integration/support/terminal.hpp"
#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

using test::ForkedChild;
using test::in_another_process;
using test::Lines;
using test::TemporaryDirectory;

/// Returns the lines of a reader: "(one)(two)", "^C" for an interruption, and "!" for an error.
std::string all_lines(int at_most = 1000) {
    std::string text;
    const auto reader = make_posix_line_reader();
    for (int lines = 0; lines < at_most; ++lines) {
        const auto line = reader->read_line("> ");
        if (!line && line.error().errno_value == EINTR) {
            text += "^C";
            continue;
        }
        if (!line) return text + "!";
        if (!*line) return text;
        text += "(" + **line + ")";
    }
    return text;
}

/// Returns the lines of a process whose standard input is a pipe with this text.
std::string lines_of(const std::string& input) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Descriptor reader{ends[0]};
    Descriptor writer{ends[1]};
    EXPECT_EQ(::write(writer.get(), input.data(), input.size()), static_cast<ssize_t>(input.size()));
    writer.reset();
    return in_another_process([&] {
        ::dup2(reader.get(), STDIN_FILENO);
        return all_lines();
    });
}

TEST(LineReaderTest, ReturnsTheLinesOfAPipe) {
    EXPECT_EQ(lines_of("one\n\nżółw\n"), "(one)()(żółw)");
    EXPECT_EQ(lines_of(""), "");
}

TEST(LineReaderTest, TheLastLineNeedsNoNewline) { EXPECT_EQ(lines_of("one\ntwo"), "(one)(two)"); }

TEST(LineReaderTest, ALineMayBeLong) {
    const std::string line(20'000, 'x');
    EXPECT_EQ(lines_of(line + "\n1\n"), "(" + line + ")(1)");
}

TEST(LineReaderTest, ReportsThatItCannotRead) {
    EXPECT_EQ(in_another_process([] {
                  ::close(STDIN_FILENO);
                  const auto line = make_posix_line_reader()->read_line("");
                  return line ? "read" : line.error().message();
              }),
              "cannot read 'stdin': Bad file descriptor");
}

/// A process that reads lines from a terminal. The test is at the other end.
class TerminalLineReaderTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (!terminal.is_there()) GTEST_SKIP() << "no pseudo-terminals here";
    }

    static bool has_libedit() {
#ifdef SERVICEKIT_HAS_LIBEDIT
        void* const library = ::dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
        if (library != nullptr) ::dlclose(library);
        return library != nullptr;
#else
        return false;
#endif
    }
    /// Reads a number of lines, not to the end of input: a terminal that is being set up for a line may swallow that.
    [[nodiscard]] auto reading(int lines) const {
        return [this, lines](Lines& parent) {
            terminal.own_this_process();
            ::setenv("TERM", "vt100", 1);
            parent.tell(all_lines(lines));
            return 0;
        };
    }

    servicekit::test::Terminal terminal;
};

constexpr const char* backspace = "\x7F";
constexpr const char* up = "\x1B[A";
constexpr auto ctrl_c = servicekit::test::Terminal::ctrl_c;
constexpr auto ctrl_d = servicekit::test::Terminal::ctrl_d;

TEST_F(TerminalLineReaderTest, LinesHaveAPromptAndCanBeEdited) {
    if (!has_libedit()) GTEST_SKIP() << "needs libedit";
    ForkedChild child{reading(1)};

    terminal.await_shown("> ");
    terminal.type(std::string{"onx"} + backspace + "e\n");

    EXPECT_EQ(child.hear(), "(one)");
}

TEST_F(TerminalLineReaderTest, AnEarlierLineCanBeRecalled) {
    if (!has_libedit()) GTEST_SKIP() << "needs libedit";
    ForkedChild child{reading(2)};

    terminal.await_shown("> ");
    terminal.type("first\n");
    terminal.await_shown("\n> ");
    terminal.type(std::string{up} + "!\n");
    terminal.await_shown("first!");

    EXPECT_EQ(child.hear(), "(first)(first!)");
}

class LocaleLineReaderTest : public TerminalLineReaderTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(LocaleLineReaderTest, InputIsUtf8InAnyLocale) {
    if (!has_libedit()) GTEST_SKIP() << "needs libedit";
    ForkedChild child{[&](Lines& parent) {
        ::setenv("LC_ALL", GetParam(), 1);
        return reading(1)(parent);
    }};

    terminal.await_shown("> ");
    terminal.type("żółw 日本 😀é" + std::string{backspace} + "x\xC3y\n");

    EXPECT_EQ(child.hear(), "(żółw 日本 😀xy)");
}
INSTANTIATE_TEST_SUITE_P(All, LocaleLineReaderTest, ::testing::Values("C", "", "C.UTF-8", "no such"));

TEST_F(TerminalLineReaderTest, CtrlCDropsTheLineAndPromptsForTheNext) {
    if (!has_libedit()) GTEST_SKIP() << "needs libedit";
    ForkedChild child{reading(3)};

    terminal.await_shown("> ");
    terminal.type("dropped");
    terminal.await_shown("dropped");
    terminal.type(ctrl_c);
    terminal.await_shown("\n> ");
    terminal.type(ctrl_c);
    terminal.await_shown("\n> ");
    terminal.type("kept\n");

    EXPECT_EQ(child.hear(), "^C^C(kept)");
}

TEST_F(TerminalLineReaderTest, ALineSurvivesAChangeOfTheTerminalsSize) {
    if (!has_libedit()) GTEST_SKIP() << "needs libedit";
    ForkedChild child{reading(1)};

    terminal.await_shown("> ");
    terminal.type("on");
    terminal.await_shown("on");
    terminal.resize(50, 20);
    terminal.type("e\n");

    EXPECT_EQ(child.hear(), "(one)");
}

TEST_F(TerminalLineReaderTest, CtrlDEndsTheInputOnALineOfItsOwn) {
    if (!has_libedit()) GTEST_SKIP() << "needs libedit";
    ForkedChild child{reading(1)};

    terminal.await_shown("> ");
    terminal.type(ctrl_d);
    terminal.await_shown("\n");

    EXPECT_EQ(child.hear(), "");
}

TEST_F(TerminalLineReaderTest, WithoutLibeditThePromptIsStillShown) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be where there is no libedit";
    const TemporaryDirectory empty;
    ForkedChild child{[&](Lines& parent) {
        if (::chroot(empty.path().c_str()) != 0 || ::chdir("/") != 0) return 1;
        if (has_libedit()) {
            parent.tell("libedit is there");
            return 1;
        }
        return reading(2)(parent);
    }};

    terminal.await_shown("> ");
    terminal.type("dropped");
    terminal.await_shown("dropped");
    terminal.type(ctrl_c);
    terminal.await_shown("\n> ");
    terminal.type("żółw\n");

    EXPECT_EQ(child.hear(), "^C(żółw)");
}

TEST_F(TerminalLineReaderTest, CtrlCOutsideALineIsReportedOnce) {
    ForkedChild child{[this](Lines& parent) {
        terminal.own_this_process();
        const auto reader = make_posix_line_reader();
        parent.tell("ready");
        while (!reader->take_interrupt()) ::poll(nullptr, 0, 1);
        parent.tell(reader->take_interrupt() ? "twice" : "once");
        return 0;
    }};

    EXPECT_EQ(child.hear(), "ready");
    terminal.type(ctrl_c);

    EXPECT_EQ(child.hear(), "once");
}

}  // namespace
}  // namespace servicekit::os
