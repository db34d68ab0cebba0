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

/// Counts and records every operation of all fakes of a machine that can fail, and lets any of them fail: the Nth of
/// all, the Nth of its kind, or one after the other in a loop around the whole life.
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
        std::string object;         ///< the path or name that it was about; may be empty
        std::uint64_t number = 0;   ///< among all, from 1 on
        std::uint64_t nth = 0;      ///< among those of its name, from 1 on
        int errno_value = 0;        ///< what a fault made it fail with; 0 where it was let pass
        std::uint64_t process = 0;  ///< whose it was: FakeTask::current()
    };

    /// The operation of this number fails, once it comes.
    void fail(std::uint64_t number, int errno_value) { by_number_.insert_or_assign(number, errno_value); }
    /// The nth operation of this name fails.
    void fail(std::string name, std::uint64_t nth, int errno_value) {
        by_name_.insert_or_assign({std::move(name), nth}, errno_value);
    }
    /// All operations of this name fail from now on, until succeed_again().
    void fail_always(std::string name, int errno_value) { always_.insert_or_assign(std::move(name), errno_value); }
    void succeed_again(const std::string& name) { always_.erase(name); }
    /// The process that makes the operation of this number dies with it, as by SIGKILL: the operation does nothing any
    /// more. \pre that is one which FakeOs::spawn() made
    void crash(std::uint64_t number) { crash_at_ = number; }

    /// All of them, in their order.
    [[nodiscard]] const std::vector<Operation>& operations() const noexcept { return operations_; }
    [[nodiscard]] std::uint64_t count() const noexcept { return operations_.size(); }
    /// Those that a fault made fail.
    [[nodiscard]] std::vector<Operation> failed() const;
    /// Forgets what was counted, so that the next operation is the first; what was told to fail stays so.
    void forget() {
        operations_.clear();
        counts_.clear();
    }

    /// Called before each operation; may move on other processes, but makes no operation of its own.
    void before_each(std::function<void(std::string_view name)> hook) { before_ = std::move(hook); }

    // For FakeOs.

    /// What decides first: it gives the errno that the operation has to fail with, 0 where it has to pass; either way
    /// it is not counted. Nothing: the operation is one like others.
    using Judge = std::function<std::optional<int>(std::string_view name)>;
    void set_judge(Judge judge) { judge_ = std::move(judge); }
    /// Told of each operation that was counted.
    void set_witness(std::function<void(const Operation&)> witness) { witness_ = std::move(witness); }
    void set_killer(std::function<void()> killer) { killer_ = std::move(killer); }

    // For FakeFailures.

    /// \param own the errno that the fake was told by itself to fail with
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
