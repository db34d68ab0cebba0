#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/confinement.hpp"

namespace servicekit::mocks {

/// A process that remembers its limits; none at first. It does not limit the other fakes.
class FakeConfinement final : public os::Confinement {
public:
    Result<void> limit(Resource resource, std::optional<std::uint64_t> at_most) override;
    Result<void> allow_core_dumps() override;
    Result<void> forbid_new_privileges() override;
    /// New privileges must be forbidden first, as for a user who is not root.
    Result<os::WriteConfinement> confine_writing(std::span<const os::WritablePath> paths) override;

    /// Failures of the functions of os::Confinement, by their names; the object is `core_size` or `open_files`, or the
    /// path.
    FakeFailures& failures() noexcept { return failures_; }

    /// Sets what the kernel supports; everything by default.
    void set_kernel(os::WriteConfinement kernel) { kernel_ = std::move(kernel); }
    /// Called at the beginning of each function, with its name.
    void on_call(std::function<void(std::string_view function)> callback) { on_call_ = std::move(callback); }

    /// Returns the limit; nothing if limit() was not called for it.
    [[nodiscard]] std::optional<std::optional<std::uint64_t>> limit_of(Resource resource) const;
    [[nodiscard]] bool core_dumps_allowed() const noexcept { return core_dumps_allowed_; }
    [[nodiscard]] bool new_privileges_forbidden() const noexcept { return new_privileges_forbidden_; }
    /// Returns the writable paths; nothing if writing was not confined.
    [[nodiscard]] const std::optional<std::vector<os::WritablePath>>& writable() const noexcept { return writable_; }

private:
    [[nodiscard]] std::optional<int> begin(std::string_view function, std::string_view object = {});

    FakeFailures failures_{"limit", "allow_core_dumps", "forbid_new_privileges", "confine_writing"};
    std::function<void(std::string_view)> on_call_;
    std::map<Resource, std::optional<std::uint64_t>> limits_;
    bool core_dumps_allowed_ = false;
    bool new_privileges_forbidden_ = false;
    os::WriteConfinement kernel_;
    std::optional<std::vector<os::WritablePath>> writable_;
};

}  // namespace servicekit::mocks
