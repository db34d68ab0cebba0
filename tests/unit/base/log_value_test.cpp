#include "servicekit/base/log_value.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <limits>
#include <ostream>
#include <stdexcept>
#include <string>
#include <system_error>

#include "servicekit/base/log_format.hpp"

namespace pond {

enum class Frog { green, brown };
std::string_view to_string(Frog frog) { return frog == Frog::green ? "green" : "brown"; }

struct Lily {
    int leaves = 0;
};
std::ostream& operator<<(std::ostream& stream, const Lily& lily) { return stream << "lily/" << lily.leaves; }

struct Storm {};
std::string to_string(Storm) { throw std::runtime_error{"thunder"}; }

}  // namespace pond

namespace servicekit {
namespace {

using namespace std::chrono_literals;

template <class... Arguments>
std::string formatted(const LogFormat<std::type_identity_t<Arguments>...>& format, const Arguments&... arguments) {
    const std::array<LogValue, sizeof...(Arguments)> values{LogValue{arguments}...};
    std::string out;
    append_formatted(out, format.text(), values);
    return out;
}

std::string plain(const LogValue& value) {
    std::string out;
    value.append_to(out);
    return out;
}

TEST(LogValueTest, PrintsNumbersUnchanged) {
    EXPECT_EQ(plain(-3), "-3");
    EXPECT_EQ(plain(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(plain(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
    EXPECT_EQ(plain(static_cast<unsigned char>(200)), "200");
    EXPECT_EQ(plain(0.5), "0.5");
    EXPECT_EQ(plain(true), "true");
    EXPECT_EQ(plain('x'), "x");
}

TEST(LogValueTest, PrintsTextOfEveryKind) {
    char array[] = "array";  // NOLINT(modernize-avoid-c-arrays)
    const char* const nothing = nullptr;
    EXPECT_EQ(plain("literal"), "literal");
    EXPECT_EQ(plain(std::string{"string"}), "string");
    EXPECT_EQ(plain(std::string_view{"view"}), "view");
    EXPECT_EQ(plain(array), "array");
    EXPECT_EQ(plain(nothing), "(null)");
    EXPECT_EQ(plain(std::filesystem::path{"/run/a b"}), "/run/a b");
}

TEST(LogValueTest, PrintsDurationsWithTheirUnit) {
    EXPECT_EQ(plain(12ms), "12ms");
    EXPECT_EQ(plain(3s), "3s");
    EXPECT_EQ(plain(2min), "2min");
    EXPECT_EQ(plain(std::chrono::duration<double>{1.5}), "1.5s");
    EXPECT_EQ(plain(std::chrono::duration<int, std::ratio<1, 2>>{3}), "1.5s");
}

TEST(LogValueTest, PrintsErrorsByTheirMessages) {
    EXPECT_EQ(plain(std::runtime_error{"on fire"}), "on fire");
    EXPECT_EQ(plain(std::make_error_code(std::errc::not_connected)), "Transport endpoint is not connected");
}

TEST(LogValueTest, PrintsTypesWithTheProgramsFunctions) {
    EXPECT_EQ(plain(pond::Frog::brown), "brown");
    EXPECT_EQ(plain(pond::Lily{3}), "lily/3");
}

TEST(LogValueTest, ReportsWhyItCouldNotPrint) { EXPECT_EQ(plain(pond::Storm{}), "(cannot be printed: thunder)"); }

TEST(LogFormatTest, PutsEachArgumentInItsPlace) {
    EXPECT_EQ(formatted("backup of {} files took {}", 3, 12ms), "backup of 3 files took 12ms");
    EXPECT_EQ(formatted("{{{}}}", "braces"), "{braces}");
    EXPECT_EQ(formatted("{}{}", 'a', 'b'), "ab");
}

TEST(LogFormatTest, AppliesFormatSpecs) {
    EXPECT_EQ(formatted("{:.3f}|{:>4}|{:04x}|{:<5}|", 0.5, "ab", 255, true), "0.500|  ab|00ff|true |");
    EXPECT_EQ(formatted("{:>5}", 12ms), "   12ms");
    EXPECT_EQ(formatted("{:>8}", pond::Frog::green), "   green");
}

TEST(LogFormatTest, AWrongFormatSpecLosesNoText) {
    EXPECT_EQ(formatted("size {:x} of it", "text"), "size {:x}text of it");
    EXPECT_EQ(formatted("{:.3f}", 7), "{:.3f}7");
}

TEST(LogMessageTest, KnowsItsSourceLocation) {
    const LogMessage message = "here";
    EXPECT_EQ(message.text(), "here");
    EXPECT_EQ(message.source().line, static_cast<unsigned>(__LINE__) - 2U);
    EXPECT_NE(std::string_view{message.source().file}.find("log_value_test.cpp"), std::string_view::npos);
}

}  // namespace
}  // namespace servicekit
