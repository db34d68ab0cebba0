#include "base/json_scanner.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "servicekit/base/json.hpp"

namespace servicekit {
namespace {

using namespace std::string_view_literals;
using State = JsonScanner::State;

constexpr std::string_view tricky = R"(["a]\"[\\", {"{": [1, "\u005d\\\""], "}": {}}, [[]]])";

TEST(JsonScannerTest, FindsWhereAnArrayEnds) {
    JsonScanner scanner;
    const auto step = scanner.feed(R"( ["stop"] ["status"])");
    EXPECT_EQ(step.state, State::complete);
    EXPECT_EQ(step.begin, 1U);
    EXPECT_EQ(step.end, 9U);
    EXPECT_EQ(scanner.offset(), 8U);
}

TEST(JsonScannerTest, FindsOneArrayAfterAnother) {
    constexpr std::string_view stream = "\n[1] \t[2][{\"a\":[3]}]\r\n";
    std::vector<std::string> found;
    JsonScanner scanner;
    std::size_t at = 0;
    auto step = scanner.feed(stream);
    for (; step.state == State::complete; step = scanner.feed(stream.substr(at))) {
        found.emplace_back(stream.substr(at + step.begin, step.end - step.begin));
        at += step.end;
    }
    EXPECT_EQ(found, (std::vector<std::string>{"[1]", "[2]", "[{\"a\":[3]}]"}));
    EXPECT_EQ(step.state, State::skipping);
    EXPECT_EQ(at + step.end, stream.size());
}

TEST(JsonScannerTest, AnArrayOfOneStringHasTheSameLimitsAsOthers) {
    constexpr std::string_view request = "[\"status\"]";
    for (std::size_t limit = 1; limit < request.size(); ++limit)
        EXPECT_EQ(JsonScanner{{.max_bytes = limit}}.feed(request).state, State::too_large) << limit;
    EXPECT_EQ(JsonScanner{{.max_bytes = request.size()}}.feed(request).state, State::complete);
    EXPECT_EQ(JsonScanner{{.max_depth = 0}}.feed(request).state, State::too_deep);
    EXPECT_EQ(JsonScanner{}.feed("[\"a\tb\"]").state, State::malformed);

    for (const std::size_t length : {0U, 123U, 124U, 125U, 300U}) {
        const std::string array = "[\"" + std::string(length, 'x') + "\"]";
        JsonScanner scanner;
        const auto step = scanner.feed(" " + array + "[");
        EXPECT_EQ(step.state, State::complete) << length;
        EXPECT_EQ(step.begin, 1U);
        EXPECT_EQ(step.end, 1 + array.size());
        EXPECT_EQ(scanner.offset(), array.size());
    }
}

TEST(JsonScannerTest, WhiteSpaceAloneIsNotAnArray) {
    JsonScanner scanner;
    const auto step = scanner.feed(" \t\r\n");
    EXPECT_EQ(step.state, State::skipping);
    EXPECT_EQ(step.begin, 4U);
    EXPECT_EQ(step.end, 4U);
    EXPECT_EQ(scanner.feed("").state, State::skipping);
}

TEST(JsonScannerTest, FindsTheSameWhereverTheStreamIsCut) {
    for (std::size_t cut = 0; cut <= tricky.size(); ++cut) {
        JsonScanner scanner;
        std::string array;
        const std::string_view head = tricky.substr(0, cut);
        auto step = scanner.feed(head);
        array += head.substr(step.begin, step.end - step.begin);
        if (step.state != State::complete) {
            const std::string tail = std::string{tricky.substr(cut)} + " [";
            step = scanner.feed(tail);
            array += tail.substr(step.begin, step.end - step.begin);
        }
        ASSERT_EQ(step.state, State::complete) << cut;
        ASSERT_EQ(array, tricky) << cut;
    }
}

TEST(JsonScannerTest, FindsTheSameByteByByte) {
    JsonScanner scanner;
    for (std::size_t i = 0; i + 1 < tricky.size(); ++i) {
        const auto step = scanner.feed(tricky.substr(i, 1));
        ASSERT_EQ(step.state, State::inside);
        ASSERT_EQ(step.begin, 0U);
        ASSERT_EQ(step.end, 1U);
        ASSERT_EQ(scanner.offset(), i + 1);
    }
    EXPECT_EQ(scanner.feed(tricky.substr(tricky.size() - 1)).state, State::complete);
    EXPECT_EQ(scanner.offset(), tricky.size());
}

struct ScanFault {
    std::string_view stream;
    std::size_t offset;
    std::string_view reason;
};

class JsonScannerFaultTest : public testing::TestWithParam<ScanFault> {};

