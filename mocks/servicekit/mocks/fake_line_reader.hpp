#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/line_reader.hpp"

namespace servicekit::mocks {

/// A user who types the lines that the test supplies, and then no more. Lines that are not read yet are left for the
/// next reader.
class FakeLineReaders {
public:
    /// The result must not outlive this object.
    [[nodiscard]] std::unique_ptr<os::LineReader> make();

    /// For `read_line`; the object is "stdin".
    FakeFailures& failures() noexcept { return failures_; }

    void type(std::string line) { lines_.push_back(std::move(line)); }
    /// Simulates Ctrl-C, which is reported once, to the next check.
    void interrupt() noexcept { interrupted_ = true; }
    /// Returns the prompts of the readers, in order.
    [[nodiscard]] const std::vector<std::string>& prompts() const noexcept { return prompts_; }

private:
    class FakeLineReader;

    FakeFailures failures_{"read_line"};
    std::deque<std::string> lines_;
    std::vector<std::string> prompts_;
    bool interrupted_ = false;
};

}  // namespace servicekit::mocks
