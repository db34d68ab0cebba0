#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/line_reader.hpp"

namespace servicekit::mocks {

/// Somebody who types what the test says, and then no more. What nobody has read yet is there for the next reader.
class FakeLineReaders {
public:
    /// It may not outlive this.
    [[nodiscard]] std::unique_ptr<os::LineReader> make();

    /// `read_line`; the object is "stdin".
    FakeFailures& failures() noexcept { return failures_; }

    void type(std::string line) { lines_.push_back(std::move(line)); }
    /// As Ctrl-C; told once, by whatever asks next.
    void interrupt() noexcept { interrupted_ = true; }
    /// What readers were given to show, in that order.
    [[nodiscard]] const std::vector<std::string>& prompts() const noexcept { return prompts_; }

private:
    class FakeLineReader;

    FakeFailures failures_{"read_line"};
    std::deque<std::string> lines_;
    std::vector<std::string> prompts_;
    bool interrupted_ = false;
};

}  // namespace servicekit::mocks
