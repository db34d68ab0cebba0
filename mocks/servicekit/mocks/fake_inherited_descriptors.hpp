#pragma once

#include <map>
#include <string>
#include <string_view>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/inherited_descriptors.hpp"

namespace servicekit::mocks {

/// Descriptors that a process was started with, in memory: at first none.
class FakeInheritedDescriptors final : public os::InheritedDescriptors {
public:
    Result<void> claim_for_writing(int descriptor) override;
    Result<void> write_and_close(int descriptor, std::string_view text) override;
    void close(int descriptor) noexcept override;

    /// `claim_for_writing` and `write_and_close`; the object is "descriptor 3".
    FakeFailures& failures() noexcept { return failures_; }

    /// Whoever started the process left this one open for writing.
    void leave_open(int descriptor) { descriptors_[descriptor] = {}; }
    [[nodiscard]] bool is_open(int descriptor) const;
    /// Whether exec(2) would close it.
    [[nodiscard]] bool is_claimed(int descriptor) const;
    /// What whoever started the process has read from it.
    [[nodiscard]] std::string written(int descriptor) const;

private:
    struct State {
        bool open = true;
        bool claimed = false;
        std::string written = {};
    };
    [[nodiscard]] State state(int descriptor) const;

    FakeFailures failures_{"claim_for_writing", "write_and_close"};
    std::map<int, State> descriptors_;
};

}  // namespace servicekit::mocks
