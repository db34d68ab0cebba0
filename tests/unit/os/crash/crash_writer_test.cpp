#include "os/crash/crash_writer.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "os/descriptor.hpp"

namespace servicekit::os {
namespace {

class CrashWriterTest : public ::testing::Test {
protected:
    CrashWriterTest() {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) throw std::runtime_error{"no pipe"};
        reader.reset(ends[0]);
        writer.reset(ends[1]);
    }
    /// Returns what arrived before the writer was closed.
    std::string written() {
        writer.reset();
        std::string text;
        std::array<char, 4096> buffer{};
        for (ssize_t size = 0; (size = ::read(reader.get(), buffer.data(), buffer.size())) > 0;)
            text.append(buffer.data(), static_cast<std::size_t>(size));
        return text;
    }

    Descriptor reader;
    Descriptor writer;
};

TEST_F(CrashWriterTest, WritesNumbersAndTimes) {
    {
        CrashWriter to{writer.get()};
        to.number(0).text(" ").number(-12).text(" ").number(std::numeric_limits<std::int64_t>::min()).text(" ");
        to.padded(7, 3).text(" ").hexadecimal(0xbeef).text(" ").hexadecimal(1, 16).text(" ");
        to.seconds(1'234'567'890).text(" ").seconds(-5).text(" ");
        to.time({.tv_sec = 1'795'327'800, .tv_nsec = 123'456'789});
    }

    EXPECT_EQ(written(),
              "0 -12 -9223372036854775808 007 0xbeef 0x0000000000000001 1.234 0.000 2026-11-22T06:10:00.123456Z");
}

TEST_F(CrashWriterTest, PutsTextOnOneLine) {
    CrashWriter{writer.get()}.on_one_line("a\nb\x1b[31mc\x7f\xc3\xa4 \xc2\x9b|\x9b|\xe2\x80\xae|");

    EXPECT_EQ(written(), "a b [31mc \xc3\xa4   | |   |");
}

TEST_F(CrashWriterTest, WritesMoreThanItsBufferHolds) {
    CrashWriter{writer.get()}.text(std::string(10'000, 'x'));

    EXPECT_EQ(written(), std::string(10'000, 'x'));
}

TEST_F(CrashWriterTest, WithoutADescriptorItWritesNothing) { CrashWriter{-1}.text(std::string(10'000, 'x')).flush(); }

TEST(CrashLineTest, IsCutIfTooLong) {
    CrashLine<8> line;
    line.text("abc").number(12).hexadecimal(0xff).on_one_line("\nx");

    EXPECT_EQ(line.view(), "abc120xf");
}

TEST(CrashLineTest, IsAlwaysOneLine) {
    CrashLine<16> line;
    line.on_one_line("a\nb\xc2\x9b\xc3\xa4\xff");

    EXPECT_EQ(line.view(), "a b  \xc3\xa4 ");
}

}  // namespace
}  // namespace servicekit::os
