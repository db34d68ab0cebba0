#include "servicekit/mocks/fake_faults.hpp"

#include <cerrno>
#include <stdexcept>

#include "servicekit/mocks/fake_task.hpp"

namespace servicekit::mocks {

std::vector<FakeFaults::Operation> FakeFaults::failed() const {
    std::vector<Operation> failed;
    for (const Operation& operation : operations_)
        if (operation.errno_value != 0) failed.push_back(operation);
    return failed;
}

std::optional<int> FakeFaults::due(std::string_view name, std::string_view object, std::optional<int> own) {
    const auto judge = [this, name]() -> std::optional<int> { return judge_ ? judge_(name) : std::nullopt; };
    const auto as_result = [](int errno_value) { return errno_value == 0 ? std::nullopt : std::optional{errno_value}; };
    if (const auto judged = judge()) return as_result(*judged);
    if (before_) {
        before_(name);
        // The hook may have killed the process.
        if (const auto judged = judge()) return as_result(*judged);
    }

    auto counted = counts_.find(name);
    if (counted == counts_.end()) counted = counts_.emplace(name, 0).first;
    Operation operation{.name = std::string{name},
                        .object = std::string{object},
                        .number = operations_.size() + 1,
                        .nth = ++counted->second,
                        .process = FakeTask::current()};
    const bool crashes = operation.number == crash_at_;
    if (own) {
        operation.errno_value = *own;
    } else if (const auto found = by_number_.find(operation.number); found != by_number_.end()) {
        operation.errno_value = found->second;
    } else if (const auto named = by_name_.find({operation.name, operation.nth}); named != by_name_.end()) {
        operation.errno_value = named->second;
    } else if (const auto always = always_.find(name); always != always_.end()) {
        operation.errno_value = always->second;
    }
    operations_.push_back(operation);
    if (crashes) {
        if (!killer_) throw std::logic_error("only a process that FakeOs::spawn() made can crash");
        killer_();
        return EIO;
    }
    if (witness_) witness_(operation);
    return as_result(operation.errno_value);
}

}  // namespace servicekit::mocks
