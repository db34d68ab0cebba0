#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "servicekit/lisp/machine.hpp"

namespace servicekit::lisp {

/// Connects the handler thread and Lisp's threads so that neither waits for the other forever. A handler that
/// waits for Lisp serves the calls of Lisp's threads. A Lisp thread that waits for the service does the jobs
/// that the service gives to Lisp.
class JobQueue final : public Work {
public:
    using Serve = std::function<Answer(const std::string& function, const Value::List& arguments)>;
    /// Makes the handler thread call serve_calls() soon, as it is not waiting for Lisp now.
    /// \returns an error if the service is not running
    using Summon = std::function<std::optional<Answer>()>;

    /// From any thread.
    using Log = std::function<void(const std::string& level, const std::string& text)>;

    struct Host {
        Serve serve;
        Summon summon;
        Log log;
    };
    explicit JobQueue(Host host) : host_{std::move(host)} {}

    // For the handler thread.

    /// Adds a job for the Lisp thread whose call is being served, or else for the worker. Call
    /// wait() or abandon() for each job.
    std::shared_ptr<const Job> submit(Task task);
    /// Serves calls until the job is done. \returns nothing if the time was up or a stop was requested first
    std::optional<Evaluation> wait(const Job& job, std::optional<std::chrono::steady_clock::time_point> until,
                                   const std::stop_token& stop);
    /// Discards the job's result. \returns true if the job was the worker's
    bool abandon(const Job& job);
    /// Answers calls that arrived while no handler waited for Lisp.
    void serve_calls();
    /// Ends jobs and calls: workers end, waiting calls are refused, and the host is no longer called.
    void close();

    // For Lisp's threads.

    std::shared_ptr<const Job> next_job() override;
    void finish(JobId job, Evaluation evaluation) override;
    CallId ask(std::string function, Value::List arguments) override;
    std::variant<Answer, std::shared_ptr<const Job>> await(CallId id) override;
    void leave(CallId id) noexcept override;
    void log(const std::string& level, const std::string& text) override;

private:
    struct Call {
        std::string function;
        Value::List arguments;
        std::deque<std::shared_ptr<const Job>> jobs;  ///< for the thread that waits for the answer
        std::optional<Answer> answer;
        bool left = false;
    };
    struct Undertaking {
        std::optional<Evaluation> evaluation;
        bool is_workers = false;
    };
    void stop_waiting(std::unique_lock<std::mutex>& lock);
    void serve_next(std::unique_lock<std::mutex>& lock);
    void summon(std::unique_lock<std::mutex>& lock);

    const Host host_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    JobId last_job_ = 0;
    CallId last_call_ = 0;
    std::map<JobId, Undertaking> undertakings_;
    std::deque<std::shared_ptr<const Job>> jobs_;    ///< for the worker
    std::map<CallId, std::shared_ptr<Call>> calls_;  ///< those that a thread waits for
    std::deque<std::shared_ptr<Call>> unserved_;
    std::vector<std::shared_ptr<Call>> serving_;  ///< each was made while the previous one was being served
    int waiting_ = 0;                             ///< number of nested jobs that handlers wait for
    int summoning_ = 0;                           ///< number of threads in summon()
    bool closed_ = false;
};

}  // namespace servicekit::lisp
