#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/os/process_table.hpp"

namespace servicekit::mocks {

/// The other processes of the machine; none at first.
class FakeProcessTable final : public os::ProcessTable {
public:
    struct Sent {
        pid_t pid;
        int signal_number;
        friend bool operator==(const Sent&, const Sent&) = default;
    };

    explicit FakeProcessTable(FakeReactor& reactor) : reactor_{&reactor} {}

    [[nodiscard]] std::optional<uid_t> effective_user_of(pid_t pid) const override;
    [[nodiscard]] std::optional<os::ProcessUsage> usage_of(pid_t pid) const override;
    Result<bool> signal(pid_t pid, int signal_number, const std::function<bool()>& still_meant) override;
    /// Waits on virtual time, in which events that are due happen.
    bool wait_for_end(pid_t pid, std::chrono::milliseconds at_most) override;

    /// For `signal`; the object is the pid in decimal.
    FakeFailures failures{"signal"};

    void add(pid_t pid, uid_t uid = 0) { processes_.insert_or_assign(pid, uid); }
    void end(pid_t pid) { processes_.erase(pid); }
    /// Sets what each process uses; nothing at first.
    void set_usage(os::ProcessUsage usage) noexcept { usage_ = usage; }
    [[nodiscard]] bool runs(pid_t pid) const noexcept { return processes_.contains(pid); }
    /// Sets how processes react to a signal; SIGKILL always ends them.
    void on_signal(std::function<void(const Sent&)> reaction) { reaction_ = std::move(reaction); }
    [[nodiscard]] const std::vector<Sent>& sent() const noexcept { return sent_; }

    /// For FakeOs. \param deliver returns true if the pid is one of its processes, which then gets the signal
    void set_delivery(std::function<bool(const Sent&)> deliver) { deliver_ = std::move(deliver); }

private:
    FakeReactor* reactor_;
    std::function<bool(const Sent&)> deliver_;
    std::map<pid_t, uid_t> processes_;
    os::ProcessUsage usage_;
    std::function<void(const Sent&)> reaction_;
    std::vector<Sent> sent_;
};

}  // namespace servicekit::mocks
