#include "policies/log/piped_lines.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/attempt.hpp"

namespace servicekit::policies {
namespace {

/// This much is written at once.
constexpr std::size_t full_enough = 64U << 10U;
/// How often a crashing thread checks whether another thread is done, which takes microseconds.
constexpr int last_looks = 10'000;

}  // namespace

class PipedLines::Lock {
public:
    explicit Lock(PipedLines& lines) : lock_{lines.mutex_}, taken_{lines.taken_} {
        // Only a dying thread sets `taken_` without the mutex, and keeps it set.
        owns_lock_ = !taken_.exchange(true, std::memory_order_acquire);
    }
    ~Lock() {
        if (owns_lock_) taken_.store(false, std::memory_order_release);
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    [[nodiscard]] bool owns_lock() const noexcept { return owns_lock_; }

private:
    std::lock_guard<std::mutex> lock_;
    std::atomic<bool>& taken_;
    bool owns_lock_;
};

void PipedLines::open(os::ProgramInput& input, LossLine loss_line) {
    const Lock lock{*this};
    input_ = &input;
    loss_line_ = std::move(loss_line);
    is_open_ = true;
}

void PipedLines::begin_to_wait() noexcept {
    const Lock lock{*this};
    may_wait_ = true;
}

PipedLines::Need PipedLines::put(std::string_view line, bool at_once) {
    const Lock lock{*this};
    if (!lock.owns_lock() || !is_open_) return Need::nothing;
    note_loss();
    const std::size_t size = waiting().size();
    const bool is_full = size > 0 && size + line.size() > most_;
    if (is_full) loss_ = Loss::slow;
    if (is_full || lost_.load() > 0) {
        ++lost_;
        losses_.add(loss_);
    } else {
        lines_ += line;
    }
    if (awaits_room_) return Need::nothing;
    if (at_once || !may_wait_ || waiting().size() >= full_enough) return write_out();
    return std::exchange(awaits_time_, true) ? Need::nothing : Need::time;
}

void PipedLines::count_loss() noexcept {
    ++lost_;
    losses_.add(Loss::no_memory);
}

PipedLines::Need PipedLines::flush_in_time() {
    const Lock lock{*this};
    if (!lock.owns_lock()) return Need::nothing;
    awaits_time_ = false;
    return awaits_room_ ? Need::nothing : write_out();
}

PipedLines::Need PipedLines::flush_into_room() {
    const Lock lock{*this};
    if (!lock.owns_lock()) return Need::nothing;
    awaits_room_ = false;
    return write_out();
}

bool PipedLines::close() noexcept {
    const Lock lock{*this};
    may_wait_ = false;
    return std::exchange(is_open_, false);
}

bool PipedLines::drain() {
    const Lock lock{*this};
    if (!lock.owns_lock()) return true;
    static_cast<void>(write_out());
    return waiting().empty();
}

// The line about losses precedes the lines that are accepted later.
void PipedLines::note_loss() noexcept {
    const std::uint64_t count = lost_.load();
    if (count == 0) return;
    static_cast<void>(attempt([&] {
        const std::string line = loss_line_(count);
        if (!waiting().empty() && waiting().size() + line.size() > most_) return;
        reports_.reserve(reports_.size() + 1);
        const std::size_t begin = lines_.size();
        lines_ += line;
        reports_.push_back({begin, count});
        lost_ -= count;
    }));
}

PipedLines::Need PipedLines::write_out() {
    for (;;) {
        if (waiting().empty()) note_loss();
        if (waiting().empty()) return Need::nothing;
        const os::Transfer done = input_->write(waiting());
        switch (done.state) {
            case os::Transfer::State::done:
                take_off(done.bytes);
                break;
            case os::Transfer::State::would_block:
                return may_wait_ && !std::exchange(awaits_room_, true) ? Need::room : Need::nothing;
            case os::Transfer::State::closed:
            case os::Transfer::State::failed:
                lose_all();
                return Need::nothing;
        }
    }
}

void PipedLines::take_off(std::size_t bytes) {
    if (bytes > 0) is_torn_ = lines_[written_ + bytes - 1] != '\n';
    written_ += bytes;
    std::erase_if(reports_, [this](const Report& report) { return report.begin < written_; });
    // Written bytes are removed from time to time, so that not every line moves the rest.
    if (written_ == lines_.size()) {
        lines_.clear();
        written_ = 0;
        if (lines_.capacity() > 2 * full_enough) lines_.shrink_to_fit();
    } else if (written_ >= most_ / 2) {
        lines_.erase(0, written_);
        for (Report& report : reports_) report.begin -= written_;
        written_ = 0;
    }
}

// If a line is partly in the pipe, its rest is kept, because it has to be written next. A report that is lost
// does not count itself, but what it reported has to be reported again.
void PipedLines::lose_all() {
    std::string_view lost = waiting();
    const std::size_t kept = is_torn_ ? lost.find('\n') + 1 : 0;
    lost.remove_prefix(kept);
    auto count = static_cast<std::uint64_t>(std::count(lost.begin(), lost.end(), '\n'));
    for (const Report& report : reports_) {
        lost_ += report.count;
        --count;
    }
    reports_.clear();
    lost_ += count;
    losses_.add(Loss::error, count);
    loss_ = Loss::error;
    lines_.resize(lines_.size() - lost.size());
    if (waiting().empty()) take_off(0);
}

void PipedLines::write_at_crash(std::string_view lines) noexcept {
    bool owns_lock = !taken_.exchange(true, std::memory_order_acquire);
    // Waits only once for a thread that died in here.
    for (int look = 0; !owns_lock && !has_begun_anew_ && look < last_looks; ++look) {
        std::this_thread::yield();
        owns_lock = !taken_.exchange(true, std::memory_order_acquire);
    }
    if (input_ == nullptr) return;
    constexpr std::chrono::milliseconds patience{100};
    const auto write_all = [this, patience](std::string_view text) {
        while (!text.empty()) {
            const os::Transfer done = input_->write(text);
            if (done.state == os::Transfer::State::done) {
                text.remove_prefix(done.bytes);
                is_stuck_ = false;
                continue;
            }
            if (done.state != os::Transfer::State::would_block || is_stuck_) return;
            is_stuck_ = !input_->wait_until_writable(patience);
        }
    };
    // If a thread died in here, the waiting lines may be in any state, and the pipe may end within a line.
    if (owns_lock)
        write_all(waiting());
    else if (!std::exchange(has_begun_anew_, true))
        write_all("\n");
    write_all(lines);
    if (owns_lock) {
        // The process is about to die. If it does not, nothing is written twice.
        written_ = lines_.size();
        taken_.store(false, std::memory_order_release);
    }
}

}  // namespace servicekit::policies
