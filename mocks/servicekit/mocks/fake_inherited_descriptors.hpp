#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/inherited_descriptors.hpp"

namespace servicekit::mocks {

/// Descriptors that a process has inherited, and some that its program has opened since, in memory; none at first.
class FakeInheritedDescriptors final : public os::InheritedDescriptors {
public:
    Result<void> claim_for_writing(int descriptor) override;
    Result<void> write_and_close(int descriptor, std::string_view text) override;
    void close(int descriptor) noexcept override;
    Result<void> close_all_but(std::span<const int> keep) override;

    /// Failures of the functions of os::InheritedDescriptors, by their names; the object is "descriptor 3", if there is
    /// one.
    FakeFailures& failures() noexcept { return failures_; }

    /// Leaves this descriptor open for writing, like the parent of the process.
    void leave_open(int descriptor) { descriptors_[descriptor] = {}; }
    /// Opens a file in the program with this number, which was free or is closed.
    void open_in_program(int descriptor) { descriptors_[descriptor] = {.is_inherited = false}; }
    [[nodiscard]] bool is_open(int descriptor) const;
    /// Returns true if exec(2) would close it.
    [[nodiscard]] bool is_claimed(int descriptor) const;
    /// Returns what the parent of the process has read from it.
    [[nodiscard]] std::string written(int descriptor) const;

private:
    struct State {
        bool open = true;
        bool is_inherited = true;
        bool claimed = false;
        std::string written = {};
    };
    [[nodiscard]] State state(int descriptor) const;

    FakeFailures failures_{"claim_for_writing", "write_and_close", "close_all_but"};
    std::map<int, State> descriptors_;
};

}  // namespace servicekit::mocks
