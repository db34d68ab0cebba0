#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace servicekit::mocks {

/// Counts and records every operation of all fakes of a machine that can fail, and makes any of them fail: the Nth of
/// all, the Nth of its kind, or one after the other in a loop around the whole life of a service.
/// \code
/// for (std::uint64_t number = 1; number <= operations_of_a_good_life; ++number) {
///     FakeOs os;
///     os.faults.fail(number, EIO);
///     ...
/// }
/// \endcode
class FakeFaults {
public:
    struct Operation {
        std::string name;           ///< of the fake and of its function: "files.write"
        std::string object;         ///< the path or name that the operation was about; may be empty
        std::uint64_t number = 0;   ///< among all operations, beginning with 1
        std::uint64_t nth = 0;      ///< among those of its name, beginning with 1
        int errno_value = 0;        ///< the errno of its failure; 0: it did not fail
        std::uint64_t process = 0;  ///< the process that made it: FakeTask::current()
    };

    /// Makes the operation with this number fail.
    void fail(std::uint64_t number, int errno_value) { by_number_.insert_or_assign(number, errno_value); }
    /// Makes the nth operation of this name fail.
    void fail(std::string name, std::uint64_t nth, int errno_value) {
        by_name_.insert_or_assign({std::move(name), nth}, errno_value);
    }
    /// Makes all operations of this name fail from now on, until succeed_again().
    void fail_always(std::string name, int errno_value) { always_.insert_or_assign(std::move(name), errno_value); }
    void succeed_again(const std::string& name) { always_.erase(name); }
    /// Kills the process that makes the operation with this number, as SIGKILL does, before the operation has any
    /// effect.
    /// \pre the process is one of FakeOs::spawn()
    void crash(std::uint64_t number) { crash_at_ = number; }

    /// Returns all operations, in order.
    [[nodiscard]] const std::vector<Operation>& operations() const noexcept { return operations_; }
    [[nodiscard]] std::uint64_t count() const noexcept { return operations_.size(); }
    /// Returns the operations that failed.
    [[nodiscard]] std::vector<Operation> failed() const;
    /// Forgets the counted operations, so that the next one is the first, and the failures that fail() was asked for.
    void forget() {
        operations_.clear();
        counts_.clear();
        by_number_.clear();
        by_name_.clear();
    }

    /// Called before each operation. It may let other processes run, but may not make an operation.
    void before_each(std::function<void(std::string_view name)> hook) { before_ = std::move(hook); }

    // For FakeOs.

    /// Decides first: returns the errno with which the operation has to fail, or 0 if it has to succeed. Neither is
    /// counted. Nothing: the operation is an ordinary one.
    using Judge = std::function<std::optional<int>(std::string_view name)>;
    void set_judge(Judge judge) { judge_ = std::move(judge); }
    /// Called for each counted operation.
    void set_witness(std::function<void(const Operation&)> witness) { witness_ = std::move(witness); }
    void set_killer(std::function<void()> killer) { killer_ = std::move(killer); }

    // For FakeFailures.

    /// \param own the errno of a failure that was requested of the fake itself
    /// \returns the errno to fail with
    [[nodiscard]] std::optional<int> due(std::string_view name, std::string_view object, std::optional<int> own);

private:
    std::map<std::uint64_t, int> by_number_;
    std::map<std::pair<std::string, std::uint64_t>, int> by_name_;
    std::map<std::string, int, std::less<>> always_;
    std::uint64_t crash_at_ = 0;
    std::vector<Operation> operations_;
    std::map<std::string, std::uint64_t, std::less<>> counts_;
    std::function<void(std::string_view)> before_;
    Judge judge_;
    std::function<void(const Operation&)> witness_;
    std::function<void()> killer_;
};

}  // namespace servicekit::mocks
