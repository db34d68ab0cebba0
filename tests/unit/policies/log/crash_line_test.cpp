#include "policies/log/crash_line.hpp"

#include <gtest/gtest.h>

#include <string>

#include "policies/log/journal_entry.hpp"
#include "policies/log/json_line.hpp"
#include "policies/log/log_line.hpp"
#include "policies/log/syslog_message.hpp"

namespace servicekit::policies {
namespace {

const std::string name(64, 'n');
const LogField stream{"stream", "stderr"};

LogRecord record_with(std::string_view message) {
    return {.time = {}, .level = LogLevel::warning, .message = message, .fields = {&stream, 1}};
}

/// Returns true if the longest line, with every byte escaped, fits into the reserved memory.
template <class Append>
bool needs_no_memory(const Append& append) {
    CrashLine line;
    line.prepare(name.size());
    const auto* const memory = line.render(record_with("short"), append).data();
    for (const char byte : {'\0', '\x1b', '\xff', '"', ']'}) {
        const std::string message(CrashLine::longest_message + 1000, byte);
        if (line.render(record_with(message), append).data() != memory) return false;
    }
    return true;
}

TEST(CrashLineTest, HasTheUsualFormatOfALine) {
    CrashLine line;
    line.prepare(0);

    EXPECT_EQ(line.render(record_with("a fault"),
                          [](std::string& out, const LogRecord& record) { append_log_line(out, record, "trial[1]"); }),
              "1970-01-01T00:00:00.000000Z warning trial[1]: a fault stream=stderr\n");
}

TEST(CrashLineTest, NeedsNoMemoryForAnyMessage) {
    EXPECT_TRUE(needs_no_memory([](std::string& out, const LogRecord& record) { append_log_line(out, record, name); }));
    EXPECT_TRUE(
        needs_no_memory([](std::string& out, const LogRecord& record) { append_json_line(out, record, name, 4711); }));
    EXPECT_TRUE(needs_no_memory(
        [](std::string& out, const LogRecord& record) { append_journal_entry(out, record, name, 4711); }));
    const SyslogHead head{.application = name, .process_id = "4711", .structured_data_id = "servicekit@32473"};
    EXPECT_TRUE(
        needs_no_memory([&](std::string& out, const LogRecord& record) { append_syslog_message(out, record, head); }));
    EXPECT_TRUE(needs_no_memory(
        [&](std::string& out, const LogRecord& record) { append_traditional_syslog_message(out, record, head); }));
}

TEST(CrashLineTest, IsEmptyWithoutMemory) {
    CrashLine line;

    EXPECT_EQ(line.render(record_with("too early"), [](std::string& out, const LogRecord&) { out += "x"; }), "");
}

}  // namespace
}  // namespace servicekit::policies
