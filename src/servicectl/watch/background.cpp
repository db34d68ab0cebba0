#include "servicectl/watch/background.hpp"

#include <utility>

namespace servicekit::servicectl {

using std::chrono::milliseconds;

struct Background::State {
    Work work;
    std::unique_ptr<os::Parking> parking;
    std::stop_source stop;
};

Result<std::unique_ptr<Background>> Background::start(const std::string& thread, Work work, const os::Host& host) {
    auto state = std::make_shared<State>();
    state->work = std::move(work);
    state->parking = host.make_parking();
    auto started = host.threads->start(thread, [state] {
        const std::stop_token stop = state->stop.get_token();
        while (!stop.stop_requested()) {
            const milliseconds pause = state->work(stop);
            if (!stop.stop_requested()) state->parking->park_for(pause);
        }
    });
    if (!started) return started.error();
    std::unique_ptr<Background> background{new Background{std::move(state)}};
    background->thread_ = *std::move(started);
    return background;
}

Background::~Background() {
    constexpr milliseconds patience{200};
    if (thread_ == nullptr) return;
    end();
    static_cast<void>(thread_->wait(patience));
}

void Background::hurry() { state_->parking->unpark(); }

void Background::end() {
    state_->stop.request_stop();
    state_->parking->unpark();
}

bool Background::has_ended() const { return thread_->wait(milliseconds{0}); }

}  // namespace servicekit::servicectl
