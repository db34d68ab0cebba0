#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/service_manager.hpp"

namespace servicekit::mocks {

/// A service manager that records its messages. At first it passes no sockets and does not listen.
class FakeServiceManager final : public os::ServiceManager {
public:
    Result<std::vector<os::ListenSocket>> take_listen_sockets() override;
    Result<std::unique_ptr<os::NotifySocket>> take_notify_socket() override;
    std::optional<std::chrono::microseconds> take_watchdog() override { return std::exchange(watchdog_, {}); }
    [[nodiscard]] bool has_journal_on_stderr() const override { return has_journal_; }

    /// Failures of the functions, by their names; `send` is that of the notify socket.
    FakeFailures& failures() noexcept { return told_->failures; }

    void pass_socket(std::string name, int descriptor) { sockets_.push_back({std::move(name), descriptor}); }
    void listen() noexcept { listens_ = true; }
    void want_sign_of_life_every(std::chrono::microseconds interval) noexcept { watchdog_ = interval; }
    void put_journal_on_stderr() noexcept { has_journal_ = true; }

    /// Returns the messages that were sent to it.
    [[nodiscard]] const std::vector<std::string>& messages() const noexcept { return told_->messages; }
    /// Returns the number of messages that contain the line.
    [[nodiscard]] std::size_t count(const std::string& line) const;
    void forget() noexcept { told_->messages.clear(); }

private:
    class Socket;
    struct Told {
        std::vector<std::string> messages;
        FakeFailures failures{"take_listen_sockets", "take_notify_socket", "send"};
    };

    // Shared with the sockets, which may outlive this.
    std::shared_ptr<Told> told_ = std::make_shared<Told>();
    std::vector<os::ListenSocket> sockets_;
    bool listens_ = false;
    bool has_journal_ = false;
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace servicekit::mocks
