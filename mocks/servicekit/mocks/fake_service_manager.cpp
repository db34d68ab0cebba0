#include "servicekit/mocks/fake_service_manager.hpp"

#include <algorithm>

namespace servicekit::mocks {

class FakeServiceManager::Socket final : public os::NotifySocket {
public:
    explicit Socket(std::shared_ptr<Told> told) : told_{std::move(told)} {}
    Result<void> send(std::string_view message) override {
        if (const auto failure = told_->failures.due("send"))
            return os_error("notify the service manager at", "the fake", *failure);
        told_->messages.emplace_back(message);
        return {};
    }

private:
    std::shared_ptr<Told> told_;
};

Result<std::vector<os::ListenSocket>> FakeServiceManager::take_listen_sockets() {
    if (const auto failure = told_->failures.due("take_listen_sockets"))
        return os_error("take over the service manager's sockets", "", *failure);
    return std::exchange(sockets_, {});
}

Result<std::unique_ptr<os::NotifySocket>> FakeServiceManager::take_notify_socket() {
    if (const auto failure = told_->failures.due("take_notify_socket"))
        return os_error("notify the service manager at", "the fake", *failure);
    if (!std::exchange(listens_, false)) return std::unique_ptr<os::NotifySocket>{};
    return std::unique_ptr<os::NotifySocket>{std::make_unique<Socket>(told_)};
}

std::size_t FakeServiceManager::count(const std::string& line) const {
    return static_cast<std::size_t>(
        std::count_if(told_->messages.begin(), told_->messages.end(), [&line](const std::string& message) {
            return ("\n" + message + "\n").find("\n" + line + "\n") != std::string::npos;
        }));
}

}  // namespace servicekit::mocks
