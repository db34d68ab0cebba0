#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "core/queued_event.hpp"
#include "core/service_status.hpp"
#include "servicekit/policy/control_policy.hpp"

namespace servicekit {

/// The clients that wait for the same run of on_status().
class StatusAskers {
public:
    /// \returns false if they have been answered
    [[nodiscard]] bool add(std::shared_ptr<Responder> responder);
    void reply(std::string_view line);

private:
    std::mutex mutex_;
    bool are_answered_ = false;
    std::vector<std::shared_ptr<Responder>> responders_;
};

/// The answer to all of these clients. If on_status() does not run in time, the answer has the kept fields.
class StatusAnswer final : public Answer {
public:
    StatusAnswer(ServiceStatus& status, std::shared_ptr<StatusAskers> askers)
        : status_{status}, askers_{std::move(askers)} {}
    void succeed(const Object& own) override;
    void fail(const Object& error) override;
    void decline(const Object& error) override;
    void time_out(const EventDeclaration& event) override;
    void lack_memory() override;

private:
    void reply_without_own();

    ServiceStatus& status_;
    std::shared_ptr<StatusAskers> askers_;
};

}  // namespace servicekit
