#include "core/metrics_file.hpp"

#include <cerrno>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "base/path_parts.hpp"
#include "core/metrics_text.hpp"

namespace servicekit {
namespace {

constexpr mode_t for_all = 0644;

/// Puts the label in front of the others of each series.
std::vector<MetricFamily> with_label(std::vector<MetricFamily> families, const std::string& label,
                                     const std::string& value) {
    for (MetricFamily& family : families) {
        family.labels.insert(family.labels.begin(), label);
        for (MetricFamily::Series& series : family.series)
            series.label_values.insert(series.label_values.begin(), value);
    }
    return families;
}

}  // namespace

/// What the thread needs, which may outlive the service.
class MetricsFile::Writing {
public:
    Writing(std::string path, const os::Host& host)
        : path_{std::move(path)},
          // The collector reads only files whose names end in `.prom`.
          unfinished_{directory_of(path_) + "/." + std::string{file_name_of(path_)} + "." +
                      std::to_string(host.process->id())},
          files_{*host.files},
          parking_{host.make_parking()} {}

    /// Gives the thread a newer page. A page that it has not written yet is dropped.
    void put(std::string page) {
        {
            const std::lock_guard guard{mutex_};
            page_ = std::move(page);
        }
        parking_->unpark();
    }
    void stop() {
        {
            const std::lock_guard guard{mutex_};
            is_stopping_ = true;
        }
        parking_->unpark();
    }
    /// Removes the file, unless the thread writes it now: that may take for ever. It is not written again.
    void abandon() {
        {
            const std::lock_guard guard{mutex_};
            is_stopping_ = true;
            if (is_writing_) return;
        }
        static_cast<void>(files_.remove(path_));
    }
    /// Returns why the last write failed; empty if it did not.
    [[nodiscard]] std::string fault() {
        const std::lock_guard guard{mutex_};
        return fault_;
    }
    /// The thread.
    void run() {
        for (;;) {
            std::optional<std::string> page;
            {
                const std::lock_guard guard{mutex_};
                if (is_stopping_) return;
                page = std::exchange(page_, std::nullopt);
                is_writing_ = page.has_value();
            }
            if (!page) {
                parking_->park();
                continue;
            }
            const auto written = write(*page);
            const std::lock_guard guard{mutex_};
            is_writing_ = false;
            fault_ = written ? std::string{} : written.error().message();
        }
    }

private:
    Result<void> write(const std::string& page) const {
        // An earlier process with this pid may have crashed here.
        if (auto removed = files_.remove(unfinished_); !removed && removed.error().errno_value != ENOENT)
            return removed;
        auto file = files_.open_for_appending(unfinished_, for_all);
        if (!file) return file.error();
        Result<void> done;
        if (auto written = (*file)->write(page); written.failure) done = *written.failure;
        if (done) done = files_.rename(unfinished_, path_);
        if (!done) static_cast<void>(files_.remove(unfinished_));
        return done;
    }
    const std::string path_;
    const std::string unfinished_;
    os::Files& files_;
    std::unique_ptr<os::Parking> parking_;
    std::mutex mutex_;
    std::string fault_;                ///< guarded by the mutex: of the last write
    std::optional<std::string> page_;  ///< guarded by the mutex
    bool is_writing_ = false;          ///< guarded by the mutex
    bool is_stopping_ = false;         ///< guarded by the mutex
};

MetricsFile::MetricsFile(const os::Host& host, Logger& log) : host_{host}, log_{log} {}

MetricsFile::~MetricsFile() = default;

void MetricsFile::start(os::EventLoop& loop, Plan plan) {
    plan_ = std::move(plan);
    loop_ = &loop;
    writing_ = std::make_shared<Writing>(plan_.path, host_);
    auto started = host_.threads->start("metrics", [writing = writing_] { writing->run(); });
    if (!started) return log_.warning("no metrics file is written: " + started.error().message());
    thread_ = *std::move(started);
    loop.post([this, writing = writing_] {
        to_abandon_ = writing;
        timer_ = loop_->timer();
        collect();
    });
}

void MetricsFile::collect() {
    if (!timer_) return;
    try {
        writing_->put(metrics_text(with_label(plan_.collect(), "service", plan_.service), MetricsFormat::prometheus));
        note(writing_->fault());
    } catch (const std::exception& error) {
        note(error.what());
    }
    timer_->start(plan_.interval, [this] { collect(); });
}

// The thread does not log: a log that hangs must not keep it from its end.
void MetricsFile::note(std::string fault) {
    if (!fault.empty() && fault != last_fault_) log_.warning("cannot keep the metrics file up to date: " + fault);
    if (fault.empty() && !last_fault_.empty()) log_.info("the metrics file is up to date again");
    last_fault_ = std::move(fault);
}

void MetricsFile::stop() {
    constexpr std::chrono::seconds patience{2};
    if (thread_ == nullptr) return;
    loop_->post([this] {
        timer_.reset();
        // Once the lock is released, the file may be that of a successor.
        to_abandon_.reset();
    });
    writing_->stop();
    const auto complain = [this](const std::string& reason) {
        log_.warning("cannot remove the metrics file '" + plan_.path + "': " + reason);
    };
    if (!thread_->wait(patience)) return complain("its disk does not answer");
    if (const auto removed = host_.files->remove(plan_.path); !removed && removed.error().errno_value != ENOENT)
        complain(removed.error().reason);
}

void MetricsFile::abandon() {
    if (to_abandon_) to_abandon_->abandon();
}

}  // namespace servicekit
