#include "servicekit/mocks/fake_stream_capture.hpp"

#include <algorithm>
#include <utility>

#include "base/take_up_to.hpp"

namespace servicekit::mocks {
namespace {

std::string name_of_captured(os::Stream stream) { return stream == os::Stream::error ? "stderr" : "stdout"; }

std::size_t index_of(os::Stream stream) { return static_cast<std::size_t>(stream); }

}  // namespace

class FakeStreamCaptures::FakeStreamCapture final : public os::StreamCapture {
public:
    explicit FakeStreamCapture(FakeStreamCaptures& all) : all_{&all} {}
    FakeStreamCapture(const FakeStreamCapture&) = delete;
    FakeStreamCapture& operator=(const FakeStreamCapture&) = delete;
    ~FakeStreamCapture() override { stop({}); }

    Result<void> capture(os::Stream stream) override {
        if (const auto failure = all_->failures_.due("capture", name_of_captured(stream)))
            return os_error("make a pipe for", name_of_captured(stream), *failure);
        state().is_captured.at(index_of(stream)) = true;
        return {};
    }
    Result<void> start(Deliver deliver, const std::function<void()>& prepare_thread, os::EventLoop& /*loop*/) override {
        if (const auto failure = all_->failures_.due("start"))
            return os_error("start a thread for captured streams", "", *failure);
        prepare_thread();
        state().deliver = std::move(deliver);
        all_->deliver(state());
        return {};
    }
    bool stop(std::chrono::milliseconds /*at_most*/) noexcept override {
        State& own = state();
        if (all_->is_slow_) {
            own = {};
            return false;
        }
        for (const os::Stream stream : {os::Stream::out, os::Stream::error})
            if (std::string& text = own.printed.at(index_of(stream)); !text.empty() && own.deliver) text += '\n';
        all_->deliver(own);
        own = {};
        return true;
    }
    void write_at_crash(void (*take)(void*, const os::CapturedLine&) noexcept, void* to) noexcept override {
        for (const os::Stream stream : {os::Stream::out, os::Stream::error}) {
            const std::string text = std::exchange(state().printed.at(index_of(stream)), {});
            for (std::string_view rest = text; !rest.empty();)
                take(to, {.stream = stream, .text = take_up_to('\n', rest)});
        }
    }

private:
    [[nodiscard]] State& state() const { return all_->states_.own(); }

    FakeStreamCaptures* all_;
};

std::unique_ptr<os::StreamCapture> FakeStreamCaptures::make() { return std::make_unique<FakeStreamCapture>(*this); }

bool FakeStreamCaptures::is_captured(os::Stream stream) const { return states_.own().is_captured.at(index_of(stream)); }

void FakeStreamCaptures::print(os::Stream stream, std::string_view text) {
    if (!is_captured(stream)) return;
    states_.own().printed.at(index_of(stream)) += text;
    deliver(states_.own());
}

void FakeStreamCaptures::deliver(State& state) {
    if (!state.deliver) return;
    for (const os::Stream stream : {os::Stream::out, os::Stream::error}) {
        std::string& text = state.printed.at(index_of(stream));
        for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
            const std::string line = text.substr(0, end);
            text.erase(0, end + 1);
            state.deliver({.stream = stream, .text = line});
        }
    }
}

}  // namespace servicekit::mocks