TEST_P(JsonScannerFaultTest, IsReportedAtOnceAndPermanently) {
    for (std::size_t cut = 0; cut <= GetParam().stream.size(); ++cut) {
        JsonScanner scanner;
        scanner.feed(GetParam().stream.substr(0, cut));
        EXPECT_EQ(scanner.feed(GetParam().stream.substr(cut)).state, State::malformed);
        EXPECT_EQ(scanner.offset(), GetParam().offset);
        EXPECT_EQ(scanner.reason(), GetParam().reason);

        const auto after = scanner.feed("[]");
        EXPECT_EQ(after.state, State::malformed);
        EXPECT_EQ(after.end, 0U);
        EXPECT_EQ(scanner.offset(), GetParam().offset);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Each, JsonScannerFaultTest,
    testing::Values(ScanFault{"x", 0, "it does not begin with ["},             //
                    ScanFault{" \n{\"a\":1}", 0, "it does not begin with ["},  //
                    ScanFault{"]", 0, "it does not begin with ["}, ScanFault{"\0"sv, 0, "it does not begin with ["},
                    ScanFault{"\xEF\xBB\xBF[]", 0, "it does not begin with ["},
                    ScanFault{" [1}", 2, "a } closes what [ opened"},
                    ScanFault{"[{\"a\":1]", 7, "a ] closes what { opened"},
                    ScanFault{"[\"stop]\n", 7, "a string has a control character that is not escaped"},
                    ScanFault{"[\"\\\n\"]", 3, "a string has a control character that is not escaped"},
                    ScanFault{"[\"\0\"]"sv, 2, "a string has a control character that is not escaped"}));

TEST(JsonScannerTest, AFaultsOffsetCountsFromItsOwnArray) {
    JsonScanner scanner;
    const std::string_view stream = "[1] [}";
    const auto step = scanner.feed(stream);
    EXPECT_EQ(scanner.feed(stream.substr(step.end)).state, State::malformed);
    EXPECT_EQ(scanner.offset(), 1U);
}

TEST(JsonScannerTest, AnArrayMayBeAsLargeAsTheLimit) {
    JsonScanner scanner{{.max_bytes = 8}};
    EXPECT_EQ(scanner.feed("   [\"stop\"]").state, State::complete);
    EXPECT_EQ(scanner.feed("[12345678").state, State::too_large);
    EXPECT_EQ(scanner.offset(), 8U);
}

TEST(JsonScannerTest, TheLimitCountsAllChunks) {
    JsonScanner scanner{{.max_bytes = 8}};
    EXPECT_EQ(scanner.feed("[1234567").state, State::inside);
    EXPECT_EQ(scanner.feed("").state, State::inside);
    EXPECT_EQ(scanner.feed("]").state, State::too_large);
    EXPECT_EQ(scanner.feed("[]").state, State::too_large);
}

TEST(JsonScannerTest, WhiteSpaceBetweenArraysIsNotLimited) {
    JsonScanner scanner{{.max_bytes = 8}};
    EXPECT_EQ(scanner.feed(std::string(1000, ' ')).state, State::skipping);
    std::string text(1000, '\n');
    text += "[]";
    EXPECT_EQ(scanner.feed(text).state, State::complete);
}

TEST(JsonScannerTest, OneMebibyteIsTheDefault) {
    const std::string largest = "[" + std::string(1024 * 1024 - 2, '1') + "]";
    EXPECT_EQ(JsonScanner{}.feed(largest).state, State::complete);
    EXPECT_EQ(JsonScanner{}.feed("[" + largest).state, State::too_large);
}

TEST(JsonScannerTest, SixtyFourLevelsAreTheMaximum) {
    EXPECT_EQ(JsonScanner{}.feed(std::string(64, '[') + std::string(64, ']')).state, State::complete);

    JsonScanner scanner;
    EXPECT_EQ(scanner.feed(std::string(200000, '[')).state, State::too_deep);
    EXPECT_EQ(scanner.offset(), 64U);
    EXPECT_EQ(scanner.feed("]").state, State::too_deep);
}

TEST(JsonScannerTest, DepthCountsOpenObjectsAndArrays) {
    JsonScanner scanner{{.max_depth = 2}};
    EXPECT_EQ(scanner.feed(R"([{},[],{},[]])").state, State::complete);
    EXPECT_EQ(scanner.feed(R"([{"a":{}}])").state, State::too_deep);
}

TEST(JsonScannerTest, AgreesWithTheParserOnTheEnd) {
    std::mt19937 random{4711};
    constexpr std::string_view alphabet = "[[[]]]]{}\"\":,12\\ \n";
    int complete = 0;
    for (int i = 0; i < 30000; ++i) {
        std::string stream;
        for (std::size_t length = random() % 12; length > 0; --length) stream += alphabet[random() % alphabet.size()];
        JsonScanner scanner;
        const auto step = scanner.feed(stream);
        const auto parsed = parse_json(stream);
        if (const auto* value = std::get_if<Value>(&parsed); value != nullptr && value->is_list()) {
            ++complete;
            ASSERT_EQ(step.state, State::complete) << stream;
            ASSERT_EQ(stream.find_last_of(']') + 1, step.end) << stream;
        }
        // If the scanner rejects it, the parser must reject it, too.
        if (step.state == State::malformed && stream.find('[') == stream.find_first_not_of(" \n")) {
            ASSERT_TRUE(std::holds_alternative<JsonError>(parsed)) << stream;
        }
    }
    EXPECT_GT(complete, 100);
}

}  // namespace
}  // namespace servicekit
