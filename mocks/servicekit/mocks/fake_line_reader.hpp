#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/line_reader.hpp"

namespace servicekit::mocks {

/// Somebody who types what the test says, and then no more.
class FakeLineReader final : public os::LineReader {
public:
    explicit FakeLineReader(std::deque<std::string> lines) : lines_{std::move(lines)} {}

    Result<std::optional<std::string>> read_line(const std::string& prompt) override {
        prompts.push_back(prompt);
        if (const auto failure = failures_.due("read_line")) return os_error("read", "stdin", *failure);
        if (lines_.empty()) return std::optional<std::string>{};
        std::string line = std::move(lines_.front());
        lines_.pop_front();
        return std::optional{std::move(line)};
    }

    [[nodiscard]] FakeFailures& failures() noexcept { return failures_; }

    std::vector<std::string> prompts;

private:
    std::deque<std::string> lines_;
    FakeFailures failures_{"read_line"};
};

}  // namespace servicekit::mocks
