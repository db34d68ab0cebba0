#include "core/metrics_file.hpp"

#include <cerrno>
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

void MetricsFile::start(Plan plan) {
    plan_ = std::move(plan);
    // The collector reads only files whose names end in `.prom`.
    unfinished_ = directory_of(plan_.path) + "/." + std::string{file_name_of(plan_.path)} + "." +
                  std::to_string(host_.process->id());
    parking_ = host_.make_parking();
    auto started = host_.threads->start("metrics", [this] { work(); });
    if (!started) return log_.warning("no metrics file is written: " + started.error().message());
    thread_ = *std::move(started);
}

void MetricsFile::stop() {
    constexpr std::chrono::seconds patience{2};
    if (thread_ == nullptr) return;
    is_stopping_.store(true);
    parking_->unpark();
    if (!thread_->wait(patience)) return log_.warning("the metrics file stays: its disk does not answer");
    if (const auto removed = host_.files->remove(plan_.path); !removed && removed.error().errno_value != ENOENT)
        log_.warning("the metrics file stays: " + removed.error().message());
}

void MetricsFile::work() {
    std::string last_fault;
    while (!is_stopping_.load()) {
        const auto written = write();
        std::string fault = written ? std::string{} : written.error().message();
        if (!fault.empty() && fault != last_fault) log_.warning("the metrics file is not up to date: " + fault);
        if (fault.empty() && !last_fault.empty()) log_.info("the metrics file is up to date again");
        last_fault = std::move(fault);
        static_cast<void>(parking_->park_for(plan_.interval));
    }
}

Result<void> MetricsFile::write() const {
    os::Files& files = *host_.files;
    const std::string text =
        metrics_text(with_label(plan_.collect(), "service", plan_.service), MetricsFormat::prometheus);
    // An earlier process with this pid may have crashed here.
    if (auto removed = files.remove(unfinished_); !removed && removed.error().errno_value != ENOENT) return removed;
    auto file = files.open_for_appending(unfinished_, for_all);
    if (!file) return file.error();
    Result<void> done;
    if (auto written = (*file)->write(text); written.failure) done = *written.failure;
    if (done) done = files.rename(unfinished_, plan_.path);
    if (!done) static_cast<void>(files.remove(unfinished_));
    return done;
}

}  // namespace servicekit
