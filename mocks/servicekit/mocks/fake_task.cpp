#include "servicekit/mocks/fake_task.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace servicekit::mocks {
namespace {

/// A signal from one thread to another that waits for it. Work done before release() is visible after acquire().
class Baton {
public:
    void release() {
        {
            const std::lock_guard lock{mutex_};
            released_ = true;
        }
        changed_.notify_one();
    }
    void acquire() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return released_; });
        released_ = false;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool released_ = false;
};

std::atomic<FakeTask::Id> last_id{0};

}  // namespace

/// A thread that outlives its task and is reused for the next. To start one takes longer than the whole life of a
/// service.
class FakeTask::Worker {
public:
    Worker() : thread_{[this] { work(); }} {}
    ~Worker() {
        give(nullptr);
        thread_.join();
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// \param state null: the thread ends
    void give(State* state) {
        state_ = state;
        work_to_do_.release();
    }

    static std::unique_ptr<Worker> take() {
        Pool& idle = pool();
        const std::lock_guard lock{idle.mutex};
        if (idle.workers.empty()) return std::make_unique<Worker>();
        auto worker = std::move(idle.workers.back());
        idle.workers.pop_back();
        return worker;
    }
    static void put_back(std::unique_ptr<Worker> worker) {
        Pool& idle = pool();
        const std::lock_guard lock{idle.mutex};
        idle.workers.push_back(std::move(worker));
    }

    // They belong to the worker and not to the task: the waiting thread may end the task while the other side still
    // notifies.
    Baton to_task;
    Baton to_resumer;

    static thread_local State* current;

private:
    struct Pool {
        std::mutex mutex = {};
        std::vector<std::unique_ptr<Worker>> workers = {};
    };
    static Pool& pool() {
        static Pool pool;
        return pool;
    }

    void work();

    Baton work_to_do_;
    State* state_ = nullptr;
    std::thread thread_;
};

// Defined after Worker: the destructor of a unique_ptr needs the complete type, and C++23 compiles it at once, as it is
// constexpr.
struct FakeTask::State {
    State(std::function<void()> the_body, std::optional<Id> the_process)
        : body{std::move(the_body)}, process{the_process.value_or(id)} {}
    std::function<void()> body;
    Id id = ++last_id;
    Id process;
    bool has_ended = false;
    std::unique_ptr<Worker> worker;
};

thread_local FakeTask::State* FakeTask::Worker::current = nullptr;

void FakeTask::Worker::work() {
    for (;;) {
        work_to_do_.acquire();
        State* const state = state_;
        if (state == nullptr) return;
        current = state;
        state->body();
        current = nullptr;
        state->has_ended = true;
        to_resumer.release();
    }
}

FakeTask::FakeTask(std::function<void()> body, std::optional<Id> process)
    : state_{std::make_unique<State>(std::move(body), process)} {}

FakeTask::~FakeTask() {
    if (state_->worker) Worker::put_back(std::move(state_->worker));
}

FakeTask::Id FakeTask::id() const noexcept { return state_->id; }

FakeTask::Id FakeTask::process() const noexcept { return state_->process; }

void FakeTask::resume() {
    if (!state_->worker) {
        state_->worker = Worker::take();
        state_->worker->give(state_.get());
    } else {
        state_->worker->to_task.release();
    }
    state_->worker->to_resumer.acquire();
}

void FakeTask::yield() {
    Worker& worker = *Worker::current->worker;
    worker.to_resumer.release();
    worker.to_task.acquire();
}

bool FakeTask::has_ended() const noexcept { return state_->has_ended; }

FakeTask::Id FakeTask::current() noexcept { return Worker::current != nullptr ? Worker::current->process : 0; }

FakeTask::Id FakeTask::current_thread() noexcept { return Worker::current != nullptr ? Worker::current->id : 0; }

}  // namespace servicekit::mocks
