#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_faults.hpp"

namespace servicekit::mocks {

/// The failures that a test wants of a fake, by function name, and by object if that matters.
class FakeFailures {
public:
    /// \param operations the functions that can be made to fail
    FakeFailures(std::initializer_list<std::string_view> operations)
        : operations_{operations.begin(), operations.end()} {}

    /// Makes the next call fail, once.
    /// \param object the path or name that the call must be about; empty: any
    /// \throws std::invalid_argument if there is no such operation
    void fail_next(std::string_view operation, int errno_value, std::string object = {}) {
        add(operation, errno_value, std::move(object), true);
    }
    /// Makes every call fail, until succeed_again(). A failure of fail_next() takes precedence.
    void fail_always(std::string_view operation, int errno_value, std::string object = {}) {
        add(operation, errno_value, std::move(object), false);
    }
    void succeed_again(std::string_view operation) {
        std::erase_if(wanted_, [operation](const Failure& failure) { return failure.operation == operation; });
    }

    /// Makes `faults`, which the fakes of a machine share, count all operations and decide which fail.
    /// \param fake prefix of the names, before a dot: "files"
    void report_to(FakeFaults& faults, std::string fake) {
        faults_ = &faults;
        fake_ = std::move(fake);
    }

    /// Called by the fake: returns the errno of the failure that is due now, if there is one.
    [[nodiscard]] std::optional<int> due(std::string_view operation, std::string_view object = {}) {
        const auto own = take(operation, object);
        if (faults_ == nullptr) return own;
        return faults_->due(fake_ + '.' + std::string{operation}, object, own);
    }

private:
    struct Failure {
        std::string operation;
        int errno_value;
        std::string object;
        bool once;
    };

    [[nodiscard]] std::optional<int> take(std::string_view operation, std::string_view object) {
        const auto matches = [&](const Failure& failure, bool once) {
            return failure.once == once && failure.operation == operation &&
                   (failure.object.empty() || failure.object == object);
        };
        for (const bool once : {true, false}) {
            const auto found = std::find_if(wanted_.begin(), wanted_.end(),
                                            [&](const Failure& failure) { return matches(failure, once); });
            if (found == wanted_.end()) continue;
            const int errno_value = found->errno_value;
            if (once) wanted_.erase(found);
            return errno_value;
        }
        return std::nullopt;
    }

    void add(std::string_view operation, int errno_value, std::string object, bool once) {
        if (std::find(operations_.begin(), operations_.end(), operation) == operations_.end())
            throw std::invalid_argument("nothing here is called '" + std::string{operation} + "'");
        wanted_.push_back({std::string{operation}, errno_value, std::move(object), once});
    }

    std::vector<std::string> operations_;
    std::vector<Failure> wanted_;
    FakeFaults* faults_ = nullptr;
    std::string fake_;
};

}  // namespace servicekit::mocks
