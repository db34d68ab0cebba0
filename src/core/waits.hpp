#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "servicekit/core/waiting.hpp"
#include "servicekit/os/clock.hpp"
#include "servicekit/os/event_loop.hpp"

namespace servicekit {

/// Sleeps with the means of the operating system, or of a fake.
class Waits final : public Waiting {
public:
    Waits(const os::Clock& clock, std::function<std::unique_ptr<os::Parking>()> make_parking)
        : clock_{clock}, make_parking_{std::move(make_parking)} {}

    [[nodiscard]] Time now() const override { return clock_.steady_now(); }
    bool wait_until(Time time, const std::stop_token& stop) const override;

private:
    const os::Clock& clock_;
    std::function<std::unique_ptr<os::Parking>()> make_parking_;
};

}  // namespace servicekit
